"""Image networks of the timm library: seconds per batch, mixed precision, eager and compiled, on GPUs and CPUs."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, NamedTuple

from archsim.validation.cells import SkipRow, positive, quoted, size, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines, check_format
from archsim.validation.models import Launched, Networks, Sample, Setting, judge
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Target
from archsim.validation.timm import PARAMETERS, Published, check_counts, counted, workload_of

COLUMNS: Final = ("device_layout", "model", "img_size", "mode", "batch", "samples_per_sec", "params_M")
ORDER: Final = " order"
LIMIT: Final = Target("mape", 35.0)
WORDS: Final = frozenset({"nhwc", "nchw", "compile", "train", "fp32"})
"""What a label says beside the machine: order of the channels, who runs it, and the number format if not mixed."""
NARROW: Final = "fp16"
"""What automatic casting narrows to, unless a run says otherwise."""


class Label(NamedTuple):
    """A label such as ``rtx3090_train_nhwc``, read."""

    machine: str
    words: frozenset[str]

    @classmethod
    def of(cls, cell: str) -> Label:
        """Split a label."""
        pieces = cell.split("_")
        return cls("-".join(each for each in pieces if each not in WORDS), frozenset(pieces) & WORDS)

    def group(self, machine: str) -> str:
        """Name the group: the machine, and how it ran."""
        names = {"compile": "compiled", "train": "training"}
        return " ".join((machine, *(names.get(word, word) for word in sorted(self.words))))


@check(
    "timm_throughput.csv",
    topic="figures",
    family=("gpu", "cpu"),
    columns=COLUMNS,
    title="Image networks, images per second, inference and training",
    device=lambda row: Label.of(row.cells.get("device_layout", "").strip()).machine,
)
def timm_throughput(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one batch, per machine, order of the channels and kind of run; and how networks are ranked."""
    machines, networks, launched = Machines(), Networks(), Launched()
    return judge(
        dataset,
        lambda row: read(row, machines, networks, launched),
        lambda row: _group(row, machines),
        _target,
    )


def read(row: Row, machines: Machines, networks: Networks, launched: Launched) -> Sample:
    """Read a row.

    Raises
    ------
    SkipRow
        It cannot be evaluated.
    """
    label, model, mode = Label.of(text(row, "device_layout")), text(row, "model"), text(row, "mode")
    if mode not in ("infer", "train"):
        raise SkipRow(f"unknown mode {quoted(mode)}")
    workload = workload_of(model)
    chip = machines.find(label.machine)
    wide = "fp32" in label.words
    check_format(chip, "fp32" if wide else NARROW)
    batch = size(row.cells, "batch")
    image = size(row.cells, "img_size")
    parameters = {"batch": batch, "image": image, "dtype": "fp32", **PARAMETERS.get(model, {})}
    published = Published(positive(row, "params_M") * 1e6, _macs(row))
    compiled, train = "compile" in label.words, mode == "train"
    how = Setting(
        style="swin" if model.startswith("swin") else "timm",
        # The training runs are older than attention in one kernel.
        attention_kernel=not train,
        narrow="" if wide else NARROW,
        optimiser="momentum" if train else "",
        channels_first="nchw" in label.words and not compiled,
        compiled=compiled,
    )
    case = networks.case(workload, parameters, how, facts=counted)
    check_counts(model, case.facts, published)
    measured = batch / positive(row, "samples_per_sec")
    group = label.group(chip.name)
    return Sample(row, (group, group + ORDER), launched.of(chip, eagerly=not compiled), case, measured)


def _macs(row: Row) -> float | None:
    return positive(row, "gmacs") * 1e9 if row.cells.get("gmacs", "").strip() else None


def _group(row: Row, machines: Machines) -> str:
    """Name the group of a row that cannot be evaluated, as far as the row says."""
    label = Label.of(row.cells.get("device_layout", "").strip())
    machine = label.machine
    with suppress(SkipRow):
        machine = machines.find(machine).name
    return label.group(machine).strip() or "unreadable"


def _target(group: str) -> Target:
    return Target("spearman", 0.9) if group.endswith(ORDER) else LIMIT
