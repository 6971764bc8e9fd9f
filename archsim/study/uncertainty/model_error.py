"""How far the model itself is from measurements: ``models/uncertainty/model-errors.yaml``, by family and kind of op.

An entry says how the logarithm of measured over predicted is spread: half of it on either side of `bias`, normal with
the standard deviation `below` on one side and `above` on the other. It was estimated on rows that constants may be
fitted on, and is written by ``docs/coverage_table.py``.

Constants that were fitted together are known better together than their bounds say one by one: on machines whose rows
were used, what the bounds do to a result is multiplied by `bounds`, 1 or less, so that bounds and error together cover
as many rows for fitting as they should.

References
----------
Wallis: The two-piece normal, binormal, or double Gaussian distribution: its origin and rediscoveries, Statistical
Science 29(1), 2014, doi:10.1214/13-STS417.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from archsim.cited import Cited, split
from archsim.io import yaml
from archsim.io.catalogue import models_root
from archsim.study.uncertainty.leaves import uniform

if TYPE_CHECKING:
    import numpy as np

FILE: Final = "model-errors.yaml"
OTHER: Final = "other"
"""Entry of kinds of op that no row times: all rows of the family together."""
NUMBERS: Final = ("bias", "below", "above", "bounds")


@dataclass(frozen=True)
class ModelError:
    """Error of one family on one kind of op.

    Attributes
    ----------
    family, kind, quantity : str
        Of what; `kind` is ``other`` for kinds without rows of their own.
    bias, below, above : float
        Median of ln(measured / predicted), and its standard deviations on either side.
    bounds : float
        Factor on what uncertain numbers do, on machines whose rows were used.
    machines : tuple of str
        Those.
    cited : Cited
        Rows it was estimated on.
    """

    family: str
    kind: str
    quantity: str
    bias: float
    below: float
    above: float
    bounds: float
    machines: tuple[str, ...]
    cited: Cited

    def logarithms(self, name: str, samples: int, seed: int) -> np.ndarray:
        """Draw logarithms of the factor on a prediction, (samples,); one `name` and seed draw the same."""
        from scipy.special import ndtri

        return self.at(ndtri(uniform(name, samples, seed)))

    def at(self, normal: np.ndarray) -> np.ndarray:
        """Return the logarithm of the factor at standard normal deviates."""
        import numpy as np

        return self.bias + normal * np.where(normal < 0.0, self.below, self.above)


@cache
def model_errors() -> Mapping[tuple[str, str, str], ModelError]:
    """Return all entries by family, kind of op and quantity."""
    tree: Any = yaml.load(models_root() / "uncertainty" / FILE).tree
    plain, cited = split(tree["errors"])
    return {
        (family, kind, quantity): ModelError(
            family,
            kind,
            quantity,
            float(entry["bias"]),
            float(entry["below"]),
            float(entry["above"]),
            float(entry["bounds"]),
            tuple(entry["machines"]),
            cited[family, kind, quantity, "bias"],
        )
        for family, kinds in plain.items()
        for kind, quantities in kinds.items()
        for quantity, entry in quantities.items()
    }  # fmt: skip


def model_error(family: str, kind: str, quantity: str) -> ModelError | None:
    """Return the error of a family on a kind of op; of kinds without rows that of all; None without any rows."""
    known = model_errors()
    return known.get((family, kind, quantity)) or known.get((family, OTHER, quantity))
