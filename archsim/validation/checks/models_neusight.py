"""Language models of the Transformers library in fp32, end to end and by class of kernel."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

from archsim.graph.op import Op
from archsim.graph.work import Elementwise, MatMul, Normalise
from archsim.validation.cells import SkipRow, parts, positive, quoted, size, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines, check_format
from archsim.validation.models import Answer, Case, Launched, Networks, Sample, Setting, judge, whole, without_loss
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Target

COLUMNS: Final = ("device", "op", "dims", "dtype", "measured_ms")
MILLISECOND: Final = 1e-3
END_TO_END: Final = "model_e2e"
CLASS: Final = "model_class_"
EVERYWHERE: Final = "all devices"
ORDER: Final = " order"

LIMIT: Final = Target("mape", 12.0)
CLASSES: Final = {"BMM": 14.0, "Linear": 14.0, "VEC": 18.0, "VECsoftmax": 15.0, "VECln": 25.0}
"""Classes of kernels, and the error each is held to, percent."""


class Network(NamedTuple):
    """A workload, its arguments, and how its library writes attention."""

    workload: str
    parameters: Mapping[str, Any]
    style: str


MODELS: Final = {
    "bert_large": Network("bert-large", {"packed": False}, "bert"),
    "gpt2_large": Network("gpt2-large", {}, "gpt2"),
    "gpt3_xl": Network("gpt3-1.3b", {"width": 3072, "heads": 24}, "gpt2"),
    "gpt3_27": Network("gpt3-2.7b", {}, "gpt2"),
    "opt_13": Network("opt-1.3b", {}, "opt"),
    "switchxl4": Network("switch-xl-4", {}, "t5"),
}
"""The table's names; `gpt3_xl` has 24 heads of 128, as the GPT-3 paper prints, and not the width of 2048."""


@check(
    "models_neusight.csv",
    topic="gpu",
    family="gpu",
    columns=COLUMNS,
    title="Language models end to end in fp32, eager PyTorch and compiled",
)
def models_neusight(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one forward pass, or forward and backward, per machine; and of classes of kernels."""
    machines, networks, launched = Machines(), Networks(), Launched()
    return judge(
        dataset,
        lambda row: _read(row, machines, networks, launched),
        lambda row: _group(row, machines),
        _target,
    )


def _read(row: Row, machines: Machines, networks: Networks, launched: Launched) -> Sample:
    """Read a row.

    Raises
    ------
    SkipRow
        It cannot be evaluated.
    """
    op, dims = text(row, "op"), parts(row)
    of = op.removeprefix(CLASS) if op.startswith(CLASS) else ""
    if op != END_TO_END and of not in CLASSES:
        raise SkipRow(f"unknown op {quoted(op)}")
    chip = machines.find(text(row, "device"))
    precision = text(row, "dtype")
    check_format(chip, precision)
    option, mode = dims.get("option", "none"), dims.get("mode", "inf")
    if option not in ("none", "fusion"):
        raise SkipRow(f"option {quoted(option)} runs on several devices")
    if mode not in ("inf", "train"):
        raise SkipRow(f"unknown mode {quoted(mode)}")
    train = mode == "train"
    if of and train:
        raise SkipRow("each op of a training step was timed together with its gradient")
    case = _case(networks, dims, precision, train=train, compiled=option == "fusion")
    measured = positive(row, "measured_ms") * MILLISECOND
    eagerly = launched.of(chip, eagerly=option == "none")
    group = _named(chip.name, of, option)
    groups = (group,) if of else (group, group + ORDER, EVERYWHERE)
    return Sample(row, groups, eagerly, case, measured, partial(_of_class, of=of) if of else whole)


def _case(networks: Networks, dims: Mapping[str, str], precision: str, *, train: bool, compiled: bool) -> Case:
    name = dims.get("model", "")
    network = MODELS.get(name)
    if network is None:
        raise SkipRow(f"no workload called {quoted(name)}")
    parameters = dict(network.parameters) | {"batch": size(dict(dims), "batch"), "dtype": precision}
    length = size(dict(dims), "seq")
    if network.style == "t5":
        parameters |= {"source": length, "target": length}
        if train:
            raise SkipRow(f"the dropouts of {quoted(name)} are not written down")
    else:
        parameters |= {"sequence": length, "dropout": train}
    if network.style == "bert":
        parameters["head"] = "pretraining" if train else "classifier"
    # OPT leaves its attention shares alone (attention_dropout is 0).
    dropout = train and network.style != "opt"
    how = Setting(network.style, dropout=dropout, optimiser="sgd" if train else "", compiled=compiled)
    return networks.case(network.workload, parameters, how, keep=without_loss)


def _of_class(made: Answer, of: str) -> float:
    return sum(latency for op, latency in made.parts() if class_of(op) == of)


def class_of(op: Op) -> str:
    """Return the class the table counts a kernel in; empty for copies, masks, clamps and look-ups, which it leaves out.

    What a norm computes kernel by kernel counts as pointwise, but for its mean and its root.
    """
    work = op.work
    if isinstance(work, MatMul):
        return "BMM" if work.dynamic else "Linear"
    if isinstance(work, Normalise):
        return {"softmax": "VECsoftmax", "layer_norm": "VECln"}.get(work.function, "")
    if isinstance(work, Elementwise) and work.function not in ("masked", "maximum", "dropout", "rsqrt"):
        return "VEC"
    return ""


def _named(device: str, of: str, option: str) -> str:
    return " ".join(word for word in (device, of, "compiled" if option == "fusion" else "") if word)


def _group(row: Row, machines: Machines) -> str:
    """Name the group of a row that cannot be evaluated, as far as the row says."""
    device, op = (row.cells.get(column, "").strip() for column in ("device", "op"))
    with suppress(SkipRow):
        device = machines.find(device).name
    return _named(device, op.removeprefix(CLASS) if op.startswith(CLASS) else "", "") or "unreadable"


def _target(group: str) -> Target:
    if group.endswith(ORDER):
        return Target("spearman", 0.9)
    of = group.rpartition(" ")[2]
    return Target("mape", CLASSES[of]) if of in CLASSES else LIMIT
