"""Positions of a spiking machine's resources and causes of energy, and what its plan leaves for each op."""

from __future__ import annotations

from typing import Final

from archsim.arch.family import STATIC, Cause
from archsim.arch.tables import Attribute

SENDING: Final = 0
RECEIVING: Final = 1
LINKS: Final = 2
BARRIER: Final = 3
TICK: Final = 4
MEMORY: Final = 5
"""Positions among the resources; the memory levels follow `MEMORY`."""
RESOURCES: Final = ("updating and sending", "receiving and adding", "links", "barrier", "waiting for the tick")

SYNAPSE_ENERGY: Final = 1
NEURON_ENERGY: Final = 2
MESSAGE_ENERGY: Final = 3
HOP_ENERGY: Final = 4
OUTSIDE_ENERGY: Final = 5
LEARNING_ENERGY: Final = 6
"""Positions among the causes; 0 is static."""
CAUSES: Final = (
    STATIC,
    Cause("synaptic operations", "compute"),
    Cause("neurons", "compute"),
    Cause("messages", "network"),
    Cause("hops", "network"),
    Cause("from chip to chip", "network"),
    Cause("learning", "compute"),
)
VERDICTS: Final = ("ok",)

CORES: Final = 0
LIMIT: Final = 1
SYNAPTIC_OPERATIONS: Final = 2
MESSAGES: Final = 3
UPDATES: Final = 4
DETAILS: Final = ("cores", "limit", "synaptic_operations", "messages", "updates")
"""Numbers kept of each op; the limit is a position in `LIMITS`."""

LIMITS: Final = ("neurons", "synaptic memory", "axons in", "axons out")

ONE_AFTER_ANOTHER: Final = 1
"""Code of layers that take all cores in turn."""

ROWS: Final = 512
"""Rows of an op table whose cores are planned one by one; further ones count as if they stood alone."""

FOUND: Final = (
    Attribute("position", "f8", (), "", "rows costed so far"),
    Attribute("row_cores", "f8", (ROWS,), "", "cores of the neurons of each row"),
    Attribute("row_limit", "f8", (ROWS,), "", "what decides them, a position in LIMITS"),
    Attribute("row_sent_to", "f8", (ROWS,), "", "cores that one source of each row sends to"),
    Attribute("row_reached", "f8", (ROWS,), "", "share of the neurons that a timestep reaches"),
    Attribute("row_runs", "f8", (ROWS,), "", "samples one after the other"),
    Attribute("scale", "f8", (), "", "energies over those at the nominal voltage"),
    Attribute("cores", "f8", (), "", "cores in use"),
    Attribute("chips", "f8", (), "", "chips in use"),
    Attribute("across", "f8", (), "", "mean hops to the left or right"),
    Attribute("along", "f8", (), "", "mean hops up or down"),
    Attribute("limiting", "f8", (), "", "position of the resource that decides a timestep"),
    Attribute("slowest", "f8", (), "s", "of a timestep, the core or link that takes longest"),
    Attribute("barrier", "f8", (), "s", "of a timestep"),
    Attribute("step", "f8", (), "s", "of a timestep, all of it"),
    Attribute("idle", "f8", (), "s", "of a timestep, in which all wait"),
    Attribute("whole", "f8", (), "s", "all timesteps"),
    Attribute("stretch", "f8", (), "", "time of the run over the sum of what all ops are busy"),
    Attribute("neurons", "f8", (), "", "of the layer at hand"),
    Attribute("inputs", "f8", (), "", "addresses of its inputs"),
    Attribute("sources", "f8", (), "", "neurons that send to them, several to one behind a pool"),
    Attribute("rate", "f8", (), "", "spikes of one of these in a timestep"),
    Attribute("fan_in", "f8", (), "", "synapses of one neuron"),
    Attribute("fan_out", "f8", (), "", "synapses of one source"),
    Attribute("stored", "f8", (), "b", "weights of the layer"),
    Attribute("runs", "f8", (), "", "samples one after the other"),
    Attribute("map", "f8", (), "", "pixels of it, which share weights"),
    Attribute("channels", "f8", (), "", "neurons of one pixel"),
    Attribute("placed", "f8", (), "", "cores of it"),
    Attribute("limit", "f8", (), "", "what decides them, a position in LIMITS"),
    Attribute("sent_to", "f8", (), "", "cores that one source sends to"),
    Attribute("strip", "f8", (), "", "pixels of one core"),
    Attribute("parts", "f8", (), "", "parts its channels are split into"),
)
"""Columns of scratch."""
