"""Positions of an optical machine's resources, causes, verdicts and details; those of its digital unit come first."""

from __future__ import annotations

from typing import Final

from archsim.arch.family import Cause
from archsim.arch.tables import Attribute
from archsim.mapping.digital import DIGITAL_CAUSES, DIGITAL_RESOURCES

LIGHT: Final = 5
INPUTS: Final = 6
OUTPUTS: Final = 7
WRITING: Final = 8
FILLING: Final = 9
MEMORY: Final = 10
"""Positions among the resources; the memory levels follow `MEMORY`."""
RESOURCES: Final = (
    *DIGITAL_RESOURCES,
    "light",
    "input converters",
    "output converters",
    "weight setting",
    "converter pipeline",
)

LASER_ENERGY: Final = 7
TUNING_ENERGY: Final = 8
DAC_ENERGY: Final = 9
MODULATOR_ENERGY: Final = 10
DETECTOR_ENERGY: Final = 11
ADC_ENERGY: Final = 12
SUM_ENERGY: Final = 13
NONLINEAR_ENERGY: Final = 14
WRITE_ENERGY: Final = 15
NETWORK_ENERGY: Final = 16
IDLE_ENERGY: Final = 17
"""Positions among the causes; 0 is static."""
CAUSES: Final = (
    *DIGITAL_CAUSES,
    Cause("laser", "light"),
    Cause("tuning", "light"),
    Cause("digital-to-analog conversion", "conversion"),
    Cause("modulators", "conversion"),
    Cause("detectors", "conversion"),
    Cause("analog-to-digital conversion", "conversion"),
    Cause("partial sums", "compute"),
    Cause("analog nonlinearities", "compute"),
    Cause("weight setting", "conversion"),
    Cause("network on chip", "network"),
    Cause("idle light", "static"),
)

NO_UNIT: Final = 1
NOISE: Final = 2
LOSS: Final = 3
LASER: Final = 4
VERDICTS: Final = (
    "ok",
    "no unit has the number format, or a wider one",
    "no light reaches the bits of its output converters, because the laser's own intensity noise is larger: lower "
    "laser.bits, core.clock or receiver.intensity_noise",
    "light loses more on its way than the link budget allows: lower path.stage or core.rows, or raise path.budget",
    "the wanted bits need more light than a source gives: lower laser.bits or path losses, or raise laser.limit",
)

INPUT_CONVERSIONS: Final = 0
WEIGHT_CONVERSIONS: Final = 1
OUTPUT_CONVERSIONS: Final = 2
PER_CONVERSION: Final = 3
LINK_LOSS: Final = 4
LASER_POWER: Final = 5
BITS_REACHED: Final = 6
CORE_SHARE: Final = 7
DETAILS: Final = (
    "input_conversions",
    "weight_conversions",
    "output_conversions",
    "macs_per_conversion",
    "link_loss_db",
    "laser_w",
    "bits_reached",
    "core_utilisation",
)
"""What ``out.mapping`` holds, of one execution; the first three count conversions of inputs, weights and outputs."""

FOUND: Final = (
    Attribute("inputs", "f8", (), "", "encodings of inputs of one step"),
    Attribute("settings", "f8", (), "", "encodings of weights of one step"),
    Attribute("outputs", "f8", (), "", "reads of outputs of one step"),
    Attribute("results", "f8", (), "", "outputs of one step, complete sums"),
    Attribute("symbols", "f8", (), "", "symbols of one step, all cores at once"),
    Attribute("seen", "f8", (), "", "sums that light falls on a detector for, symbol by symbol"),
    Attribute("occupied", "f8", (), "", "cores that the op uses"),
    Attribute("written", "f8", (), "", "weights set in elements that hold them, of all steps"),
    Attribute("turns", "f8", (), "", "times that cores are set, one after the other, of all steps"),
    Attribute("moved", "f8", (), "", "share of the weights that come from memory"),
    Attribute("plain_inputs", "f8", (), "", "share of the inputs that come from memory, not from light or current"),
    Attribute("plain_outputs", "f8", (), "", "share of the outputs that are converted and stored"),
)
"""Columns of scratch that one op's counts leave for its cost."""

LIT: Final = (
    Attribute("signs", "f8", (), "", "passes for numbers of both signs"),
    Attribute("pace", "f8", (), "Hz", "symbols per second"),
    Attribute("loss", "f8", (), "dB", "from a source to a detector"),
    Attribute("detected", "f8", (), "W", "light at one detector"),
    Attribute("source", "f8", (), "W", "light of one source"),
    Attribute("laser", "f8", (), "W", "electricity of the light of one core"),
    Attribute("intensity", "f8", (), "1/Hz", "relative intensity noise of the laser"),
    Attribute("enob", "f8", (), "", "bits that noise leaves of a sum of all symbols that are added up"),
    Attribute("tuned", "f8", (), "W", "elements of one core that hold weights"),
    Attribute("modulators", "f8", (), "", "of one core"),
    Attribute("elements", "f8", (), "", "that hold weights, of one core"),
    Attribute("sites", "f8", (), "", "outputs of one core at once"),
    Attribute("dacs", "f8", (), "", "of one core"),
    Attribute("adcs", "f8", (), "", "of one core"),
    Attribute("setting_time", "f8", (), "s", "of all elements of a core"),
    Attribute("setting_energy", "f8", (), "J", "of one weight"),
    Attribute("held_share", "f8", (), "", "share of all weights that stay in cores of their own from run to run"),
    Attribute("lit_inputs", "f8", (), "", "share of what can be taken as light or current that is"),
    Attribute("lit_outputs", "f8", (), "", "share of what can be handed on as light or current that is"),
    Attribute("chain", "f8", (), "", "layers that one light passes"),
)
"""Columns of scratch that follow from the description."""
