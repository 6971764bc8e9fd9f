"""From a NIR graph to ops: synapses that run every timestep, neurons that are updated in all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from archsim.errors import ImportFormatError, UsageError, did_you_mean
from archsim.frontends.nir.describe import describe
from archsim.frontends.nir.network import INTEGRATING, PASSING, SPIKING, SYNAPSES, Node, downstream, flatten
from archsim.frontends.nir.read import check_library, read_network
from archsim.frontends.nir.shapes import Planned, arriving, plan_all
from archsim.graph import Graph, GraphBuilder, Role, Tensor
from archsim.graph.functions import elementwise
from archsim.graph.work import Elementwise, Neuron, Reduce

_FORMATS: Final = {1: "binary", 2: "ternary", 4: "int4", 8: "int8", 16: "int16", 32: "int32"}

# Operations of one forward Euler step of the equations in nir's documentation, per neuron:
# I: v += (R dt) x.  LI: v += a (leak - v + R x).  Cuba...: in front of it s += c (w x - s).
# ...F: a comparison with the threshold and a choice of the reset value behind it.
_UPDATE: Final = {"I": 2.0, "LI": 5.0, "CubaLI": 9.0, "IF": 4.0, "LIF": 7.0, "CubaLIF": 11.0, "Threshold": 1.0}
"""Arithmetic of one neuron in one timestep, FLOP."""


def load_nir(
    source: Any,
    *,
    dt: float | None = None,
    steps: int | None = None,
    rates: float | Mapping[str, float] | None = None,
    weight_bits: int | None = None,
    state_bits: int = 16,
    batch: int = 1,
) -> Graph:
    """Read a spiking network.

    Parameters
    ----------
    source : str, Path or nir.NIRGraph
        A ``.nir`` file, or a graph in memory.
    dt : float
        Length of a timestep, second.
    steps : int
        Timesteps one sample takes.
    rates : float or mapping of str to float
        Spikes per neuron and timestep, 0 to 1: one for all inputs and spiking nodes, or one for each by name.
    weight_bits : int
        Width of a stored weight, bit.
    state_bits : int
        Width of a membrane potential and of a sum of currents, bit.
    batch : int
        Samples processed together.

    Raises
    ------
    UsageError
        An argument that is missing or makes no sense; NIR files do not say these things.
    ImportFormatError
        A file that is no NIR graph, or a graph that cannot be executed.
    MissingExtraError
        The `nir` package is not installed.
    """
    values = {"dt": dt, "steps": steps, "rates": rates, "weight_bits": weight_bits}
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise UsageError(f"a NIR graph does not say its {', '.join(missing)}", hint=_example(missing))
    for name, number in (("steps", steps), ("batch", batch)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise UsageError(f"{name}={number!r}", hint="write a whole number of at least 1")
    if isinstance(dt, bool) or not isinstance(dt, int | float) or not 0 < dt < math.inf:
        raise UsageError(f"dt={dt!r}", hint="write a time in seconds above 0, such as dt=1e-3")
    name, network = _network(source)
    nodes = flatten(network)
    setting = _Setting(float(dt), steps or 1, batch, _bits("weight_bits", weight_bits), _bits("state_bits", state_bits))
    try:
        return _Emitter(name, nodes, setting, _rates(rates, nodes)).build()
    except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError) as error:
        raise ImportFormatError(f"the parameters of this NIR graph do not fit together: {error}") from error


def _example(missing: list[str]) -> str:
    examples = {"dt": "dt=1e-3 (second)", "steps": "steps=100", "rates": "rates=0.05 or {'input': 0.1, 'lif': 0.05}",
                "weight_bits": "weight_bits=8"}  # fmt: skip
    return "give " + ", ".join(examples[name] for name in missing)


def _network(source: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(source, str | Path):
        return Path(source).stem, read_network(Path(source))
    check_library()
    if type(source).__name__ != "NIRGraph":
        raise UsageError(f"{type(source).__name__} is no NIR graph", hint="give a .nir file or a nir.NIRGraph")
    return "nir-graph", describe(source)


def _bits(name: str, bits: int | None) -> str:
    if bits not in _FORMATS:
        raise UsageError(f"{name}={bits!r}", hint=f"write one of {', '.join(map(str, _FORMATS))}")
    return _FORMATS[bits]


def _rates(rates: Any, nodes: dict[str, Node]) -> dict[str, float]:
    needed = [name for name, node in nodes.items() if node.kind in SPIKING or _is_source(node)]
    given = dict(rates) if isinstance(rates, Mapping) else dict.fromkeys(needed, rates)
    for name, rate in given.items():
        if name not in needed:
            hint = did_you_mean(str(name), needed) or f"rates are for {', '.join(needed)}"
            raise UsageError(f"rates names {name!r}, which neither spikes nor is an input", hint=hint)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise UsageError(f"the rate of {name!r} is {rate!r}", hint="write spikes per timestep, 0 to 1")
    missing = [name for name in needed if name not in given]
    if missing:
        raise UsageError(f"rates does not say how often {', '.join(map(repr, missing))} fires")
    return {name: float(rate) for name, rate in given.items()}


def _is_source(node: Node) -> bool:
    return node.kind == "Input" and not node.inputs and not node.previous


@dataclass(frozen=True)
class _Setting:
    """What the file does not say."""

    dt: float
    steps: int
    batch: int
    weights: str
    sums: str


class _Emitter:
    """Turns the nodes into ops, one after the other."""

    def __init__(self, name: str, nodes: dict[str, Node], setting: _Setting, rates: dict[str, float]) -> None:
        self._setting = setting
        self._nodes = nodes
        self._rates = rates
        self._readers = downstream(nodes)
        self._planned: dict[str, Planned] = {}
        self._made: dict[str, Tensor] = {}
        self._kept: dict[str, Tensor] = {}
        parameters = {"dt": setting.dt, "steps": setting.steps, "batch": setting.batch}
        parameters |= {f"rate/{node}": rate for node, rate in rates.items()}
        self._b = GraphBuilder(name, dtype=setting.weights, items=setting.batch, item="sample", parameters=parameters)

    def build(self) -> Graph:
        self._planned = plan_all(self._nodes, self._setting.batch)
        for node in self._nodes.values():
            self._made[node.name] = self._emit(node)
            if node.kind == "Output" and not self._readers[node.name]:
                self._b.output(self._made[node.name])
        return self._b.build()

    def _emit(self, node: Node) -> Tensor:
        planned = self._planned[node.name]
        if _is_source(node):
            density = self._rates[node.name]
            shape = (self._setting.batch, *planned.shape)
            return self._b.tensor(node.name, shape, Role.INPUT, dtype="binary", density=density, structure="temporal")
        x = self._input(node)
        shape = (self._setting.batch, *planned.shape)
        if node.passes or node.kind == "Flatten":
            return self._b.reshape(x, shape) if math.prod(shape) == x.elements else x
        if node.kind in SYNAPSES:
            return self._synapses(node, planned, x, shape)
        if node.kind in SPIKING | INTEGRATING:
            return self._neurons(node, x, shape)
        if isinstance(planned.work, Reduce):
            return self._pool(node, planned, x, shape)
        inputs, format_of = [x], x.dtype
        if node.kind == "Scale":
            inputs.append(self._weight(node, planned))
            format_of = self._setting.sums
        elif node.kind == "Delay":
            inputs.append(self._line(node, x))
        work = planned.work or Elementwise("cast", x.elements)
        density = x.density if node.kind == "Delay" else 1.0
        return self._b.op(node.name, work, inputs, shape, dtype=format_of, steps=self._setting.steps, density=density)

    def _pool(self, node: Node, planned: Planned, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Add up windows; where they lie apart, spikes pass one by one, under the address of their window."""
        work, density, structure, sources = planned.work, 1.0, "dense", 1
        if work is None:
            raise ImportFormatError(f"{node.name!r} has no work")
        if planned.apart and x.structure == "temporal" and isinstance(work, Reduce):
            density, structure = 1.0 - (1.0 - x.density) ** work.window, "temporal"
            sources = x.sources * work.window
        return self._b.op(node.name, work, [x], shape, dtype=self._setting.sums, density=density, structure=structure,
                          sources=sources, steps=self._setting.steps)  # fmt: skip

    def _input(self, node: Node) -> Tensor:
        """Everything that arrives, added up; spikes of the last timestep come from a state tensor."""
        read = [self._made[name] for name in node.inputs] + [self._last(name) for name in node.previous]
        if not read:
            raise ImportFormatError(f"nothing leads to {node.name!r}", hint="connect it, or remove it")
        first, *rest = read
        if not rest:
            return first
        if any(tensor.elements != first.elements for tensor in rest):
            shapes = ", ".join(str(tensor.shape[1:]) for tensor in read)
            raise ImportFormatError(f"what arrives at {node.name!r} has different shapes: {shapes}")
        cost = elementwise("add")
        work = Elementwise("add", first.elements, cost.flops * len(rest), cost.special)
        return self._b.op(f"{node.name}/sum", work, read, first.shape, dtype=self._setting.sums,
                          steps=self._setting.steps)  # fmt: skip

    def _last(self, name: str) -> Tensor:
        if name not in self._kept:
            spiking = self._nodes[name].kind in SPIKING
            self._kept[name] = self._b.tensor(
                f"{name}/previous",
                (self._setting.batch, *self._planned[name].shape),
                Role.STATE,
                dtype="binary" if spiking else self._setting.sums,
                density=self._rates.get(name, 1.0),
                structure="temporal" if spiking else "dense",
            )
        return self._kept[name]

    def _synapses(self, node: Node, planned: Planned, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        inputs = [x, self._weight(node, planned)]
        if planned.bias:
            inputs.append(self._b.weight(f"{node.name}/bias", (planned.shape[-1 if node.kind == "Affine" else 0],)))
        if planned.work is None:
            raise ImportFormatError(f"{node.name!r} has no work")
        return self._b.op(node.name, planned.work, inputs, shape, dtype=self._setting.sums, steps=self._setting.steps)

    def _weight(self, node: Node, planned: Planned) -> Tensor:
        density = planned.weight.density if planned.weight else 1.0
        structure = "dense" if density == 1 else "uniform"
        return self._b.weight(f"{node.name}/weight", planned.layout, density=density, structure=structure)

    def _line(self, node: Node, x: Tensor) -> Tensor:
        """What a delay keeps: one copy of its input for each timestep of the longest delay."""
        longest = node.parameters.array("delay").largest
        if not 0 <= longest < 1e9:
            raise ImportFormatError(f"{node.name!r} delays by {longest} s")
        length = max(math.ceil(longest / self._setting.dt - 1e-9), 1)
        return self._b.tensor(f"{node.name}/line", (length, *x.shape), Role.STATE, dtype=x.dtype, density=x.density)

    def _neurons(self, node: Node, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        rate = self._rates.get(node.name, 0.0)
        elements = math.prod(shape)
        inputs = [x]
        copies = {"Threshold": 0, "CubaLI": 2, "CubaLIF": 2}.get(node.kind, 1)
        if copies:  # current-based neurons keep a synaptic current beside the potential
            size = shape if copies == 1 else (copies, *shape)
            inputs.append(self._b.state(f"{node.name}/membrane", size, dtype=self._setting.sums))
        work = Neuron(elements, self._setting.steps, rate, self._fan_out(node), _UPDATE[node.kind])
        if node.kind in INTEGRATING:
            return self._b.op(node.name, work, inputs, shape, dtype=self._setting.sums)
        return self._b.op(node.name, work, inputs, shape, dtype="binary", density=rate, structure="temporal")

    def _fan_out(self, node: Node) -> int:
        """Synapses one spike reaches, rounded: on the way it may pass pools, delays and views."""
        total, seen = 0.0, {node.name}
        waiting = [(name, 1.0) for name in self._readers[node.name]]
        while waiting:
            name, share = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            reader, planned = self._nodes[name], self._planned[name]
            before = arriving(reader, self._nodes, self._planned) or planned.shape
            if reader.kind in SYNAPSES and planned.work is not None:
                synapses = planned.work.macs * (planned.weight.density if planned.weight else 1.0)
                total += share * synapses / (self._setting.batch * math.prod(before))
            elif reader.kind in SPIKING | INTEGRATING:
                total += share
            elif reader.kind in PASSING or reader.passes:
                if isinstance(planned.work, Reduce):  # overlapping windows multiply a spike, skipped pixels lose it
                    share *= planned.work.flops / (self._setting.batch * math.prod(before))
                waiting += [(after, share) for after in self._readers[name]]
        return round(total)
