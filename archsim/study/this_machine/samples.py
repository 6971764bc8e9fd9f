"""Work that numpy and scipy do here and the model predicts: each sample runs, and is a graph of what runs.

One op per call of the library, since each reads its operands and writes its results; a softmax written in numpy is
five of them. Results go to arrays made before, so that no time is spent on fresh pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.graph.builder import GraphBuilder
from archsim.graph.work import MatMul, Move

if TYPE_CHECKING:
    from archsim.graph.graph import Graph
    from archsim.graph.op import Op

Call = Callable[[], object]
NUMPY: Final = {"fp32": "float32", "fp64": "float64"}
"""What numpy calls the number formats."""
SEED: Final = 1


@dataclass(frozen=True)
class Sample:
    """Something that can be run and predicted.

    Attributes
    ----------
    op : str
        Kind, for people: "gemm fp32".
    shape : str
        Sizes, for people.
    graph : Graph
        One op per library call.
    prepare : callable
        Makes operands and returns what is timed.
    """

    op: str
    shape: str
    graph: Graph
    prepare: Callable[[], Call]


def threaded(graph: Graph, op: Op) -> bool:
    """Say whether the library may use all cores for an op: BLAS does, numpy's own loops and scipy's use one."""
    return isinstance(op.work, MatMul) and all(graph.tensors[name].density == 1.0 for name in op.inputs)


def product(m: int, n: int, k: int, dtype: str = "fp32") -> Sample:
    """Return a dense product by BLAS."""
    builder = GraphBuilder("product", dtype=dtype)
    builder.linear(builder.input("a", (m, k)), n, bias=False)

    def prepare() -> Call:
        import numpy as np

        a, b = _filled((m, k), dtype), _filled((k, n), dtype)
        c = np.empty((m, n), dtype=NUMPY[dtype])
        return lambda: np.matmul(a, b, out=c)

    name = "gemm" if min(m, n) > 1 else "gemv"
    return Sample(f"{name} {dtype}", f"{m}x{n}x{k}", builder.build(), prepare)


def sparse_product(rows: int, columns: int, vectors: int, density: float) -> Sample:
    """Return a product of a sparse matrix (CSR, fp32) by a dense one, by scipy."""
    builder = GraphBuilder("sparse", dtype="fp32")
    x = builder.input("x", (vectors, columns))
    builder.linear(x, rows, bias=False, density=density, structure="uniform" if density < 1.0 else "dense")

    def prepare() -> Call:
        import numpy as np
        from scipy import sparse

        generator = np.random.default_rng(SEED)
        weights = sparse.random(rows, columns, density, format="csr", dtype=np.float32, random_state=generator)
        dense = _filled((columns, vectors), "fp32")
        return lambda: weights @ dense

    return Sample("spmm fp32", f"{rows}x{columns}x{vectors} {100 * density:g} %", builder.build(), prepare)


def pointwise(function: str, rows: int, columns: int) -> Sample:
    """Return one pointwise call of numpy: ``exp``, ``add`` or ``multiply``."""
    builder = GraphBuilder(function, dtype="fp32")
    operands = 1 if function == "exp" else 2
    builder.elementwise(function, *(builder.input(f"x{index}", (rows, columns)) for index in range(operands)))

    def prepare() -> Call:
        import numpy as np

        inputs = [_filled((rows, columns), "fp32") for _ in range(operands)]
        result = np.empty((rows, columns), dtype=np.float32)
        call = getattr(np, function)
        return lambda: call(*inputs, out=result)

    return Sample(function, f"{rows}x{columns}", builder.build(), prepare)


def softmax(rows: int, columns: int) -> Sample:
    """Return a softmax over rows, as one writes it in numpy."""
    builder = GraphBuilder("softmax", dtype="fp32")
    x = builder.input("x", (rows, columns))
    top = builder.reshape(builder.reduce("max", x, [-1]), (rows, 1))
    raised = builder.elementwise("exp", builder.elementwise("subtract", x, top))
    total = builder.reshape(builder.reduce("sum", raised, [-1]), (rows, 1))
    builder.elementwise("divide", raised, total)

    def prepare() -> Call:
        import numpy as np

        values, result = _filled((rows, columns), "fp32"), np.empty((rows, columns), dtype=np.float32)
        column = np.empty((rows, 1), dtype=np.float32)

        def call() -> object:
            np.max(values, axis=-1, keepdims=True, out=column)
            np.subtract(values, column, out=result)
            np.exp(result, out=result)
            np.sum(result, axis=-1, keepdims=True, out=column)
            return np.divide(result, column, out=result)

        return call

    return Sample("softmax", f"{rows}x{columns}", builder.build(), prepare)


def layer_norm(rows: int, columns: int) -> Sample:
    """Return a layer norm over rows with scale and shift, as one writes it in numpy."""
    builder = GraphBuilder("layer-norm", dtype="fp32")
    x = builder.input("x", (rows, columns))
    mean = builder.reshape(builder.elementwise("multiply", builder.reduce("sum", x, [-1])), (rows, 1))
    centred = builder.elementwise("subtract", x, mean)
    square = builder.reduce("sum", builder.elementwise("multiply", centred, centred), [-1])
    deviation = builder.elementwise("sqrt", builder.elementwise("add", builder.elementwise("multiply", square)))
    straight = builder.elementwise("divide", centred, builder.reshape(deviation, (rows, 1)))
    scaled = builder.elementwise("multiply", straight, builder.weight("scale", (columns,)))
    builder.elementwise("add", scaled, builder.weight("shift", (columns,)))

    def prepare() -> Call:
        import numpy as np

        values = _filled((rows, columns), "fp32")
        result, squares = np.empty_like(values), np.empty_like(values)
        column = np.empty((rows, 1), dtype=np.float32)
        scale, shift = _filled((columns,), "fp32"), _filled((columns,), "fp32")

        def call() -> object:
            np.sum(values, axis=-1, keepdims=True, out=column)
            np.multiply(column, 1.0 / columns, out=column)
            np.subtract(values, column, out=result)
            np.multiply(result, result, out=squares)
            np.sum(squares, axis=-1, keepdims=True, out=column)
            np.multiply(column, 1.0 / columns, out=column)
            np.add(column, 1e-5, out=column)
            np.sqrt(column, out=column)
            np.divide(result, column, out=result)
            np.multiply(result, scale, out=result)
            return np.add(result, shift, out=result)

        return call

    return Sample("layer norm", f"{rows}x{columns}", builder.build(), prepare)


def convolution(batch: int, side: int, channels: int, filters: int, taps: int) -> Sample:
    """Return a convolution as numpy does it: patches laid out as rows (im2col), and one product.

    Maps have their channels innermost; there is no padding.
    """
    out = side - taps + 1
    depth = taps * taps * channels
    builder = GraphBuilder("convolution", dtype="fp32")
    maps = builder.input("maps", (batch, side, side, channels))
    patches = builder.op("im2col", Move("im2col", batch * out * out * depth), [maps], (batch * out * out, depth))
    builder.linear(patches, filters, bias=False)

    def prepare() -> Call:
        import numpy as np

        values, weights = _filled((batch, side, side, channels), "fp32"), _filled((depth, filters), "fp32")
        windows = np.lib.stride_tricks.sliding_window_view(values, (taps, taps), (1, 2)).transpose(0, 1, 2, 4, 5, 3)
        rows = np.empty((batch, out, out, taps, taps, channels), dtype=np.float32)
        result = np.empty((batch * out * out, filters), dtype=np.float32)

        def call() -> object:
            np.copyto(rows, windows)
            return np.matmul(rows.reshape(-1, depth), weights, out=result)

        return call

    shape = f"{batch}x{side}x{side}x{channels} {filters} of {taps}x{taps}"
    return Sample("conv by im2col", shape, builder.build(), prepare)


def _filled(shape: tuple[int, ...], dtype: str) -> Any:
    import numpy as np

    made: Any = np.random.default_rng(SEED).random(shape, dtype=np.dtype(NUMPY[dtype]))
    return made


def sweep() -> list[Sample]:
    """Return what constants are set from: squares, products of few rows, and one of each of the other kinds."""
    squares = [product(n, n, n, dtype) for dtype in ("fp32", "fp64") for n in (32, 64, 128, 256, 512, 1024, 2048)]
    few = [product(1, 2048, 2048), product(1, 4096, 1024), product(16, 2048, 2048), product(2048, 64, 2048),
           product(256, 4096, 64), product(1, 2048, 2048, "fp64")]  # fmt: skip
    sparse = [sparse_product(2048, 2048, 32, 0.01), sparse_product(4096, 1024, 64, 0.05),
              sparse_product(1024, 4096, 128, 0.1), sparse_product(8192, 8192, 16, 0.002)]  # fmt: skip
    streams = [pointwise("exp", 64, 1024), pointwise("exp", 256, 1024)]
    return [*squares, *few, *sparse, *streams]


def unseen() -> list[Sample]:
    """Return what the description is judged by: no pair of widths of a product is one of the sweep's."""
    return [
        product(384, 384, 384),
        product(768, 768, 768),
        product(1536, 1536, 1536),
        product(640, 640, 640, "fp64"),
        product(1280, 1280, 1280, "fp64"),
        product(512, 3072, 768),
        product(96, 1000, 1280),
        product(8, 3072, 3072),
        product(1, 3000, 3000),
        product(1, 1536, 6000),
        softmax(512, 1000),
        softmax(2048, 512),
        softmax(8192, 768),
        layer_norm(256, 768),
        layer_norm(2048, 1024),
        convolution(1, 58, 64, 64, 3),
        convolution(4, 30, 128, 128, 3),
        convolution(8, 16, 96, 192, 5),
        sparse_product(3000, 3000, 48, 0.02),
        sparse_product(1500, 6000, 24, 0.1),
        sparse_product(6000, 1500, 96, 0.005),
    ]
