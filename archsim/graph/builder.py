"""Write a graph the way one writes a model: layer after layer, shapes worked out on the way.

The bookkeeping stands in `archsim.graph.recorder`, the layers in `archsim.graph.contractions` and
`archsim.graph.layers`.
"""

from __future__ import annotations

from archsim.graph.layers import Layers


class GraphBuilder(Layers):
    """Collects ops and tensors; `build` checks them and returns a `Graph`.

    Parameters
    ----------
    name : str
        Name of the workload.
    dtype : str
        Number format of tensors that name none.
    items : float
        Items one run completes.
    item : str
        What one item is.
    parameters : mapping, optional
        The generator's arguments, kept for the record.
    """
