"""What the GPUs of one generation have in common: how their kernels behave, what a launch costs, voltage over clock."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from archsim.arch.chip import Part, Shared
from archsim.arch.voltage import VoltageCurve
from archsim.units import Capacity, Count, Fraction, Power, Ratio, Time


class ProductKernels(Part):
    """How kernels of matrix products run on one kind of unit."""

    name: Literal["lanes", "tensor"] = Field(description="the units: SIMT lanes or tensor cores")
    largest: Count = Field(description="results of the largest tile")
    efficiency: Fraction = Field(description="share of the units' peak that the main loop sustains")
    perimeter: Ratio = Field(description="products of time lost per operand that a tile fetches")
    stages: Ratio = Field(description="steps of the main loop in flight while the memory answers")
    in_flight: Capacity = Field(description="bytes one tile has on their way from the device memory")
    memory_share: Fraction = Field(description="share of the device memory's bandwidth that is reached")
    cache_share: Ratio = Field(
        description="operands that arrive over what the last cache delivers; above 1 where neighbours share one fetch"
    )
    overlap: Fraction = Field(description="share of the shorter of arithmetic and memory that hides behind the other")
    combine: Time = Field(description="waiting for the parts of a product whose depth is split")


class AttentionKernels(Part):
    """How fused attention runs: blocks of queries over tiles of keys."""

    rows: Count = Field(description="query rows of one block, to which fewer are padded on tensor cores")
    keys: Capacity = Field(description="keys of one step of the main loop")
    packed: Literal["decode", "always"] = Field(
        description="when query heads that share keys share a block: with one query each, or always"
    )
    efficiency: Fraction = Field(description="share of the units' peak that the products inside sustain")
    exposed: Fraction = Field(description="share of the softmax, or of the products if shorter, that does not overlap")
    memory_share: Fraction = Field(description="share of the device memory's bandwidth that is reached")
    cache_share: Ratio = Field(description="share of the last cache's bandwidth that is reached")
    setup: Time = Field(description="planning and page tables, once a kernel")
    accesses: Ratio = Field(
        description="accesses to the device memory a block waits for while it computes nothing: page, queries, results"
    )
    combine: Time = Field(description="adding up the parts of blocks whose keys are split")


class StreamKernels(Part):
    """How kernels run that read and write once: pointwise, normalising, reducing, moving and irregular ones."""

    memory_share: Fraction = Field(description="share of the device memory's bandwidth that is reached")
    cache_share: Ratio = Field(description="share of the last cache's bandwidth that is reached")
    row_share: Fraction = Field(description="share of a multiprocessor's own memory in which rows stay between passes")
    accesses: Ratio = Field(description="accesses to the device memory waited for while a kernel fills and drains")


class SparseKernels(Part):
    """How kernels treat weights that are mostly zeros."""

    vector: Count = Field(description="rows of the dense operand that one gather fetches together")
    structured: Ratio = Field(description="speed of tensor cores on two values in four over that on dense weights")


class Launch(Part):
    """What starting a kernel costs, by who starts it."""

    mode: Literal["graph", "eager"] = Field("graph", description="recorded graphs, or one call of a framework each")
    latency: Time = Field(description="from one kernel's end to the next one's start, queue already filled")
    eager: Time = Field(description="time a framework takes to dispatch one kernel; kernels shorter than that wait")


class Voltage(VoltageCurve):
    """How the supply of the chip follows its clock, relative to the nominal clock (`boost`) and its voltage."""

    busy: Power = Field(description="drawn by the clock of one multiprocessor while it works, at the nominal clock")
    regulator: Fraction = Field(description="share of the power of logic and caches that the regulators do not lose")


class Generation(Shared):
    """Constants of one generation of GPUs; whatever a datasheet gives stands in the device's own file."""

    products: tuple[ProductKernels, ...] = Field(
        description="matrix products, on lanes and perhaps on tensor cores", min_length=1, max_length=2
    )
    attention: AttentionKernels = Field(description="fused attention")
    streams: StreamKernels = Field(description="kernels that stream")
    winograd_share: Ratio = Field(description="speed of the products of a Winograd convolution over that of plain ones")
    sparse: SparseKernels = Field(description="products with sparse weights")
    cache_share: Fraction = Field(description="share of the outermost cache in which operands are found again")
    launch: Launch = Field(description="kernel launch")
    voltage: Voltage = Field(description="voltage over clock, and what follows it")
