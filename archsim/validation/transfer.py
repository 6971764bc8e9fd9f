"""What kernels fitted on one generation of GPUs say of another: every profile on every device that was timed.

The last row is the one that counts for a generation nobody timed: the device with the means of all the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.engine.table import Column, Table
from archsim.io.hardware import with_all
from archsim.validation import kernels, locate, metrics
from archsim.validation.dataset import Dataset
from archsim.validation.kernels import Sample
from archsim.validation.metadata import read_metadata
from archsim.validation.registry import find_checks
from archsim.validation.table import read_table

DATASET: Final = "gemm_aiconfigurator.csv"
FORMAT: Final = "bf16"
UNIT: Final = "tensor"
LEAVES: Final = ("efficiency", "stages", "in_flight", "memory_share", "cache_share", "overlap")
LAUNCH: Final = "generation.launch.latency"
FROM_GRAPHS: Final = 10e-6
"""Launches longer than this are a host's, without recorded graphs, and say nothing of another machine, s."""
SATURATING: Final = 0.75
"""Bytes in flight with one tile on each multiprocessor over those that saturate the memory: the least of the fits."""
LEFT_OUT: Final = "the means of the others"


@dataclass(frozen=True)
class Transfer:
    """Error of one device with the kernels of one generation.

    Attributes
    ----------
    device, profile : str
        Name of the machine, and of the generation its kernels are taken from.
    own : bool
        Whether that is its own.
    value, bias : float
        Mean absolute and mean signed error, percent.
    rows : int
        Rows compared: those that are never fitted on.
    """

    device: str
    profile: str
    own: bool
    value: float
    bias: float
    rows: int


def transfers() -> list[Transfer]:
    """Judge every timed device with the kernels of every timed generation, and with the means of the others."""
    by_device: dict[str, list[Sample]] = {}
    for sample in _scored():
        by_device.setdefault(sample.chip.name, []).append(sample)
    chips = {name: samples[0].chip for name, samples in by_device.items()}
    profiles = {chip.spec.generation.name: _constants(chip) for chip in chips.values()}  # type: ignore[attr-defined]
    found: list[Transfer] = []
    for name, samples in by_device.items():
        chip = chips[name]
        own = chip.spec.generation.name  # type: ignore[attr-defined]
        for profile, constants in profiles.items():
            found.append(_judge(samples, chip, profile, constants, own=profile == own))
        others = [constants for profile, constants in profiles.items() if profile != own]
        found.append(_judge(samples, chip, LEFT_OUT, _means(others, chip), own=False))
    return found


def table(found: Sequence[Transfer]) -> Table:
    """Return the matrix: one row per profile, one column per device, mean absolute error and bias in percent."""
    devices = list(dict.fromkeys(each.device for each in found))
    cells = {(each.profile, each.device): each for each in found}
    columns = (Column("kernels of", "kernels of"), *(Column(device, device, show=_shown) for device in devices))
    profiles = dict.fromkeys(each.profile for each in found)
    rows = tuple((profile, *(cells[profile, device] for device in devices)) for profile in profiles)
    return Table("", columns, rows)


def to_json(found: Sequence[Transfer]) -> list[dict[str, Any]]:
    """Return the matrix as plain data, one object per device and profile."""
    return [asdict(each) for each in found]


def _shown(each: Transfer) -> str:
    return f"{each.value:.1f} % ({each.bias:+.0f}){' own' if each.own else ''}"


def _scored() -> list[Sample]:
    (check,) = find_checks(dataset=DATASET)
    path = locate.shipped([DATASET])[DATASET]
    dataset = Dataset(DATASET, path, read_table(path, check.columns).rows, read_metadata(path))
    if check.reader is None:
        return []
    samples = kernels.samples(dataset, check.reader)
    return [each for each in samples
            if each.group.endswith(f" {FORMAT}") and kernels.side(dataset, each) == "score"]  # fmt: skip


def _path(leaf: str) -> str:
    return f"generation.products.{UNIT}.{leaf}"


def _constants(chip: Chip) -> dict[str, float]:
    """Return what was fitted for a chip's generation, by path."""
    generation: Any = chip.spec.generation  # type: ignore[attr-defined]
    (kernel,) = (each for each in generation.products if each.name == UNIT)
    return {_path(leaf): getattr(kernel, leaf) for leaf in LEAVES} | {LAUNCH: generation.launch.latency}


def _means(others: Sequence[Mapping[str, float]], chip: Chip) -> dict[str, float]:
    """Return geometric means, and bytes in flight as the chip's memory asks for them."""
    spec: Any = chip.spec
    means = {_path(leaf): _mean([each[_path(leaf)] for each in others]) for leaf in LEAVES}
    launches = [each[LAUNCH] for each in others if each[LAUNCH] < FROM_GRAPHS]
    flying = SATURATING * spec.memory[0].bandwidth * spec.memory[0].latency / spec.multiprocessors
    return means | {LAUNCH: _mean(launches), _path("in_flight"): flying}


def _mean(values: Sequence[float]) -> float:
    return math.exp(sum(math.log(value) for value in values) / len(values))


def _judge(samples: Sequence[Sample], chip: Chip, profile: str, constants: Mapping[str, float], *,
           own: bool) -> Transfer:  # fmt: skip
    """Predict a device's rows with other constants.

    Beside the kernels of one generation its launches stay its own where a host makes them; the means of the others come
    without anything that was measured on it.
    """
    launch = chip.spec.generation.launch.latency  # type: ignore[attr-defined]
    sets = dict(constants)
    if profile != LEFT_OUT and max(launch, sets[LAUNCH]) >= FROM_GRAPHS:
        sets[LAUNCH] = launch
    changed = with_all(chip, sets)
    made = kernels.predict([replace(sample, chip=changed) for sample in samples])
    pairs = [each.latency for each in made], [sample.measured for sample in samples]
    return Transfer(chip.name, profile, own, metrics.mape(*pairs), metrics.bias(*pairs), len(samples))
