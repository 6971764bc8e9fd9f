"""Who fires when: a short pass of integrate-and-fire neurons over a network, from rates or from a record of events.

Costs of a spiking network depend on how often its neurons fire, which no file says. Where nobody measured it, this
finds it: the network runs for some timesteps, with the weights and the neurons of a NIR file or with random weights,
and what fires is counted. Every spike counts 1 for one timestep; delays are whole timesteps. It is no training
framework: one sample, plain numpy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import ImportFormatError, UnsupportedError, UsageError, did_you_mean
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Role
from archsim.graph.work import Conv, Elementwise, MatMul, Move, Neuron, Reduce
from archsim.study.events import read_events
from archsim.study.neurons import Neurons, convolve, pooled

if TYPE_CHECKING:
    import numpy as np

    from archsim.frontends.nir.network import Node
    from archsim.frontends.nir.shapes import Planned

THRESHOLD: Final = 1.0
"""Of neurons of a graph without parameters; a spike over a synapse of weight w raises the potential by w."""
PREVIOUS: Final = "/previous"
"""Behind the name of neurons, the tensor that holds their spikes of the last timestep."""


@dataclass(frozen=True)
class Activity:
    """What fired.

    Attributes
    ----------
    rates : dict of str to float
        Spikes per neuron and timestep of all inputs and all neurons that fire, by name: what ``load_nir`` takes.
    spikes : dict of str to ndarray of uint8, (timesteps, neurons)
        The record, neurons in the order of the network's tensors: what `archsim.study.cores.core_table` takes.
    """

    rates: dict[str, float]
    spikes: dict[str, np.ndarray]


@dataclass
class _Layer:
    """One step of a pass: what it reads in this timestep and of the last one, and what it makes of their sum."""

    name: str
    inputs: Sequence[str]
    previous: Sequence[str]
    shape: tuple[int, ...]
    apply: Callable[[np.ndarray], np.ndarray]
    fires: bool = False


def lif_rates(
    source: Any,
    *,
    dt: float,
    steps: int,
    rates: float | Mapping[str, float] | None = None,
    events: Any = None,
    scale: float | None = None,
    tau: float = 20e-3,
    seed: int = 1,
) -> Activity:
    """Run a network for some timesteps and count what fires.

    Parameters
    ----------
    source : str, Path, nir.NIRGraph or Graph
        A ``.nir`` file or graph, which has weights and neurons, or a spiking graph, whose weights are drawn.
    dt : float
        Length of a timestep, in the unit of the network's time constants: s, or 1 where its exporter counts timesteps.
    steps : int
        Timesteps.
    rates : float or mapping of str to float
        Spikes per input and timestep, 0 to 1, drawn at random: one for all inputs, or one for each by name.
    events : str, Path, ndarray, or mapping of str to any of them
        Records of inputs in place of rates: a file of events, see `archsim.study.events`, or an array, (timesteps,
        neurons); without a name that of the only input.
    scale : float
        Of a graph: the drawn weights of a neuron with g synapses have the standard deviation scale / sqrt(g).
    tau : float
        Of a graph: time constant of its neurons, in the unit of `dt`.
    seed : int
        Of what is drawn: the same seed, the same spikes.

    Raises
    ------
    UsageError
        An argument that is missing, makes no sense, or does not fit the network.
    UnsupportedError
        A graph with something other than synapses, pools and neurons in it.
    ImportFormatError
        A file that is no NIR graph, or parameters no neuron can have.
    """
    import numpy as np

    for name, number in (("dt", dt), ("tau", tau)):
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < math.inf:
            raise UsageError(f"{name}={number!r}", hint="write a time above 0, in the unit of the time constants")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise UsageError(f"steps={steps!r}", hint="write a whole number of at least 1")
    random = np.random.default_rng(seed)
    if isinstance(source, Graph):
        if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 <= scale < math.inf:
            raise UsageError(
                f"scale={scale!r}", hint="a graph has no weights: give the scale of random ones, such as 1.0"
            )
        layers, inputs = _of_graph(source, float(dt), float(tau), float(scale), random)
    else:
        if scale is not None:
            raise UsageError(f"scale={scale!r}, and {source!r} has weights of its own", hint="leave scale out")
        layers, inputs = _of_nir(source, float(dt))
    given = _records(inputs, rates, events, steps, random)
    spikes = {name: record.astype(np.uint8) for name, record in _run(layers, inputs, given, steps).items()}
    return Activity({name: float(record.mean()) if record.size else 0.0 for name, record in spikes.items()}, spikes)


def _run(
    layers: Sequence[_Layer], inputs: Mapping[str, tuple[int, ...]], given: Mapping[str, np.ndarray], steps: int
) -> dict[str, np.ndarray]:
    import numpy as np

    found = dict(given)
    found |= {each.name: np.zeros((steps, math.prod(each.shape))) for each in layers if each.fires}
    shapes = {each.name: each.shape for each in layers} | dict(inputs)
    made = {name: np.zeros(shape) for name, shape in shapes.items()}
    for step in range(steps):
        last = {name: made[name] for each in layers for name in each.previous}
        for name, shape in inputs.items():
            made[name] = given[name][step].reshape(shape).astype(np.float64)
        for each in layers:
            arriving = [made[name] for name in each.inputs] + [last[name] for name in each.previous]
            total = arriving[0]
            for more in arriving[1:]:
                total = total + more.reshape(total.shape)
            made[each.name] = each.apply(total).reshape(each.shape)
            if each.fires:
                found[each.name][step] = made[each.name].ravel()
    return found


def _records(
    inputs: Mapping[str, tuple[int, ...]], rates: Any, events: Any, steps: int, random: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return spikes of all inputs, read or drawn."""
    import numpy as np

    names = list(inputs)
    recorded = _by_name("events", events, names)
    drawn = _by_name("rates", rates, [name for name in names if name not in recorded])
    missing = [name for name in names if name not in recorded and name not in drawn]
    if missing:
        raise UsageError(f"nothing says how {', '.join(map(repr, missing))} fires",
                         hint="give rates=0.05, or events='record.csv'")  # fmt: skip
    made: dict[str, np.ndarray] = {}
    for name, shape in inputs.items():
        neurons = math.prod(shape)
        if name in recorded:
            made[name] = _record(name, recorded[name], steps, neurons)
            continue
        rate = drawn[name]
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise UsageError(f"the rate of {name!r} is {rate!r}", hint="write spikes per timestep, 0 to 1")
        made[name] = (random.random((steps, neurons)) < rate).astype(np.uint8)
    return made


def _by_name(argument: str, value: Any, names: Sequence[str]) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        if argument == "events" and len(names) != 1:
            raise UsageError(f"events of one record for {len(names)} inputs", hint=f"name them: {', '.join(names)}")
        return dict.fromkeys(names, value)
    for name in value:
        if name not in names:
            hint = did_you_mean(str(name), names) or f"inputs are {', '.join(names)}"
            raise UsageError(f"{argument} names {name!r}, which is no input", hint=hint)
    return dict(value)


def _record(name: str, value: Any, steps: int, neurons: int) -> np.ndarray:
    import numpy as np

    if isinstance(value, str | Path):
        return read_events(value, steps=steps, neurons=neurons)
    record = np.asarray(value)
    if record.shape != (steps, neurons):
        raise UsageError(f"events of {name!r} have the shape {record.shape}",
                         hint=f"give ({steps}, {neurons}): timesteps, neurons")  # fmt: skip
    if record.dtype.kind not in "biuf" or not np.isin(record, (0, 1)).all():
        raise UsageError(f"events of {name!r} hold other values than 0 and 1", hint="write 1 where a neuron fires")
    return record.astype(np.uint8)


def _of_nir(source: Any, dt: float) -> tuple[list[_Layer], dict[str, tuple[int, ...]]]:
    from archsim.frontends.nir.network import flatten
    from archsim.frontends.nir.shapes import arriving, plan_all
    from archsim.frontends.nir.values import load_values

    described, values = load_values(source)
    nodes = flatten(described)
    try:
        planned = plan_all(nodes, 1)
        inputs: dict[str, tuple[int, ...]] = {}
        layers: list[_Layer] = []
        for node in nodes.values():
            shape = planned[node.name].shape
            if not node.inputs and not node.previous:
                if node.kind != "Input":
                    raise ImportFormatError(f"nothing leads to {node.name!r}", hint="connect it, or remove it")
                inputs[node.name] = shape
                continue
            own = values.get(node.name, {})
            apply, fires = _of_node(node, own, planned[node.name], arriving(node, nodes, planned) or shape, dt)
            layers.append(_Layer(node.name, node.inputs, node.previous, shape, apply, fires))
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ImportFormatError(f"the parameters of this NIR graph do not fit together: {error}") from error
    return layers, inputs


def _of_node(
    node: Node, values: Mapping[str, np.ndarray], planned: Planned, before: tuple[int, ...], dt: float
) -> tuple[Callable[[np.ndarray], np.ndarray], bool]:
    """Return what a NIR node does in a timestep, and whether it fires."""
    kind, work = node.kind, planned.work
    if isinstance(work, MatMul):
        return partial(_linear, weight=values["weight"].T, bias=values.get("bias")), False
    if isinstance(work, Conv):
        return partial(
            _mapped, work=work, weight=values["weight"].reshape(planned.layout), bias=values.get("bias")
        ), False
    if isinstance(work, Reduce):
        taps, stride, pad = (node.parameters.pair(key) for key in ("kernel_size", "stride", "padding"))
        share = 1.0 if kind == "SumPool2d" else 1.0 / work.window
        return lambda x: share * pooled(x, taps, stride, pad), False
    if kind == "Scale":
        return lambda x: x * values["scale"].reshape(x.shape if values["scale"].size == x.size else -1), False
    if kind == "Delay":
        return _Line(values["delay"], dt, before), False
    if kind in ("Flatten", "Input", "Output"):
        return lambda x: x, False
    for key in ("tau", "tau_mem", "tau_syn"):
        if key in values and not (values[key] > 0).all():
            raise ImportFormatError(f"{key} of {node.name!r} is {values[key].min()}", hint="a time constant is above 0")
    neurons = Neurons(kind, values, dt, planned.shape)
    return neurons.step, neurons.fires


class _Line:
    """Delays, each of a whole number of timesteps."""

    def __init__(self, delay: np.ndarray, dt: float, shape: tuple[int, ...]) -> None:
        import numpy as np

        self._late = np.broadcast_to(np.rint(delay / dt).astype(np.int64), shape) if delay.size == 1 else (
            np.rint(delay / dt).astype(np.int64).reshape(shape)
        )  # fmt: skip
        self._kept = np.zeros((int(self._late.max(initial=0)) + 1, *shape))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        import numpy as np

        self._kept = np.roll(self._kept, 1, axis=0)
        self._kept[0] = x.reshape(self._late.shape)
        found: np.ndarray = np.take_along_axis(self._kept, self._late[np.newaxis], axis=0)[0]
        return found


def _linear(x: np.ndarray, *, weight: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    made: np.ndarray = x.reshape(-1, len(weight)) @ weight
    return made if bias is None else made + bias


def _mapped(x: np.ndarray, *, work: Conv, weight: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    made = convolve(x.reshape(work.in_channels, work.in_height, work.in_width), weight, work)
    return made if bias is None or not bias.size else made + bias.reshape(-1, 1, 1)


def _of_graph(
    graph: Graph, dt: float, tau: float, scale: float, random: np.random.Generator
) -> tuple[list[_Layer], dict[str, tuple[int, ...]]]:
    """Return the layers of a spiking graph with random weights and neurons that leak; one sample."""
    tensors = graph.tensors
    if graph.items != 1:
        raise UsageError(f"{graph.name!r} is a batch of {graph.items:g}", hint="give a graph of one sample: batch=1")
    inputs = {name: each.shape for name, each in tensors.items() if each.role is Role.INPUT}
    layers: list[_Layer] = []
    neurons = {op.outputs[0] for op in graph.ops if isinstance(op.work, Neuron)}
    for op in graph.ops:
        read = [name for name in op.inputs if tensors[name].role not in (Role.WEIGHT, Role.STATE)]
        late = [name.removesuffix(PREVIOUS) for name in op.inputs if name.endswith(PREVIOUS)]
        late = [name for name in late if name in neurons]
        shape = tensors[op.outputs[0]].shape
        apply = _of_op(op, graph, dt, tau, scale, random)
        layers.append(_Layer(op.outputs[0], read, late, shape, apply, isinstance(op.work, Neuron) and op.work.rate > 0))
    return layers, inputs


def _of_op(
    op: Op, graph: Graph, dt: float, tau: float, scale: float, random: np.random.Generator
) -> Callable[[np.ndarray], np.ndarray]:
    import numpy as np

    work, tensors = op.work, graph.tensors
    shape = tensors[op.outputs[0]].shape
    kept = next((tensors[name].density for name in op.inputs if tensors[name].role is Role.WEIGHT), 1.0)

    def drawn(size: tuple[int, ...], synapses: int) -> np.ndarray:
        weight: np.ndarray = random.normal(0.0, scale / math.sqrt(max(1.0, synapses * kept)), size)
        return weight if kept == 1.0 else weight * (random.random(size) < kept)

    if isinstance(work, MatMul) and not work.dynamic and work.batch == 1:
        return partial(_linear, weight=drawn((work.k, work.n), work.k), bias=None)
    if isinstance(work, Conv):
        sizes = (work.out_channels, work.in_channels // work.groups, work.kernel_height, work.kernel_width)
        return partial(_mapped, work=work, weight=drawn(sizes, math.prod(sizes[1:])), bias=None)
    if isinstance(work, Neuron):
        rise = np.array(1.0 / -math.expm1(-dt / tau))
        values = {"tau": np.array(tau), "r": rise, "v_threshold": np.array(THRESHOLD)}
        return Neurons("LIF" if work.rate > 0 else "LI", values, dt, shape).step
    before = tensors[op.inputs[0]].shape
    if isinstance(work, Reduce) and len(before) == len(shape) == 4:
        taps = (before[2] // shape[2], before[3] // shape[3])
        share = 1.0 if work.function == "sum" else 1.0 / work.window
        return lambda x: share * pooled(x.reshape(before[1:]), taps, taps, (0, 0))
    if isinstance(work, Move) or (isinstance(work, Elementwise) and work.function == "add"):
        return lambda x: x
    raise UnsupportedError(f"{op.name!r} is a {work.kind}, which a pass of neurons does not have",
                           hint="make a spiking twin first: archsim.graph.spiking.spiking_twin")  # fmt: skip
