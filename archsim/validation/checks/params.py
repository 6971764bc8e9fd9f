"""Published constants of neuromorphic chips beside those of the shipped descriptions that were set from them."""

from __future__ import annotations

from typing import Any, Final

from archsim.arch.columns import place_of
from archsim.errors import ArchsimError
from archsim.io.hardware import load_hardware
from archsim.units import parse
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

MACHINES: Final = {
    "Loihi1_davies2018": "loihi1-davies2018", "Loihi1_measured": "loihi1-sanafe", "Loihi1_sanafe": "loihi1-sanafe",
    "TrueNorth": "truenorth", "ODIN": "odin", "Darwin3": "darwin3", "KerasSpiking:spinnaker2_prototype": "spinnaker2",
}  # fmt: skip
LEAVES: Final = {
    "E_synop_min": "synapse.dense.energy", "E_neuron_inactive": "neuron.access.energy",
    "E_hop_EW": "mesh.across.energy", "E_hop_NS": "mesh.along.energy", "E_stdp_update": "learning.energy",
    "t_synop_max": "synapse.dense.time", "t_stdp_update": "learning.time",
    "t_neuron_inactive": "neuron.access.time", "t_hop_EW": "mesh.across.time", "t_hop_NS": "mesh.along.time",
    "t_barrier_1tile": "timestep.barrier[0].time", "cores": "cores", "neurons_per_core": "limits.neurons",
    "axons_in_per_core": "limits.axons_in", "axons_out_per_core": "limits.axons_out",
    "weight_bits_min": "limits.least_bits", "weight_bits_max": "limits.most_bits",
    "spike_message_bits": "message.bits", "die_area": "process.area", "node": "process.node",
    "P_static_per_chip": "power.idle", "E_synapse_dense": "synapse.dense.energy",
    "E_synapse_sparse": "synapse.sparse.energy", "E_synapse_conv": "synapse.conv.energy",
    "t_synapse_dense": "synapse.dense.time", "t_synapse_sparse": "synapse.sparse.time",
    "t_synapse_conv": "synapse.conv.time", "E_neuron_access": "neuron.access.energy",
    "E_neuron_update": "neuron.update.energy", "E_spike_out": "neuron.fire.energy",
    "t_neuron_access": "neuron.access.time", "t_neuron_update": "neuron.update.time",
    "t_spike_out": "neuron.fire.time", "E_message_out": "message.sent.energy", "t_message_out": "message.sent.time",
    "t_message_in": "message.received.time", "t_sync_1tile": "timestep.barrier[0].time",
    "t_sync_2tiles": "timestep.barrier[1].time", "t_sync_4tiles": "timestep.barrier[2].time",
    "t_sync_29tiles": "timestep.barrier[3].time", "mesh_width": "mesh.width", "mesh_height": "mesh.height",
    "cores_per_tile": "mesh.cores", "link_buffer": "mesh.buffer", "E_event_marginal_0.8V": "synapse.dense.energy",
    "P_static_0.8V": "power.idle", "tick": "timestep.tick", "neurons": "limits.neurons", "area": "process.area",
    "P_leak_0.55V": "power.idle", "E_SOP_incremental": "synapse.dense.energy", "E_SOP": "synapse.dense.energy",
    "E_synop": "synapse.dense.energy",
}  # fmt: skip
COUNTED: Final = frozenset({"tiles", "messages", "timesteps", "cycle", "bit"})
"""Units of whole numbers."""


@check(
    "params.csv",
    topic="neuromorphic",
    family="spiking",
    columns=("set", "quantity", "value", "unit"),
    title="Published constants of neuromorphic chips, and those the descriptions carry",
)
def params(dataset: Dataset) -> list[Outcome]:
    """Show each published constant beside the leaf that was set from it."""
    tally = Tally()
    for row in dataset.rows:
        try:
            machine, quantity = text(row, "set"), text(row, "quantity")
            if machine not in MACHINES or quantity not in LEAVES:
                tally.skip("not carried", "a constant that no description carries as it stands", row.line)
                continue
            tally.anchor(MACHINES[machine], _anchor(row, MACHINES[machine], LEAVES[quantity], quantity))
        except SkipRow as skip:
            tally.skip("not carried", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: Target("mape", 0.0))


def _anchor(row: Row, machine: str, path: str, quantity: str) -> Anchor:
    node: Any = load_hardware(machine).spec
    place = place_of(node, path)
    for step in place.path:
        node = node[step] if isinstance(step, int) else getattr(node, step)
    unit = row.cells.get("unit", "").strip()
    value = positive(row, "value")
    if unit and unit not in COUNTED and place.column.quantity is not None:
        try:
            value = parse(f"{value!r} {unit}", place.column.quantity.dimension)
        except ArchsimError as error:
            raise SkipRow(f"the unit {unit!r} is not known") from error
    return Anchor(quantity, float(node), value)
