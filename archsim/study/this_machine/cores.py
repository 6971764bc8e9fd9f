"""Which described core this machine's resembles: by the processor's own numbers, else by its instruction sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from archsim.errors import UnsupportedError
from archsim.io import catalogue

if TYPE_CHECKING:
    from archsim.study.this_machine.host import Host

INTEL: Final[tuple[tuple[frozenset[int], tuple[str, ...]], ...]] = (
    (frozenset({60, 63, 69, 70, 61, 71, 79, 86}), ("haswell",)),
    (frozenset({78, 94, 142, 158, 165, 166}), ("skylake", "haswell")),
    (frozenset({85}), ("cascade-lake", "skylake-sp")),
    (frozenset({87}), ("knights-landing", "knl")),
    (frozenset({106, 108, 125, 126}), ("ice-lake", "cascade-lake")),
    (frozenset({143, 207, 173, 174}), ("sapphire-rapids", "ice-lake", "cascade-lake")),
    (frozenset({151, 154, 183, 186, 191, 170, 172, 197, 198}), ("golden-cove", "alder-lake", "haswell")),
)
"""Models of family 6 (CPUID), and cores from the most to the least like them."""
AMD: Final[tuple[tuple[int, range, tuple[str, ...]], ...]] = (
    (0x17, range(0x30), ("zen", "zen-1", "zen1", "zen-2", "zen2")),
    (0x17, range(0x30, 0x100), ("zen-2", "zen2", "zen-3", "zen3")),
    (0x19, range(0x10, 0x20), ("zen-4", "zen4")),
    (0x19, range(0x60, 0x80), ("zen-4", "zen4")),
    (0x19, range(0xA0, 0xB0), ("zen-4", "zen4")),
    (0x19, range(0x100), ("zen-3", "zen3")),
    (0x1A, range(0x100), ("zen-5", "zen5", "zen-4", "zen4")),
)
"""Family and models (CPUID), and cores from the most to the least like them."""
ARM: Final[dict[tuple[str, int], tuple[str, ...]]] = {
    ("0x41", 0xD03): ("cortex-a53",),
    ("0x41", 0xD07): ("cortex-a57", "cortex-a72", "cortex-a76"),
    ("0x41", 0xD08): ("cortex-a72", "cortex-a76"),
    ("0x41", 0xD0B): ("cortex-a76",),
    ("0x41", 0xD0C): ("neoverse-n1", "cortex-a76"),
    ("0x41", 0xD40): ("neoverse-v1", "neoverse-n1", "cortex-a78ae", "cortex-a76"),
    ("0x41", 0xD41): ("cortex-a78", "cortex-a78ae"),
    ("0x41", 0xD42): ("cortex-a78ae",),
    ("0x41", 0xD49): ("neoverse-n2", "neoverse-n1", "cortex-a78ae", "cortex-a76"),
    ("0x41", 0xD4F): ("neoverse-v2", "neoverse-n1", "cortex-a78ae", "cortex-a76"),
    ("0x61", -1): ("apple-m2",),
}
"""Implementer and part (MIDR_EL1), and cores from the most to the least like them."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """A described core, and why it was taken."""

    name: str
    why: str


def nearest(host: Host) -> Nearest:
    """Return the described core that is most like this machine's.

    Raises
    ------
    UnsupportedError
        None is: no SIMD unit that any description has.
    """
    known = {entry.name for entry in catalogue.entries("technology")}
    for short in _by_numbers(host):
        if f"core-{short}" in known:
            return Nearest(
                f"core-{short}", f"the processor says it is {_numbers(host)}, and {short} is nearest to that"
            )
    for flag, names in (
        ("avx512f", ("cascade-lake",)), ("avx2", ("haswell",)), ("asimd", ("neoverse-n1", "cortex-a76", "cortex-a53")),
    ):  # fmt: skip
        for short in names:
            if flag in host.flags and f"core-{short}" in known:
                return Nearest(
                    f"core-{short}", f"{_numbers(host)} is not known; {short} has the same SIMD units ({flag})"
                )
    raise UnsupportedError(f"no description of a core is like that of {host.model!r}",
                           hint="it has neither AVX2 nor Advanced SIMD; write a description by hand")  # fmt: skip


def _by_numbers(host: Host) -> tuple[str, ...]:
    maker, family, model = host.identity
    if maker == "GenuineIntel" and family == 6:
        return next((names for models, names in INTEL if model in models), ())
    if maker == "AuthenticAMD":
        return next((names for each, models, names in AMD if each == family and model in models), ())
    return ARM.get((maker, family)) or ARM.get((maker, -1), ())


def _numbers(host: Host) -> str:
    maker, family, model = host.identity
    return (
        f"{maker or 'nobody'} family {family}, model {model}"
        if not maker.startswith("0x")
        else f"part {family:#x} of {maker}"
    )
