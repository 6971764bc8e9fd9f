"""How the software runs: what a library of kernels reaches of a core, and which algorithm it takes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from archsim.arch.chip import Part, Shared
from archsim.arch.precision import by_precision
from archsim.arch.quantities import Clocks
from archsim.units import Bandwidth, Capacity, Count, Fraction, Ratio, Time


class ProductKernels(Part):
    """Dense products: blocked for the caches, packed, a small tile of results in registers."""

    efficiency: Fraction = Field(description="share of the units' peak that the main loop sustains on whole tiles")
    convolution: Literal["direct", "unrolled"] = Field(
        description="convolutions on blocks of channels as they lie, or their inputs unrolled into a matrix"
    )
    packing: Ratio = Field(description="instructions for each byte put in the order of the main loop")
    vectors: Literal["streamed", "packed"] = Field(
        "streamed", description="products with one vector: the matrix is read where it lies, or packed like any other"
    )
    weights: Literal["kept", "blocked", "permuted"] = Field(
        "kept", description="filters in the library's order already, put there in each call, or permuted first too"
    )
    reordering: Ratio = Field(1.0, description="instructions for each byte of filters put in another order")


class FreshMemory(Part):
    """Buffers so large that the operating system hands out new pages for them in each call."""

    above: Capacity = Field(1e15, description="smallest such buffer")
    bandwidth: Bandwidth = Field(1e15, description="at which pages are handed out, whatever the number of cores")


class StreamKernels(Part):
    """Kernels that read and write once."""

    memory_share: Fraction = Field(description="share of the main memory's bandwidth that is reached")


class SparseKernels(Part):
    """Products with weights that are mostly zeros."""

    method: Literal["best", "compressed", "dense"] = Field(
        "best", description="whether weights are compressed: where that is faster, always or never"
    )
    format: Literal["rows", "coordinates"] = Field(
        "rows", description="compressed rows (CSR), or a row and a column with each value (COO)"
    )
    index: Count = Field(32, description="bits of an index")
    operands: Literal["weights", "both"] = Field(
        "weights", description="whether the zeros of the other operand are left out too"
    )
    layout: Literal["columns", "rows"] = Field(
        "rows", description="what lies together of the dense operand: elements of a column, or those of a row"
    )
    together: Count = Field(1, description="columns served by one pass over the weights where columns lie together")
    sums: Count = Field(1, description="partial sums of one result, so that not every addition waits for the last one")
    fused: bool = Field(True, description="whether sums are multiply-adds, or a multiplication and an addition each")
    width: Capacity = Field(64.0, description="widest register the kernels use, if the core has it")
    visit: Clocks = Field(0.0, description="spent on each value besides loads and products, such as a function call")
    threads: Literal["one", "all"] = Field("all", description="whether rows are divided among the cores")
    efficiency: Fraction = Field(description="share of the rate that instructions and loads allow")


Scales = by_precision("Scales", Fraction, "Bytes of scales over the bytes of the weights, by format of the weights.")


class LowBitKernels(Part):
    """Products with weights of four bits or fewer."""

    method: Literal["widen", "dequantise", "lookup", "count"] = Field(
        description="unpack to eight bits and multiply; unpack blocks with scales; look sums up by bits; count ones"
    )
    efficiency: Fraction = Field(description="share of the issue slots that these kernels fill")
    overlap: Fraction = Field(1.0, description="share of the loads that start beside the arithmetic")
    multiply: Ratio = Field(1.0, description="instructions that multiply a register of bytes and add the products up")
    rows: Count = Field(1, description="rows of weights side by side, which share the activations loaded")
    columns: Count = Field(1, description="activation vectors side by side, which share the weights unpacked")
    adds: Ratio = Field(2.0, description="additions of a register of looked-up sums: 2 widened, 1 averaged")
    scales: Scales = Field(Scales(), description="bytes of scales over those of the weights")  # type: ignore[valid-type]


class Library(Shared):
    """A library of kernels and the way it uses the cores."""

    products: ProductKernels = Field(description="dense products")
    streams: StreamKernels = Field(description="kernels that stream")
    sparse: SparseKernels = Field(description="sparse products")
    low_bit: LowBitKernels = Field(description="products with few bits")
    threads: Literal["all", "matrices", "one"] = Field(
        "all", description="what is divided among the cores: all ops, all but products with one vector, or none"
    )
    fresh: FreshMemory = Field(FreshMemory(), description="new memory in each call")
    dispatch: Time = Field(0.0, description="spent by a framework before each call")
    resident: Fraction = Field(description="share of the last cache in which operands are found again")
    joins: Ratio = Field(1.0, description="parallel regions that one op is run as, each forked and joined")
