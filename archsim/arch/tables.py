"""The record layouts that kernels read and write; one attribute table generates each.

Sizes are float64 so that a quadrillion-parameter model does not overflow; the graph keeps the exact integers. Values
of an op are those of one step of one execution; values of its outcome are those of one execution, all steps included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np

LEVELS: Final = 6
"""Most memory levels a machine may have."""
PADDING: Final = 128
"""Records are padded to a multiple of this, B."""
WORD: Final = 8
"""Every column is made of words of this size, B."""
ROUNDS: Final = 8
"""Most rounds a family may take to find one operating point."""
MAPPING: Final = 8
"""Numbers a search may keep of its winner."""


class Attribute(NamedTuple):
    """One column: name, numpy type, shape, unit and meaning."""

    name: str
    type: str
    shape: tuple[int, ...]
    unit: str
    description: str


def _f(name: str, unit: str, description: str, *shape: int) -> Attribute:
    return Attribute(name, "f8", shape, unit, description)


def _i(name: str, description: str) -> Attribute:
    return Attribute(name, "i8", (), "", description)


OP: Final = (
    _i("kind", "code of the op kind, see archsim.graph.kinds"),
    _i("phase", "forward 0, dgrad 1, wgrad 2, update 3"),
    _i("precision", "code of the number format it computes in, see archsim.graph.dtypes"),
    _i("weight_precision", "code of the number format weights are stored in"),
    _i("weight_structure", "code of how the weights' zeros lie, see archsim.graph.tensor"),
    _i("dynamic", "1 when both operands of a matmul are computed"),
    _i("row_blocks", "1 for a kernel that gives each row to one block of threads"),
    _i("transposed", "1 for a transposed convolution"),
    _f("count", "", "executions of this row in one run of the workload"),
    _f("weight_sets", "", "distinct weights among those executions"),
    _f("steps", "", "dependent repeats inside one execution"),
    _f("batch", "", "independent products; groups of a convolution count as batch"),
    _f("m", "", "rows of one product: output pixels of a convolution, stacked queries of attention"),
    _f("n", "", "columns of one product: output channels per group, keys of attention"),
    _f("k", "", "depth of one product: input channels per group times kernel, head size of attention"),
    _f("groups", "", "groups of a convolution"),
    _f("in_channels", "", "convolution: input channels"),
    _f("in_height", "", "convolution: input height"),
    _f("in_width", "", "convolution: input width"),
    _f("out_height", "", "convolution: output height"),
    _f("out_width", "", "convolution: output width"),
    _f("kernel_height", "", "convolution: kernel height"),
    _f("kernel_width", "", "convolution: kernel width"),
    _f("stride", "", "convolution: vertical stride"),
    _f("heads", "", "attention: query heads"),
    _f("kv_heads", "", "attention: key and value heads"),
    _f("value_size", "", "attention: width of one value head"),
    _f("mask", "", "attention: share of the score rectangle that is not masked"),
    _f("rows", "", "normalise, and elementwise by rows: rows; chase, scan: chains or lanes; neuron: neurons"),
    _f("length", "", "normalise: row length; scan, neuron: dependent steps; chase: loads per chain; fft: points"),
    _f("rate", "", "neuron: spikes of one neuron per timestep"),
    _f("passes", "", "normalise: times a row is read if it does not stay close"),
    _f("accesses", "", "irregular accesses: rows gathered or scattered, dependent loads"),
    _f("access_bytes", "B", "bytes wanted by one irregular access"),
    _f("chain", "", "dependent accesses one after the other: loads of a pointer chain, steps of a scan"),
    _f("footprint", "B", "bytes the irregular accesses fall into"),
    _f("branches", "", "branches that depend on what the irregular accesses load"),
    _f("taken", "", "share of those branches that are taken"),
    _f("elements", "", "output elements"),
    _f("macs", "MAC", "multiply-accumulates"),
    _f("flops", "FLOP", "arithmetic besides MACs, epilogue included"),
    _f("special", "OP", "special functions, epilogue included"),
    _f("weight_elements", "", "weight elements read"),
    _f("weight_bytes", "B", "weights read, stored densely"),
    _f("input_bytes", "B", "activations and inputs read, once each"),
    _f("extra_bytes", "B", "operands only the epilogue reads, once each"),
    _f("state_bytes", "B", "state read, once"),
    _f("output_bytes", "B", "results written, once"),
    _f("weight_bits", "b", "width of a weight"),
    _f("input_bits", "b", "width of an input element"),
    _f("output_bits", "b", "width of an output element"),
    _f("weight_density", "", "share of weights that are not zero"),
    _f("input_density", "", "share of input elements that are not zero"),
    _f("input_sources", "", "spikes: neurons that send to one input element, more than one behind a pool"),
    _f("weight_distance", "B", "bytes touched since the weights were last used; infinite: they are in no cache"),
    _f("input_distance", "B", "bytes touched since the inputs were written or last read; infinite: in no cache"),
    _f("payload", "B", "collective: bytes on each participant"),
    _f("participants", "", "collective: machines taking part"),
)  # fmt: skip
"""One row per distinct op of a workload."""

WORK: Final = (
    _f("static_power", "W", "power drawn whatever runs; charged over the whole run"),
    _f("power_cap", "W", "largest average power; 0 when there is none"),
    _f("fetch_room", "B", "of the memory on the chip, for weights that come before their op starts; 0: none"),
    _i("status", "0, or the verdict on the machine itself"),
)  # fmt: skip
"""Columns every family's scratch record begins with."""


def outcome(causes: int, resources: int) -> tuple[Attribute, ...]:
    """Layout of one op's outcome for a family with that many causes and resources."""
    return (
        _f("latency", "s", "time of one execution"),
        _f("busy", "s", "time each resource works; they may overlap", resources),
        _f("exposed", "s", "share of the latency each resource answers for; adds up to it", resources),
        _f("energy", "J", "energy by cause, static excepted", causes),
        _f("bytes", "B", "bytes moved across each memory level, outermost first", LEVELS),
        _f("resident", "B", "operands that did not cross the outermost memory: found in a cache, or zeros"),
        _f("left_out", "-", "share of the MACs that is not computed because weights are zero"),
        _f("mapping", "", "numbers of the winning mapping", MAPPING),
        _i("bound", "the resource that limits"),
        _f("utilisation", "", "achieved arithmetic rate over the peak of the units the op ran on"),
        _i("status", "0, or the family's verdict"),
    )


def totals(causes: int, resources: int) -> tuple[Attribute, ...]:
    """Layout of one design point's totals."""
    return (
        _f("latency", "s", "time of one run of the workload"),
        _f("interval", "s", "from one run to the next; less than the latency where runs follow one another"),
        _f("energy", "J", "energy by cause, static included", causes),
        _f("exposed", "s", "share of the latency each resource answers for", resources),
        _f("bytes", "B", "bytes moved across each memory level", LEVELS),
        _i("status", "0, or the first verdict met"),
        _i("rounds", "rounds until one operating point satisfied the power cap"),
    )


def record(attributes: tuple[Attribute, ...]) -> np.dtype:
    """Return the aligned and padded numpy record type of an attribute table."""
    import numpy as np

    return padded(np.dtype([(a.name, a.type, a.shape) if a.shape else (a.name, a.type) for a in attributes]))


def padded(dtype: np.dtype) -> np.dtype:
    """Pad a record type to whole pairs of cache lines.

    Threads that write neighbouring records then do not slow each other down.
    """
    import numpy as np

    names = list(dtype.names or ())
    fields = dict(dtype.fields or {})
    size = -(-dtype.itemsize // PADDING) * PADDING
    formats, offsets = [fields[name][0] for name in names], [fields[name][1] for name in names]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size}, align=True)
