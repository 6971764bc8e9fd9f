"""Deep learning recommendation model (Naumov 2019): table lookups, pairwise dot products, two small MLPs."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.mlp import sizes
from archsim.workloads.registry import register

# Rows per categorical feature of the Criteo data sets as the reference implementation hashes them:
# the display-advertising challenge, and the terabyte logs capped at 40 million rows (MLPerf).
CRITEO_KAGGLE = (
    "1460-583-10131227-2202608-305-24-12517-633-3-93145-5683-8351593-3194-27-14992-5461306-10-5652-2173-4-7046547-18-"
    "15-286181-105-142572"
)
CRITEO_TERABYTE = (
    "39884406-39043-17289-7420-20263-3-7120-1543-63-38532951-2953546-403346-10-2208-11938-155-4-976-14-39979771-"
    "25641295-39664984-585935-12972-108-36"
)


def dlrm(
    *,
    tables: str = CRITEO_KAGGLE,
    width: int = 16,
    bottom: str = "13-512-256-64-16",
    top: str = "512-256-1",
    lookups: int = 1,
    batch: int = 128,
    dtype: str = "fp32",
) -> Graph:
    """Build a recommendation model.

    Parameters
    ----------
    tables : str
        Rows of each embedding table, joined by ``-``.
    width : int
        Features per row.
    bottom, top : str
        Layer widths of the MLP on dense features, which ends at `width`, and of the one that gives the answer.
    lookups : int
        Rows read and summed per table and sample.
    batch : int
        Samples.
    dtype : str
        Number format.

    Raises
    ------
    UsageError
        The bottom MLP does not end at `width`.
    """
    rows, below, above = sizes("tables", tables), sizes("bottom", bottom), sizes("top", top)
    if below[-1] != width:
        raise UsageError(f"bottom={bottom!r} ends at {below[-1]}", hint=f"end it at width={width}")
    b = GraphBuilder("dlrm", dtype=dtype, items=batch, item="sample")
    with b.scope("bottom"):
        dense = _layers(b, b.input("dense", (batch, below[0])), below[1:], last="relu")
    features = [dense]
    for index, count in enumerate(rows):
        with b.scope(f"table-{index}"):
            chosen = b.input("indices", (batch, lookups), dtype="int32")
            found = b.gather(b.weight("rows", (count, width)), chosen)
            features.append(b.reduce("sum", found, [1]) if lookups > 1 else b.reshape(found, (batch, width)))
    fields = len(features)
    stacked = b.reshape(b.concat(features, 1, name="stack"), (batch, fields, width))
    products = b.matmul(stacked, stacked, transpose_b=True, name="interact")
    pairs = fields * (fields - 1) // 2
    below_diagonal = b.reshape(b.part(b.reshape(products, (batch, fields * fields)), 1, pairs), (batch, pairs))
    joined = b.concat([dense, below_diagonal], 1, name="join")
    with b.scope("top"):
        _layers(b, joined, above, last="sigmoid")
    return b.build()


def _layers(b: GraphBuilder, x: Tensor, widths: tuple[int, ...], *, last: str) -> Tensor:
    for index, features in enumerate(widths):
        x = b.linear(x, features)
        x = b.elementwise(last if index == len(widths) - 1 else "relu", x)
    return x


register("dlrm-kaggle", dlrm, "DLRM on Criteo display advertising: 540 million table entries", group="recommender")
register(
    "dlrm-mlperf",
    dlrm,
    "DLRM of MLPerf on Criteo terabyte logs: 24 billion table entries",
    group="recommender",
    aliases=("dlrm",),
    tables=CRITEO_TERABYTE,
    width=128,
    bottom="13-512-256-128",
    top="1024-1024-512-256-1",
    batch=2048,
)
