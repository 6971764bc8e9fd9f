"""Record tables for the test machine, as arrays for compiled code and as objects for plain Python."""

from types import SimpleNamespace

import numpy as np

OP = np.dtype([("macs", "f8"), ("footprint", "f8"), ("count", "f8"), ("kind", "i8")], align=True)
CHIP = np.dtype(
    [
        ("lanes", "f8"),
        ("clock", "f8"),
        ("voltage", "f8"),
        ("mac", "f8"),
        ("leakage", "f8"),
        ("capacity", "f8", (4,)),
        ("bandwidth", "f8", (4,)),
        ("access", "f8", (4,)),
    ],
    align=True,
)
WORK = np.dtype([("peak", "f8"), ("scale", "f8")], align=True)
OUT = np.dtype([("latency", "f8"), ("energy", "f8", (6,)), ("bound", "i8")], align=True)
TOTALS = np.dtype([("latency", "f8"), ("energy", "f8")], align=True)


def tables(points=6, operations=5, threads=2):
    """Make (ops, chips, works, outs, totals) as record arrays."""
    random = np.random.default_rng(7)
    ops = np.zeros(operations, OP)
    ops["macs"] = random.uniform(1e6, 1e9, operations)
    ops["footprint"] = random.uniform(1e3, 1e7, operations)
    ops["count"] = random.integers(1, 9, operations)
    chips = np.zeros(points, CHIP)
    chips["lanes"], chips["voltage"], chips["leakage"], chips["mac"] = 4096.0, 0.7, 3.0, 0.3e-12
    chips["clock"] = np.linspace(0.5e9, 2e9, points)
    chips["capacity"] = [16e3, 256e3, 8e6, 16e9]
    chips["bandwidth"] = [8e12, 4e12, 2e12, 0.5e12]
    chips["access"] = [0.1e-12, 0.5e-12, 2e-12, 30e-12]
    return ops, chips, np.zeros(threads, WORK), np.zeros(threads, OUT), np.zeros(points, TOTALS)


def attributes(arrays):
    """See the same memory through attributes, as plain Python needs it (so no field is called size or shape)."""
    return tuple(array.view(np.recarray) for array in arrays)


def rows(array):
    """Copy each row into an object with attributes; nested arrays become lists."""
    return [SimpleNamespace(**{name: row[name].tolist() for name in array.dtype.names}) for row in array]
