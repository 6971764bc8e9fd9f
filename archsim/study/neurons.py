"""Neurons of NIR over one timestep of constant input, solved exactly; and what lies between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from archsim.graph.work import Conv


class Neurons:
    """A group of neurons and its state.

    The input is constant within a timestep. A potential that stands above the threshold at its end fires and is reset.

    Parameters
    ----------
    kind : str
        The NIR primitive: I, LI, CubaLI, IF, LIF, CubaLIF or Threshold.
    values : mapping of str to ndarray
        Its parameters: ``r``, ``tau`` and so on, one for each neuron or one for all.
    dt : float
        Timestep, in the unit of the time constants.
    shape : tuple of int
        Of the group.
    """

    def __init__(self, kind: str, values: Mapping[str, np.ndarray], dt: float, shape: tuple[int, ...]) -> None:
        import numpy as np

        self.fires = kind in ("IF", "LIF", "CubaLIF", "Threshold")
        self._kind, self._dt = kind, dt
        self._values = {key: _spread(value, shape) for key, value in values.items()}
        self._potential = np.array(np.broadcast_to(self._value("v_leak", 0.0), shape), dtype=np.float64)
        self._current = np.zeros(shape)
        if kind in ("LI", "LIF"):
            self._keep = np.exp(-dt / self._values["tau"])
        elif kind in ("CubaLI", "CubaLIF"):
            self._keep = np.exp(-dt / self._values["tau_mem"])
            self._keep_current = np.exp(-dt / self._values["tau_syn"])
            self._mix = _mixed(self._values["tau_mem"], self._values["tau_syn"], self._keep, self._keep_current, dt)

    def step(self, x: np.ndarray) -> np.ndarray:
        """Move on by one timestep; return spikes, or the potential of neurons that never fire."""
        import numpy as np

        x = np.reshape(x, self._potential.shape)
        if self._kind == "Threshold":
            return (x > self._values["threshold"]).astype(np.float64)
        self._integrate(x)
        if not self.fires:
            return self._potential.copy()
        fired = self._potential > self._values["v_threshold"]
        self._potential = np.where(fired, self._value("v_reset", 0.0), self._potential)
        return fired.astype(np.float64)

    def _integrate(self, x: np.ndarray) -> None:
        r, leak = self._value("r", 1.0), self._value("v_leak", 0.0)
        if self._kind in ("I", "IF"):
            self._potential = self._potential + r * x * self._dt
            return
        if self._kind in ("LI", "LIF"):
            final = leak + r * x
            self._potential = final + (self._potential - final) * self._keep
            return
        steady = self._value("w_in", 1.0) * x
        apart = self._current - steady
        final = leak + r * steady
        self._potential = final + (self._potential - final) * self._keep + r * apart * self._mix
        self._current = steady + apart * self._keep_current

    def _value(self, key: str, default: float) -> Any:
        return self._values.get(key, default)


def convolve(x: np.ndarray, weight: np.ndarray, work: Conv) -> np.ndarray:
    """Return the convolution of one map, (channels, height, width), by kernels (outputs, channels of a group, h, w)."""
    import numpy as np

    top, bottom, left, right = work.padding
    x = np.pad(x, ((0, 0), (top, bottom), (left, right)))
    tall = work.dilation[0] * (work.kernel_height - 1) + 1
    wide = work.dilation[1] * (work.kernel_width - 1) + 1
    windows = np.lib.stride_tricks.sliding_window_view(x, (tall, wide), axis=(1, 2))
    windows = windows[:, :: work.stride[0], :: work.stride[1], :: work.dilation[0], :: work.dilation[1]]
    windows = windows[:, : work.out_height, : work.out_width]
    share, each = len(x) // work.groups, len(weight) // work.groups
    groups = [
        np.tensordot(weight[g * each : (g + 1) * each], windows[g * share : (g + 1) * share], ((1, 2, 3), (0, 3, 4)))
        for g in range(work.groups)
    ]
    return np.concatenate(groups)


def pooled(x: np.ndarray, taps: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int]) -> np.ndarray:
    """Return the sums of the windows of one map, (channels, height, width)."""
    import numpy as np

    x = np.pad(x, ((0, 0), (pad[0], pad[0]), (pad[1], pad[1])))
    windows = np.lib.stride_tricks.sliding_window_view(x, taps, axis=(1, 2))
    total: np.ndarray = windows[:, :: stride[0], :: stride[1]].sum(axis=(3, 4))
    return total


def _spread(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    import numpy as np

    value = np.asarray(value, dtype=np.float64)
    return value.reshape(shape) if value.size == int(np.prod(shape)) else np.broadcast_to(value, shape)


def _mixed(membrane: np.ndarray, synapse: np.ndarray, keep: np.ndarray, keep_current: np.ndarray, dt: float) -> Any:
    """What a unit of current that decays leaves in the potential after a timestep; equal time constants are a limit."""
    import numpy as np

    apart = synapse - membrane
    same = np.abs(apart) <= 1e-9 * membrane
    return np.where(same, dt / membrane * keep, synapse / np.where(same, 1.0, apart) * (keep_current - keep))
