"""The kinds of work an op can do: sizes in, exact counts out.

Counting conventions, used everywhere: `macs` are multiply-accumulates of contractions (matmul, conv, attention) as
the field publishes them, so a causal attention counts its full rectangle and carries the unmasked share beside it;
`flops` are the other arithmetic operations; `special` are special functions. One MAC is two FLOP. MACs are exact
integers of any size; the others are floats, infinite beyond float64, which `check_graph` then refuses by name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from archsim.graph import kinds
from archsim.graph.exact import real, times
from archsim.graph.masks import kept


class Work:
    """Base of all kinds: the counts default to nothing."""

    kind: ClassVar[str]

    @property
    def code(self) -> int:
        """Code of the kind, as kernels see it."""
        return kinds.CODES[self.kind]

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return 0

    @property
    def flops(self) -> float:
        """Arithmetic operations that are not part of a MAC, FLOP."""
        return 0.0

    @property
    def special(self) -> float:
        """Special-function evaluations, OP."""
        return 0.0


@dataclass(frozen=True)
class MatMul(Work):
    """``batch`` products of an m x k by a k x n matrix; `dynamic` when both operands are computed."""

    kind = "matmul"
    batch: int
    m: int
    n: int
    k: int
    dynamic: bool = False
    bias: bool = False

    @cached_property
    def macs(self) -> int:  # noqa: D102
        return self.batch * self.m * self.n * self.k

    @property
    def flops(self) -> float:  # noqa: D102
        return real(self.batch * self.m * self.n) if self.bias else 0.0


@dataclass(frozen=True)
class Conv(Work):
    """A 2-D convolution: all seven dimensions, with stride, dilation, padding (top, bottom, left, right) and groups.

    A transposed convolution scatters every input pixel through the kernel; its MACs follow the input's size.
    `dynamic` when the second operand is computed too, as the output's gradient is in a weight gradient.
    """

    kind = "conv"
    batch: int
    in_channels: int
    out_channels: int
    in_height: int
    in_width: int
    out_height: int
    out_width: int
    kernel_height: int
    kernel_width: int
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1
    bias: bool = False
    transposed: bool = False
    dynamic: bool = False

    @cached_property
    def macs(self) -> int:  # noqa: D102
        if self.transposed:
            pixels = self.in_height * self.in_width * self.in_channels
            taps = self.kernel_height * self.kernel_width * (self.out_channels // self.groups)
        else:
            pixels = self.out_height * self.out_width * self.out_channels
            taps = self.kernel_height * self.kernel_width * (self.in_channels // self.groups)
        return self.batch * pixels * taps

    @property
    def flops(self) -> float:  # noqa: D102
        return real(self.batch * self.out_height * self.out_width * self.out_channels) if self.bias else 0.0


@dataclass(frozen=True)
class Attention(Work):
    """Scaled dot-product attention kept whole; `window` limits how far a query looks.

    A causal query sees the last `window` keys, its own position among them; without a causal mask it sees `window`
    keys on either side of its position. A window of 0 is no limit.
    """

    kind = "attention"
    batch: int
    heads: int
    kv_heads: int
    query_length: int
    key_length: int
    head_size: int
    value_size: int
    causal: bool = False
    window: int = 0

    @cached_property
    def macs(self) -> int:  # noqa: D102
        return self.scores * (self.head_size + self.value_size)

    @cached_property
    def scores(self) -> int:
        """Entries of the full score rectangles."""
        return self.batch * self.heads * self.query_length * self.key_length

    @cached_property
    def mask(self) -> float:
        """Share of the score rectangle that is not masked, 0 to 1."""
        seen = kept(self.query_length, self.key_length, causal=self.causal, window=self.window)
        return seen / max(self.query_length * self.key_length, 1)

    @property
    def flops(self) -> float:  # noqa: D102
        return times(5, self.scores, self.mask)  # scale, and the softmax's max, subtract, sum, multiply

    @property
    def special(self) -> float:  # noqa: D102
        return times(self.scores, self.mask) + real(self.batch * self.heads * self.query_length)


@dataclass(frozen=True)
class AttentionGradient(Attention):
    """Gradients of query, key and value, with the scores computed again instead of kept.

    Five matmuls where the forward pass has two, so 2.5 times its MACs when keys and values are equally wide: scores
    and their gradient's two uses over `head_size`; value gradient and share gradient over `value_size` (Dao 2022,
    arXiv:2205.14135, algorithm 4; Dao 2023, arXiv:2307.08691, algorithm 2 and section 4.1).
    """

    @cached_property
    def macs(self) -> int:  # noqa: D102
        return self.scores * (3 * self.head_size + 2 * self.value_size)

    @property
    def flops(self) -> float:  # noqa: D102
        # Per score: scale, subtract, subtract, multiply, scale; per output element: times its gradient, summed.
        rows = self.batch * self.heads * self.query_length
        return times(5, self.scores, self.mask) + times(2, rows, self.value_size)

    @property
    def special(self) -> float:  # noqa: D102
        return times(self.scores, self.mask)


@dataclass(frozen=True)
class Fft(Work):
    """``batch`` complex transforms of `length` points: 5 N log2 N FLOP each (Cooley-Tukey, radix 2)."""

    kind = "fft"
    batch: int
    length: int

    @property
    def flops(self) -> float:  # noqa: D102
        return times(5, self.batch, self.length, math.log2(max(self.length, 1)))


@dataclass(frozen=True)
class Elementwise(Work):
    """One function applied to every element.

    With `rows`, a kernel that gives each row to one block of threads, as those do that serving systems write for one
    token a row; without, elements are dealt to threads as they come.
    """

    kind = "elementwise"
    function: str
    elements: int
    flops_per_element: float = 1.0
    special_per_element: float = 0.0
    rows: int = 0

    @property
    def flops(self) -> float:  # noqa: D102
        return times(self.elements, self.flops_per_element)

    @property
    def special(self) -> float:  # noqa: D102
        return times(self.elements, self.special_per_element)


@dataclass(frozen=True)
class Normalise(Work):
    """Softmax, layer norm, batch norm: `rows` of `length` elements, read `passes` times if a row does not stay.

    With `blocks`, a kernel that gives each row to one block of threads, as those of serving systems do.
    """

    kind = "normalise"
    function: str
    rows: int
    length: int
    passes: int = 1
    flops_per_element: float = 4.0
    special_per_element: float = 0.0
    special_per_row: float = 0.0
    blocks: bool = False

    @property
    def flops(self) -> float:  # noqa: D102
        return times(self.rows, self.length, self.flops_per_element)

    @property
    def special(self) -> float:  # noqa: D102
        return times(self.rows, self.length, self.special_per_element) + times(self.rows, self.special_per_row)


@dataclass(frozen=True)
class Reduce(Work):
    """`outputs` results, each from `window` elements: sums, maxima, pooling."""

    kind = "reduce"
    function: str
    outputs: int
    window: int

    @property
    def flops(self) -> float:  # noqa: D102
        return real(self.outputs * self.window)


@dataclass(frozen=True)
class Gather(Work):
    """`entries` rows of `width` elements read at irregular addresses: embedding lookups, GNN aggregation.

    What a program does next may depend on what it reads: `branches` per entry, of which the share `taken` goes one way.
    """

    kind = "gather"
    entries: int
    width: int
    flops_per_element: float = 0.0
    branches: float = 0.0
    taken: float = 0.0

    @property
    def flops(self) -> float:  # noqa: D102
        return times(self.entries, self.width, self.flops_per_element)


@dataclass(frozen=True)
class Scatter(Gather):
    """`entries` rows of `width` elements written, or added, at irregular addresses."""

    kind = "scatter"


@dataclass(frozen=True)
class Move(Work):
    """Bytes that change place or order and nothing else: transpose, concat, pad, transfer."""

    kind = "move"
    function: str
    elements: int


@dataclass(frozen=True)
class Scan(Work):
    """`length` dependent steps over `width` independent lanes: recurrences, state-space scans, routing."""

    kind = "scan"
    function: str
    length: int
    width: int
    flops_per_element: float = 2.0
    special_per_element: float = 0.0

    @property
    def flops(self) -> float:  # noqa: D102
        return times(self.length, self.width, self.flops_per_element)

    @property
    def special(self) -> float:  # noqa: D102
        return times(self.length, self.width, self.special_per_element)


@dataclass(frozen=True)
class Chase(Work):
    """`loads` in each of `chains` independent pointer chains over `footprint` bytes; each load waits for the last."""

    kind = "chase"
    loads: int
    chains: int
    footprint: int
    flops_per_load: float = 0.0

    POINTER: ClassVar[int] = 8
    """Bytes of one pointer."""

    @property
    def wanted(self) -> int:
        """Bytes the loads ask for, at most all of the footprint."""
        return min(self.loads * self.chains * self.POINTER, self.footprint)

    @property
    def flops(self) -> float:  # noqa: D102
        return times(self.loads, self.chains, self.flops_per_load)


@dataclass(frozen=True)
class Neuron(Work):
    """`neurons` updated for `steps` timesteps, firing at `rate` spikes per step, each to `fan_out` synapses.

    The arithmetic is that of the updates alone: the synapses are the contraction that follows.
    """

    kind = "neuron"
    neurons: int
    steps: int
    rate: float
    fan_out: int
    flops_per_update: float = 4.0

    @property
    def flops(self) -> float:  # noqa: D102
        return times(self.neurons, self.steps, self.flops_per_update)

    @property
    def synaptic_events(self) -> float:
        """Synaptic operations: one accumulate per spike and synapse."""
        return times(self.neurons, self.steps, self.rate, self.fan_out)


@dataclass(frozen=True)
class Collective(Work):
    """A collective over `participants` machines; `payload` bytes on each.

    `axis` says which machines: empty, those that share the layers of one copy of a network; else what they share out.
    """

    kind = "collective"
    function: str
    participants: int
    payload: int
    axis: str = ""


@dataclass(frozen=True)
class Opaque(Work):
    """An op whose arithmetic is unknown: its bytes are charged, its FLOPs are not, and results say so."""

    kind = "opaque"
    function: str
    elements: int
