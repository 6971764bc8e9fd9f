"""NIR graphs for the tests, built with the nir package."""

from itertools import pairwise

import nir
import numpy as np

ONES = np.ones


def chain(**nodes):
    names = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(names)), type_check=False)


def fire(*shape):
    return nir.IF(r=ONES(shape), v_threshold=ONES(shape))


def pool():
    return nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))


def cnn_sinabs():
    """The network of the NIR paper; its sizes are in models/measured/neuromorphic, the input is that of N-MNIST."""
    return chain(
        input=nir.Input(np.array([2, 34, 34])),
        conv0=nir.Conv2d((34, 34), ONES((16, 2, 5, 5)), 2, 1, 1, 1, ONES(16)),
        if1=fire(16, 16, 16),
        conv2=nir.Conv2d((16, 16), ONES((16, 16, 3, 3)), 1, 1, 1, 1, ONES(16)),
        if3=fire(16, 16, 16),
        pool4=pool(),
        conv5=nir.Conv2d((8, 8), ONES((8, 16, 3, 3)), 1, 1, 1, 1, ONES(8)),
        if6=fire(8, 8, 8),
        pool7=pool(),
        flatten8=nir.Flatten({"input": np.array([8, 4, 4])}, 0, -1),
        fc9=nir.Affine(ONES((256, 128)), ONES(256)),
        if10=fire(256),
        fc11=nir.Affine(ONES((10, 256)), ONES(10)),
        if12=fire(10),
        output=nir.Output(np.array([10])),
    )


def recurrent():
    """Seven current-based neurons that excite one another, a delay, and a readout."""
    seven, two = ONES(7), ONES(2)
    nodes = {
        "input": nir.Input(np.array([5])),
        "in": nir.Linear(ONES((7, 5))),
        "lif": nir.CubaLIF(seven, seven, seven, seven, seven),
        "recurrent": nir.Linear(np.eye(7)),
        "delay": nir.Delay(seven * 0.003),
        "out": nir.Linear(ONES((2, 7))),
        "readout": nir.LI(two, two, two),
        "output": nir.Output(np.array([2])),
    }
    edges = [("input", "in"), ("in", "lif"), ("lif", "recurrent"), ("recurrent", "lif"), ("lif", "delay"),
             ("delay", "out"), ("out", "readout"), ("readout", "output")]  # fmt: skip
    return nir.NIRGraph(nodes, edges, type_check=False)
