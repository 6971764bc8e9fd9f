"""Published figures of systolic machines: peaks, frames a second and powers by vendors, energies of logic."""

from __future__ import annotations

from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.arch.technology import LogicNode
from archsim.engine.evaluate import evaluate
from archsim.engine.result import Result
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target
from archsim.workloads.registry import workload

LOGIC: Final = "7 nm CMOS"
ANY: Final = "tpu-v4"
"""Any machine that uses the technology."""
PEAKS: Final = {"peak_bf16_TFLOPS": "bf16", "peak_int8_TOPS": "int8"}
LARGEST: Final = "NVDLA-2048"
NETWORKS: Final = {"ResNet-50 int8": ("resnet50", "int8")}
LIMITS: Final = {"peak": 2.0, "frames/s": 15.0, "power": 25.0, "energy": 5.0}
TERA: Final = 1e12
PICO: Final = 1e-12
MILLI: Final = 1e-3


@check(
    "published_hardware.csv",
    topic="systolic",
    family="systolic",
    columns=("device", "workload", "metric", "value", "provenance"),
    title="Peaks, frames a second, powers and energies published of systolic machines",
)
def published_hardware(dataset: Dataset) -> list[Outcome]:
    """Judge what a description implies; rows that only repeat it, or that another table holds, are left out."""
    tally, arrays = Tally(), _Arrays()
    for row in dataset.rows:
        if "from memory" in row.cells.get("provenance", ""):
            tally.skip("not compared", "recalled, not read", row.line)
            continue
        try:
            arrays.judge(row, row.cells.get("metric", ""), tally)
        except SkipRow as skip:
            tally.skip("not compared", skip.reason, row.line)
    return tally.outcomes(
        dataset.name, dataset.split, lambda group: Target("mape", LIMITS.get(group.split(",")[0], 5.0))
    )


class _Arrays:
    """Evaluates each network on each machine once."""

    def __init__(self) -> None:
        self.machines = Machines()
        self.results: dict[tuple[str, str], Result] = {}

    def judge(self, row: Row, metric: str, tally: Tally) -> None:
        device = text(row, "device")
        size = "2048 MACs" if device == LARGEST else "fewer MACs"
        if device == LOGIC:
            tally.anchor("energy", Anchor(metric, self._energy(metric), positive(row, "value")))
        elif metric in PEAKS:
            tally.compare("peak", _peak(self.machines.find(device), PEAKS[metric]), positive(row, "value"))
        elif metric == "fps":
            tally.compare(f"frames/s, {size}", 1.0 / self._run(device, row).latency, positive(row, "value"))
        elif metric == "power_avg_16nm":
            result = self._run(device, row)
            core = (result.energy - result.energy_by_cause.get("off_chip_memory", 0.0)) / result.latency
            tally.compare(f"power, {size}", core, positive(row, "value") * MILLI)
        else:
            raise SkipRow("describes the machine, or stands in a table of its own")

    def _run(self, device: str, row: Row) -> Result:
        network = text(row, "workload")
        if network not in NETWORKS:
            raise SkipRow("a workload whose layers are not known")
        if (device, network) not in self.results:
            name, dtype = NETWORKS[network]
            chip = self.machines.find(device)
            self.results[device, network] = evaluate(workload(name), chip, precision=dtype)
        return self.results[device, network]

    def _energy(self, metric: str) -> float:
        """Return an energy of the technology, pJ: the table it was set from."""
        node: LogicNode = self.machines.find(ANY).spec.technology.newer  # type: ignore[attr-defined]
        dtype, _, operation = metric.partition("_")
        table = {"mult": node.multiply, "add": node.add}.get(operation)
        if table is None or not hasattr(table, dtype):
            raise SkipRow("no such operation in a technology")
        return float(getattr(table, dtype)) / PICO


def _peak(chip: Chip, dtype: str) -> float:
    """Return the peak of all arrays, TFLOP/s."""
    spec: Any = chip.spec
    cells = spec.array.rows * spec.array.columns * spec.array.count
    return float(2.0 * cells * getattr(spec.array.pace, dtype) * spec.clock / TERA)
