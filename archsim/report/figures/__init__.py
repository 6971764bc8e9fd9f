"""Pictures of results, drawn with matplotlib (``pip install 'archsim[plot]'``), which is loaded by the first one.

>>> from archsim.report.figures import roofline, save
>>> save(roofline(results), "roofline.svg")                      # doctest: +SKIP
"""

from archsim.report.figures.canvas import save
from archsim.report.figures.roofline import roofline
from archsim.report.figures.shares import shares
from archsim.report.figures.sureness import bands, tornado

__all__ = ["bands", "roofline", "save", "shares", "tornado"]
