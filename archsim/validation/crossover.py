"""Where one way of computing begins to be faster than another, from times at a few sparsities."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from archsim.validation.cells import SkipRow


def crossing(sparsities: Sequence[float], sparse: Sequence[float], dense: Sequence[float]) -> float:
    """Return the sparsity at which compressed weights become faster for good: ln(t_sparse / t_dense) = 0.

    Parameters
    ----------
    sparsities : sequence of float
        Shares of zeros, in any order.
    sparse, dense : sequence of float
        Times there, of one unit.

    Returns
    -------
    float
        Share of zeros; between two points the logarithm of the ratio is a straight line.

    Raises
    ------
    SkipRow
        The points are all on one side.
    """
    points = sorted(zip(sparsities, sparse, dense, strict=True))
    ratios = [(share, math.log(first / second)) for share, first, second in points]
    for (low, above), (high, below) in reversed(list(itertools.pairwise(ratios))):
        if above > 0.0 >= below:
            return low + (high - low) * above / (above - below)
    raise SkipRow("one side is faster at all sparsities")
