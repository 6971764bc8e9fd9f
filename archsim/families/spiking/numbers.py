"""Numbers that a walk over all spikes reads and writes, by their positions."""

from __future__ import annotations

from typing import Final

DENSE: Final = 0
CONV: Final = 1
STRIDED: Final = 2

KIND: Final = 0
SOURCE: Final = 1
SOURCES: Final = 2
TARGET: Final = 3
TARGETS: Final = 4
FIRST_CORE: Final = 5
PER_CORE: Final = 6
FORMAT: Final = 7
IN_HEIGHT: Final = 8
IN_WIDTH: Final = 9
OUT_HEIGHT: Final = 10
OUT_WIDTH: Final = 11
OUT_CHANNELS: Final = 12
KERNEL_HEIGHT: Final = 13
KERNEL_WIDTH: Final = 14
STRIDE_Y: Final = 15
STRIDE_X: Final = 16
PAD_Y: Final = 17
PAD_X: Final = 18
DILATION_Y: Final = 19
DILATION_X: Final = 20
IN_CHANNELS: Final = 21
GROUPS: Final = 22
PART: Final = 23
POOL_Y: Final = 24
POOL_X: Final = 25
IN_PART: Final = 26
CORES: Final = 8
FAN_OUT: Final = 9
RUN: Final = 10
STRIDE_I: Final = 11
STRIDE_K: Final = 12
NUMBERS: Final = 27
"""Positions among the numbers of a connection: kind; first source and their number; first target neuron and their
number; first core of the targets and neurons per core; format of the weights; then what its kind needs."""

ACCESS: Final = 0
UPDATE: Final = 1
FIRE: Final = 2
SENT: Final = 3
RECEIVED: Final = 4
DENSE_TIME: Final = 5
ACROSS: Final = 8
ALONG: Final = 9
TICK: Final = 10
BARRIER: Final = 11
LINK: Final = 12
TIMES: Final = 13
"""Positions among the times of a machine, s: of neurons, messages, synaptic operations by format (dense, sparse, conv),
hops, what ends a timestep, and between two messages of a link."""

HEIGHT: Final = 0
TILE: Final = 1
BUFFER: Final = 2
FOLLOW: Final = 3
DRIVEN: Final = 4
INPUTS: Final = 5
SETTINGS: Final = 6
"""Positions among whole numbers of a machine: height of the mesh, cores per tile, places of a queue, 1 to follow each
message, 1 to update all neurons in every timestep, and neurons from outside."""

ADDED: Final = 0
MESSAGES: Final = 1
HOPS_ACROSS: Final = 2
HOPS_ALONG: Final = 3
COUNTS: Final = 4
"""Counted for each connection."""
WORKED: Final = 6
"""Counted for each core: neurons updated, fired, messages received, synaptic operations, messages sent, and the time it
is busy, s: sending or receiving, whichever takes longer in a timestep."""
