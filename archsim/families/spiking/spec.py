"""Description of a spiking machine: cores of neurons that send a message when they fire, over a mesh of tiles."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from archsim.arch.chip import ChipSpec, Part
from archsim.arch.memory import MemoryLevel
from archsim.units import Count, Energy, EnergyPerByte, Fraction, Frequency, Ratio, Tally, Time, Voltage


class Event(Part):
    """What one event costs."""

    energy: Energy = Field(description="of one")
    time: Time = Field(0.0, description="of one, in which its core does nothing else")


class Synapses(Part):
    """Synaptic operations, by how the weights of a layer are stored."""

    dense: Event = Field(description="every neuron to every other")
    sparse: Event = Field(description="a list of targets for each source")
    conv: Event = Field(description="kernels that windows share")
    index_bits: Count | None = Field(
        None, description="zeros between stored weights are counted in so many bits, and longer runs store zeros"
    )
    dense_from: Ratio = Field(0.5, description="density from which on weights are stored densely")


class Neurons(Part):
    """Neurons of one core, which takes them one after the other."""

    access: Event = Field(description="of every neuron in every timestep, idle or not")
    update: Event = Field(description="of a neuron that is updated")
    fire: Event = Field(description="of a neuron that fires")
    driven: Literal["events", "clock"] = Field(
        description="events: neurons without input are not updated; clock: all are, in every timestep"
    )


class Messages(Part):
    """One message goes from a neuron that fires to each core its synapses lie on."""

    sent: Event = Field(description="out of a core")
    received: Event = Field(description="into a core, beside its synaptic operations")
    bits: Count = Field(32, description="of one message")
    queue: Count | None = Field(
        None, description="messages a core holds where all take the same ones, and none is sent until all have room"
    )


class Mesh(Part):
    """Tiles of cores on a rectangle; messages go along it first, then up or down."""

    width: Count = Field(1, description="tiles from left to right")
    height: Count = Field(1, description="tiles from top to bottom; they are filled column by column")
    cores: Count = Field(1, description="cores of one tile")
    across: Event = Field(Event(energy=0.0), description="one hop to the left or right")
    along: Event = Field(Event(energy=0.0), description="one hop up or down")
    rate: Ratio | None = Field(None, description="messages a link passes per second; left out: never in the way")
    buffer: Count = Field(16, description="messages one link holds")


class Limits(Part):
    """What one core holds."""

    neurons: Count = Field(description="neurons")
    axons_in: Count | None = Field(None, description="sources whose messages it can tell apart; left out: any number")
    axons_out: Count | None = Field(None, description="destinations of all its neurons; left out: any number")
    least_bits: Tally = Field(1, description="narrowest weight")
    most_bits: Count = Field(description="widest weight")


class Step(Part):
    """Synchronisation by the number of tiles in use."""

    tiles: Count = Field(description="from so many tiles on")
    time: Time = Field(description="until all know that all are done")


class Timestep(Part):
    """What ends a timestep."""

    barrier: tuple[Step, ...] = Field((), description="points, fewest tiles first; a step function", max_length=8)
    tick: Time = Field(0.0, description="shortest timestep of a machine that keeps to real time; 0: none")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        tiles = [step.tiles for step in self.barrier]
        if tiles != sorted(set(tiles)):
            raise ValueError(f"barrier for {tiles} tiles: list them fewest first, each once")
        return self


class Clocking(Part):
    """What a chip draws with every clock, whatever runs."""

    rate: Frequency = Field(description="clock")
    energy: Energy = Field(description="of one period")


class Learning(Event):
    """One update of one weight by spikes at both its ends."""

    share: Fraction = Field(0.0, description="synaptic operations that update their weight; 0: nothing is learnt")


class Supply(Part):
    """Supply voltage of the chip, where it can be chosen."""

    voltage: Voltage = Field(description="chosen")
    nominal: Voltage = Field(description="at which energies and power at rest are described")
    leakage: Ratio = Field(3.0, description="exponent with which power at rest follows the voltage")


class Outside(Part):
    """The way from chip to chip."""

    energy: EnergyPerByte = Field(0.0, description="both ends and the wire")


class SpikingSpec(ChipSpec):
    """A spiking machine."""

    family: Literal["spiking"]
    cores: Count = Field(description="cores of the chip")
    values: Literal["spikes", "numbers"] = Field(
        "spikes",
        description="what inputs are: spikes, or numbers, of which each that is not zero is sent with its value",
    )
    layers: Literal["side_by_side", "one_after_another"] = Field(
        "side_by_side", description="each on cores of its own in every timestep, or all cores take one after another"
    )
    limits: Limits = Field(description="what one core holds")
    synapse: Synapses = Field(description="synaptic operations")
    neuron: Neurons = Field(description="neurons")
    message: Messages = Field(description="spikes on their way")
    mesh: Mesh = Field(Mesh(), description="tiles and hops")
    timestep: Timestep = Field(Timestep(), description="what ends a timestep")
    clocking: Clocking | None = Field(None, description="what a clocked chip draws besides; left out: nothing")
    supply: Supply | None = Field(None, description="supply voltage; left out: fixed, as described")
    outside: Outside = Field(Outside(), description="from chip to chip")
    learning: Learning | None = Field(None, description="on the chip; left out: it has none")
    memory: tuple[MemoryLevel, ...] = Field(
        description="synaptic memory: one instance per core", min_length=1, max_length=6
    )

    @model_validator(mode="after")
    def _tiles_hold_the_cores(self) -> Self:
        there = self.mesh.width * self.mesh.height * self.mesh.cores
        if there < self.cores:
            raise ValueError(f"a mesh of {there} cores cannot hold {self.cores}: raise mesh.width, height or cores")
        return self
