"""A workload on a system: groups of chips that share one copy of it, copies side by side, and what they exchange.

``tensor_parallel`` chips share the layers of a copy, or ``spatial_parallel`` chips its pictures; ``pipeline_parallel``
such groups share its depth; a system runs as many copies as there are such groups, each on items of its own. The
experts of a copy may be spread over ``expert_parallel`` copies. In training the copies add up their gradients before
the update, or exchange them with ``parameter_servers``.
"""

from __future__ import annotations

from archsim.engine.parallel.exchanges import exchanges
from archsim.engine.parallel.flow import Flowing, flow
from archsim.engine.parallel.share import ALONE, Share, share_out
from archsim.engine.parallel.split import GRADIENTS, WAIT, named, split, synchronise, waiting

__all__ = [
    "ALONE",
    "GRADIENTS",
    "WAIT",
    "Flowing",
    "Share",
    "exchanges",
    "flow",
    "named",
    "share_out",
    "split",
    "synchronise",
    "waiting",
]
