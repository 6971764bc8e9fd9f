"""What the GPUs of one generation have in common: how their kernels behave, what a launch costs, voltage over clock."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from archsim.arch.chip import Part, Shared
from archsim.units import Time


class Launch(Part):
    """What starting a kernel costs, by who starts it."""

    mode: Literal["graph", "eager"] = Field("graph", description="recorded graphs, or one call of a framework each")
    latency: Time = Field(description="from one kernel's end to the next one's start, queue already filled")
    eager: Time = Field(description="time a framework takes to dispatch one kernel; kernels shorter than that wait")


class Generation(Shared):
    """Constants of one generation of GPUs; whatever a datasheet gives stands in the device's own file."""

    launch: Launch = Field(description="kernel launch")
