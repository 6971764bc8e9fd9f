"""From measurements to the description of a machine: a file like any other, every number in it with its origin."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import geometric_mean
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import UsageError
from archsim.io.hardware import load_hardware
from archsim.study.this_machine.cores import nearest
from archsim.study.this_machine.fit import PACKING, PRODUCTS, SPARSE, fitted
from archsim.study.this_machine.levels import levels, share_of_last

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.study.this_machine.levels import Level
    from archsim.study.this_machine.measurements import Measurements

SOURCE: Final = "local-measurement"
"""Key of models/sources.yaml."""
NAME: Final = "this-machine"
LIBRARY: Final = "cpu-scipy"
"""What is not measured of the libraries is as there: a vendor's BLAS, and scipy's sparse products."""
IDLE_PER_CORE, LIMIT_PER_CORE = 2.0, 40.0
"""Power, which is not measured, W."""
SMALLEST_STEP: Final = 1e-12
"""Shortest time written, s."""


def describe(found: Measurements) -> str:
    """Return the description of the machine that was measured, as YAML.

    Everything measured directly comes first; then the shares that libraries reach are set so that the model is nearest
    to the sweep.

    Raises
    ------
    UnsupportedError
        No described core is like this machine's.
    """
    tree = _tree(found)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "described.yaml"
        file.write_text(_text(found, tree), encoding="utf-8")
        chip = load_hardware(file)
    _set_shares(found, tree, fitted(chip, found.samples), chip)
    return _text(found, tree)


def write(found: Measurements, file: str | Path, *, replace: bool = False) -> Path:
    """Write the description of the machine that was measured.

    Raises
    ------
    UsageError
        The file is there already, or cannot be written.
    """
    path = Path(file).expanduser()
    if path.exists() and not replace:
        raise UsageError(f"{str(file)!r} is there already", hint="name another file, or go on with --force")
    text = describe(found)
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write to {str(file)!r}: {error.strerror}", hint="name another file") from error
    return path


def _tree(found: Measurements) -> dict[str, Any]:
    host, core = found.host, nearest(found.host)
    alone, together = found.clock[1].seconds, found.clock[host.cores].seconds
    clock = 1.0 / together
    seen = levels(found)
    memory = seen[0]
    say = _Citations(found)
    return {
        "schema": 1,
        "family": "cpu",
        "name": NAME,
        "title": f"{host.model}, {host.cores} core{'s' if host.cores > 1 else ''} of it",
        "vendor": {"GenuineIntel": "intel", "AuthenticAMD": "amd", "0x61": "apple"}.get(host.identity[0], ""),
        "boundary": "chip",
        "note": _note(found),
        "process": {
            "node": _assumed("10 nm", "the processor does not say how it was made; only energies follow from this",
                             "4 nm", "16 nm"),
        },
        "power": _power(found),
        "clock": say(_number(clock / 1e9, "GHz"), f"a chain of dependent additions on {_cores(host.cores)} at once"),
        "licence": {
            "single": say(round(max(1.0, together / alone), 4), "the same chain on one core, over that on all"),
        },
        "cores": say(host.cores, "physical cores this process may keep busy: its affinity"
                     + (f" and the {host.quota:g} CPUs of its container" if host.quota < len(host.cpus) else "")),
        "core": {
            "extends": core.name,
            "misses": say(max(1, round(memory.one * memory.latency / memory.line)),
                          "lines in flight that one core's bandwidth from main memory and its latency stand for"),
            "special": _special(found, say, core.name),
            "transfers": _assumed("overlapping", "the bandwidths below were measured from the core, through all levels "
                                  "inside, so nothing is added to them"),
        },
        "memory": [_level(level, clock, found, say) for level in seen],
        "overhead": {
            "call": say(_seconds(found.call.seconds), "median of numpy's add, exp, sum and matmul on one element"),
            "fork_join": say(_seconds(found.fork_join.seconds), "a parallel loop of numba that does nothing")
            if host.cores > 1 else _assumed("1 ns", "one core neither forks nor joins"),
        },
        "library": {
            "extends": LIBRARY,
            "streams": {
                "memory_share": say(1, "the bandwidth of main memory above is that of loops, not of the modules"),
            },
            "resident": say(_number(share_of_last(found)),
                            "working set at which the loops leave the last cache, over its capacity above"),
        },
        "supply": "cpu-supply",
        "technology": "logic-45-7",
    }  # fmt: skip


class _Citations:
    """Cites the measurement of one day."""

    def __init__(self, found: Measurements) -> None:
        self.behind = f"{found.date}, {found.blas}, numpy {found.numpy}, {found.load}"

    def __call__(
        self, value: str | float, what: str, low: str | None = None, high: str | None = None
    ) -> dict[str, Any]:
        cited: dict[str, Any] = {
            "value": value,
            "source": SOURCE,
            "where": f"{what}; {self.behind}",
            "kind": "measured",
        }
        if low is not None:
            cited |= {"low": low, "high": high}
        return cited


def _assumed(value: str | float, why: str, low: str | None = None, high: str | None = None) -> dict[str, Any]:
    bounds = {} if low is None else {"low": low, "high": high}
    return {"value": value, "kind": "assumed", **bounds, "why": why}


def _level(level: Level, clock: float, found: Measurements, say: _Citations) -> dict[str, Any]:
    outside = level.name == "dram"
    described: dict[str, Any] = {
        "name": level.name,
        "place": "off_chip" if outside else "on_chip",
        "instances": level.instances,
        "capacity": _capacity(level, say),
    }
    what = f"geometric mean of sum, copy and triad by {_cores(found.host.cores)}, least to greatest as given; one core "
    what += f"alone {level.one / 1e9:.4g} GB/s"
    if outside:
        low, high = (_number(rate / 1e9, "GB/s") for rate in (level.low, level.high))
        described["bandwidth"] = say(_number(level.all / 1e9, "GB/s"), what, low, high)
    else:
        per_clock = 1.0 / level.instances / clock
        low, high = (_number(rate * per_clock, "B/clk") for rate in (level.low, level.high))
        described["width"] = say(_number(level.all * per_clock, "B/clk"), what, low, high)
    described["latency"] = say(_seconds(level.latency), "one of many dependent loads at random, lines apart")
    described["line"] = say(f"{level.line} B", "the processor's own word")
    if outside:
        described["energy"] = {
            "value": "20.3 pJ/b", "source": "horowitz-isscc-2014", "kind": "estimated", "low": "8 pJ/b",
            "high": "40.6 pJ/b", "where": "figure 1.1.9, DRAM: 1.3 to 2.6 nJ per 64 bits; the lower end",
        }  # fmt: skip
    return described


def _capacity(level: Level, say: _Citations) -> dict[str, Any]:
    value = _number(level.capacity / 2**20, "MiB") if level.capacity >= 2**20 else f"{level.capacity / 2**10:g} KiB"
    if level.capacity == level.nominal:
        return say(value, "the system's own word")
    nominal = _number(level.nominal / 2**20, "MiB")
    return say(value, f"what loops find again; the cache has {nominal}, shared with others this system does not see",
               value, nominal)  # fmt: skip


def _special(found: Measurements, say: _Citations, core: str) -> dict[str, Any]:
    """Return the special functions of one core per clock, from numpy's exponential in the caches."""
    rates = [
        sample.graph.ops[0].work.special / (timing.seconds - found.call.seconds)
        for sample, timing in found.samples
        if sample.op == "exp" and timing.seconds > 2.0 * found.call.seconds
    ]
    if not rates:
        return _assumed("1 OP/clk", f"no exponential was timed; as on {core}")
    return say(
        _number(geometric_mean(rates) * found.clock[1].seconds, "OP/clk"), "numpy's exp of fp32 in the caches, one core"
    )


def _power(found: Measurements) -> dict[str, Any]:
    """Return idle and largest power: what the system tells, else an assumption that never lowers the clock."""
    cores = found.host.cores
    why = ("power is not measured; the clock was measured at work, so the limit is set where it does not "
           "lower it again")  # fmt: skip
    return {
        "idle": _assumed(f"{IDLE_PER_CORE * cores:g} W", "power is not measured: 2 W per core"),
        "limit": _assumed(f"{LIMIT_PER_CORE * cores:g} W", why),
    }


def _note(found: Measurements) -> str:
    host = found.host
    crowd = "" if not found.load.crowded else " Other programs used the machine meanwhile: measure again."
    return (
        f"Written by archsim calibrate cpu on {found.date}. {host.cores} of {host.logical} logical CPUs were used, one "
        f"per physical core; products by {found.blas} under numpy {found.numpy}; {found.load}.{crowd} The core is "
        f"{nearest(host).name}: {nearest(host).why}."
    )


def _set_shares(found: Measurements, tree: dict[str, Any], shares: Mapping[str, float], chip: Chip) -> None:
    what = {
        PRODUCTS: "fitted on dense products of the sweep: squares of 32 to 2048 in fp32 and fp64, and few rows",
        PACKING: "fitted on the same products",
        SPARSE: "fitted on sparse products of the sweep by scipy (CSR, one core)",
    }
    say = _Citations(found)
    for path, value in shares.items():
        part, leaf = path.split(".")[1:]
        _, _, unit = str(chip.cited["library", part, leaf].text).partition(" ")
        cited = say(_number(value, unit), what[path])
        tree["library"].setdefault(part, {})[leaf] = {**cited, "kind": "estimated"}


def _text(found: Measurements, tree: Mapping[str, Any]) -> str:
    import yaml

    head = f"# Measured on this machine on {found.date}. To do it again: archsim calibrate cpu\n"
    return head + yaml.safe_dump(dict(tree), sort_keys=False, width=118, allow_unicode=True, default_flow_style=None)


def _number(value: float, unit: str = "") -> Any:
    """Write four digits and the unit; a number alone stays one."""
    if not math.isfinite(value):
        raise UsageError(f"a measurement came out as {value}", hint="measure again")
    shown = f"{value:.4g}"
    return f"{shown} {unit}" if unit else float(shown)


def _seconds(value: float) -> str:
    value = max(value, SMALLEST_STEP)
    return f"{value * 1e9:.4g} ns" if value < 1e-6 else f"{value * 1e6:.4g} us"


def _cores(count: int) -> str:
    return "one core" if count == 1 else f"{count} cores"
