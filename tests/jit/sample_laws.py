"""Laws for the tests: small scalar kernels and a constant that another module reads as an attribute."""

import math

from archsim.jit import Record, kernel

TINY = 1e-30


@kernel
def bound_time(work: float, rate: float) -> float:
    """Time of `work` at `rate`: t = work / rate [s]."""
    return work / max(rate, TINY)


@kernel
def reload_factor(size: float, capacity: float) -> float:
    """Times a tensor is read again: ceil(size / capacity)."""
    return max(1.0, math.ceil(size / max(capacity, TINY)))


@kernel
def add_energy(out: Record, cause: int, amount: float) -> None:
    """Book `amount` joules on `cause`."""
    out.energy[cause] += amount


@kernel
def energy_scale(voltage: float, nominal: float) -> float:
    """Dynamic energy follows the square of the voltage."""
    return (voltage / nominal) ** 2
