"""Image networks as their authors timed them: ConvNeXt, Swin, ResMLP and others on V100 and A100."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from archsim.validation.cells import SkipRow, positive, quoted, size, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.models import Launched, Networks, Sample, Setting, judge
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Target

COLUMNS: Final = ("model", "img", "gpu", "img_per_s", "verified")
LIMIT: Final = Target("mape", 35.0)
TRAINING: Final = " train"
RECALLED: Final = "memory"


class Run(NamedTuple):
    """How the runs on one machine were done: images per batch, and the number format of every tensor."""

    batch: int
    dtype: str


RUNS: Final[Mapping[str, Run]] = {"V100": Run(64, "fp32"), "A100": Run(128, "tf32")}
"""By the table's label. The A100 rows say full precision; they reach more than the fp32 lanes can, so TF32 was on."""

NAMES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "ConvNeXt-T": ("convnext-t", {}),
    "ConvNeXt-XL": ("convnext-xl", {}),
    "ConvNeXt-T k5": ("convnext-t", {"kernel": 5}),
    "ConvNeXt-T k3": ("convnext-t", {"kernel": 3}),
    "EffNetV2-L": ("efficientnet-v2-l", {}),
    "Swin-T": ("swin-t", {}),
    "Swin-B": ("swin-b", {}),
    "Swin-L": ("swin-l", {}),
    "ResMLP-S24": ("resmlp-s24", {}),
    "ResMLP-B24": ("resmlp-b24", {}),
    "resnet50": ("resnet50", {}),
    "resnet50 (timm)": ("resnet50", {}),
}
"""Workloads by the table's names, and their arguments."""

LARGE_WINDOW: Final = {384: 12}
"""Side of Swin's windows, tokens, by the side of the image, pixel; 7 for others."""


@check(
    "convnext_swin_throughput.csv",
    topic="figures",
    family="gpu",
    columns=COLUMNS,
    title="Image networks of six papers and repositories, images per second, eager",
)
def convnext_swin(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one batch per machine; rows that were only recalled are not scored."""
    machines, networks, launched = Machines(), Networks(), Launched()
    return judge(
        dataset,
        lambda row: read(row, machines, networks, launched),
        lambda row: _group(row, machines),
        lambda _: LIMIT,
    )


def read(row: Row, machines: Machines, networks: Networks, launched: Launched) -> Sample:
    """Read a row.

    Raises
    ------
    SkipRow
        It cannot be evaluated, or was only recalled.
    """
    label, name = text(row, "gpu"), text(row, "model")
    if text(row, "verified") == RECALLED:
        raise SkipRow("recalled, not read in a source")
    if label not in RUNS:
        raise SkipRow(f"unknown run {quoted(label)}")
    chip, run, train = machines.find(label), RUNS[label], name.endswith(TRAINING)
    workload, arguments = _network(name.removesuffix(TRAINING), size(row.cells, "img"))
    style = "swin" if workload.startswith("swin") else "timm"
    how = Setting(style=style, optimiser="momentum" if train else "")
    case = networks.case(workload, {"batch": run.batch, "dtype": run.dtype, **arguments}, how)
    measured = run.batch / positive(row, "img_per_s")
    return Sample(row, (chip.name,), launched.of(chip, eagerly=True), case, measured)


def _group(row: Row, machines: Machines) -> str:
    """Name the group of a row that cannot be evaluated, as far as the row says."""
    label = row.cells.get("gpu", "").strip()
    if label in RUNS:
        with suppress(SkipRow):
            return machines.find(label).name
    return label or "unreadable"


def _network(name: str, image: int) -> tuple[str, dict[str, Any]]:
    if name.endswith("(keras XLA)"):
        raise SkipRow("the table does not say the batch")
    if name not in NAMES:
        raise SkipRow(f"no workload called {quoted(name)}")
    workload, arguments = NAMES[name]
    more = {"window": LARGE_WINDOW[image]} if workload.startswith("swin") and image in LARGE_WINDOW else {}
    return workload, {**arguments, **more, "image": image}
