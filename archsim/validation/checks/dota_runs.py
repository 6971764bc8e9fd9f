"""Transformers on Lightening-Transformer and its photonic baselines, part by part, as its simulator counts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.engine.evaluate import evaluate
from archsim.engine.result import OpResult, Result
from archsim.graph.graph import Graph
from archsim.io.hardware import with_
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target
from archsim.workloads.registry import workload

NETWORKS: Final[dict[str, Callable[[int], Graph]]] = {
    "deit-t": lambda tokens: workload("deit-ti"),
    "deit-s": lambda tokens: workload("deit-s"),
    "deit-b": lambda tokens: workload("deit-b"),
    "bert-b": lambda tokens: workload("bert-base", sequence=tokens, head="classifier"),
    "bert-l": lambda tokens: workload("bert-large", sequence=tokens, head="classifier"),
}
PARTS: Final = {
    "embed": "embed", "qkv": "qkv", "query-key-value": "qkv", "scores": "attn", "values": "attn", "output": "proj",
    "expand": "FFN1", "up": "FFN1", "project": "FFN2", "down": "FFN2", "classifier": "head",
}  # fmt: skip
"""Last name of an op to the part of the simulator's report it belongs to; a pooler is in none."""
FUNCTIONS: Final = ("elementwise", "normalise")
PRECISIONS: Final = {"4bit": "int4", "8bit": "int8"}
MESH: Final = "mzi"
LIMITS: Final = {
    "total": Target("max_abs_points", 1.0),
    "parts": Target("max_abs_points", 3.0),
    "generic mapper, products": Target("max_abs_points", 10.0),
    "generic mapper, parts": Target("mape", 10.0),
}
MILLI: Final = 1e-3


@dataclass(frozen=True)
class Cost:
    """Energy of a part, J, and its latency, s."""

    energy: float = 0.0
    latency: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.energy + other.energy, self.latency + other.latency)


@check(
    "dota_workloads.csv",
    topic="optical",
    family="optical",
    columns=("model", "tokens", "bits", "accelerator", "part", "energy_mJ", "latency_ms"),
    title="Energy and latency of transformers on Lightening-Transformer and its baselines",
)
def dota_workloads(dataset: Dataset) -> list[Outcome]:
    """Judge totals and parts by the machine's own dataflow, and by that of any other machine."""
    tally, runs = Tally(), _Runs()
    for row in dataset.rows:
        try:
            _judge(row, runs, dataset, tally)
        except SkipRow as skip:
            tally.skip("parts", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda group: LIMITS[group.split(": ")[-1]])


def _judge(row: Row, runs: _Runs, dataset: Dataset, tally: Tally) -> None:
    part, accelerator = text(row, "part"), text(row, "accelerator")
    machine = "baselines" if not accelerator.startswith("dota") else "DOTA"
    if part == "total" and accelerator.startswith(MESH):
        raise SkipRow("the simulator adds one part of the mesh twice")
    own, generic = runs.parts(row, "dota"), runs.parts(row, "native")
    measured = Cost(positive(row, "energy_mJ") * MILLI, positive(row, "latency_ms") * MILLI)
    if part == "total":
        wanted = [other for other in dataset.rows if _same(row, other) and other.cells["part"] != "total"]
        _compare(tally, f"{machine}: total", _sum(own, [other.cells["part"] for other in wanted]), measured)
        products = [other for other in wanted if other.cells["part"] != "others"]
        published = sum((_published(other) for other in products), Cost())
        predicted = _sum(generic, [other.cells["part"] for other in products])
        _compare(tally, f"{machine}: generic mapper, products", predicted, published)
    elif part == "others":  # the simulator writes seconds
        _compare(tally, f"{machine}: parts", own[part], Cost(measured.energy, measured.latency / MILLI))
    else:
        _compare(tally, f"{machine}: parts", own[part], measured)
        _compare(tally, f"{machine}: generic mapper, parts", generic[part], measured)


def _published(row: Row) -> Cost:
    return Cost(positive(row, "energy_mJ") * MILLI, positive(row, "latency_ms") * MILLI)


def _same(row: Row, other: Row) -> bool:
    return all(row.cells[name] == other.cells[name] for name in ("model", "tokens", "bits", "accelerator"))


def _sum(costs: Mapping[str, Cost], parts: list[str]) -> Cost:
    return sum((costs[part] for part in parts), Cost())


def _compare(tally: Tally, group: str, predicted: Cost, measured: Cost) -> None:
    """Compare energy and latency, in percent of what the simulator says."""
    tally.compare(group, 100.0 * predicted.energy / measured.energy, 100.0)
    tally.compare(group, 100.0 * predicted.latency / measured.latency, 100.0)


class _Runs:
    """Each network on each machine once, with every op on its own."""

    def __init__(self) -> None:
        self.machines = Machines()
        self.found: dict[tuple[str, ...], dict[str, Cost]] = {}

    def parts(self, row: Row, dataflow: str) -> dict[str, Cost]:
        """Return what each part of a network costs, all layers together."""
        model, tokens, bits = text(row, "model"), text(row, "tokens"), text(row, "bits")
        label = f"{text(row, 'accelerator')}_{bits}"
        key = (model, tokens, label, dataflow)
        if key not in self.found:
            chip = with_(self.machines.find(label), "dataflow", dataflow)
            self.found[key] = _parts(_run(model, int(tokens), bits, chip))
        return self.found[key]


def _run(model: str, tokens: int, bits: str, chip: Chip) -> Result:
    if model not in NETWORKS or bits not in PRECISIONS:
        raise SkipRow("a network or width that is not known")
    return evaluate(NETWORKS[model](tokens), chip, precision=PRECISIONS[bits], fusion="none", capacity="ignore")


def _parts(result: Result) -> dict[str, Cost]:
    costs: dict[str, Cost] = {}
    for op in result.ops:
        part = "others" if op.kind in FUNCTIONS else PARTS.get(op.name.rsplit("/", 1)[-1])
        if part:
            costs[part] = costs.get(part, Cost()) + Cost(op.energy * op.count, op.latency * op.count)
    return costs


MODULES: Final = {
    ("qkv", "linear"): "qkv", ("attn", "Q*K^T"): "scores", ("attn", "S*V"): "values", ("FFN1", "linear"): "expand",
}  # fmt: skip
"""Modules of the breakdown to ops."""


@check(
    "dota_deit_t_module_breakdown.csv",
    topic="optical",
    family="optical",
    columns=("module", "gemm", "group", "component", "energy_mJ"),
    title="Energy of one layer of DeiT-T on Lightening-Transformer by component",
)
def dota_breakdown(dataset: Dataset) -> list[Outcome]:
    """Judge each component of each product: the largest error, percent."""
    tally, chip = Tally(), Machines().find("DOTA-B 4-bit")
    result = _run("deit-t", 0, "4bit", chip)
    ops = {op.name.rsplit("/", 1)[-1]: op for op in result.ops}
    for row in dataset.rows:
        try:
            energy, charged = _component(row, ops, chip) / MILLI, float(row.cells["energy_mJ"])
            if charged == 0.0:  # no error is a share of nothing: 0 % off where nothing is charged here either
                tally.compare(text(row, "module"), 100.0 + energy, 100.0)
            else:
                tally.compare(text(row, "module"), 100.0 * energy / charged, 100.0)
        except SkipRow as skip:
            tally.skip("not compared", skip.reason, row.line)
        except KeyError as missing:
            tally.skip("not compared", f"no such module or component: {missing}", row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda group: Target("max_abs_points", 1.0))


def _component(row: Row, ops: Mapping[str, OpResult], chip: Chip) -> float:
    """Return the energy a row is about, J."""
    module, component = (text(row, "module"), text(row, "gemm")), text(row, "component")
    energies = _components(ops[MODULES[module]], chip)[text(row, "group")]
    return sum(energies.values()) if component == "total" else energies[component]


def _components(op: OpResult, chip: Chip) -> dict[str, dict[str, float]]:
    """Return an op's energies under the simulator's names, J."""
    spec: Any = chip.spec
    causes, details = op.energy_by_cause, op.details
    first = details["weight_conversions"] / (details["weight_conversions"] + details["input_conversions"])
    amplifiers = details["output_conversions"] * spec.receiver.amplifier
    levels = [op.bytes_by_level[level.name] * level.energy for level in spec.memory]
    dacs, modulators = causes["digital-to-analog conversion"], causes["modulators"]
    return {
        "comp": {
            "laser": causes["laser"],
            "ADC": causes["analog-to-digital conversion"],
            "adder": causes["partial sums"],
            "TX_1": modulators * first,
            "DAC_1": dacs * first,
            "TX_2": modulators * (1.0 - first),
            "DAC_2": dacs * (1.0 - first),
            "RX-Detector": causes["detectors"] - amplifiers,
            "RX-TIA": amplifiers,
        },
        "datamovement": {
            "RF": levels[3] + causes["network on chip"],
            "LB": levels[2],
            "GB": levels[1],
            "DRAM": levels[0],
        },
    }
