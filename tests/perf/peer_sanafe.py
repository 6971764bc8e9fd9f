"""Build and run the gesture network of test_perf_spiking.py in SANA-FE on its Loihi; prints JSON.

Run by an interpreter that has it (pip install sanafe==2.2.9) with the number of timesteps as argument. Weights are 0:
every neuron fires by its bias alone, each twentieth timestep. Times in s: import, building, loading, running.
"""

import json
import sys
import time

START = time.perf_counter()
import sanafe  # noqa: E402

imported = time.perf_counter() - START
STEPS, PERIOD, PER_CORE = int(sys.argv[1]), 20, 256
MAPS = [(32, 1), (30, 16), (14, 16), (6, 64)]
WINDOWS = [(1, 32, 16, 3, 1), (16, 30, 16, 4, 2), (16, 14, 64, 3, 2)]
start = time.perf_counter()
chip_file = sanafe.load_loihi()
network = sanafe.Network()
cores = [core for tile in chip_file.tiles for core in tile.cores]
groups, at = [], 0
for index, neurons in enumerate([side * side * channels for side, channels in MAPS] + [11]):
    group = network.create_neuron_group(
        f"layer{index}", neurons, {"threshold": PERIOD - 0.5, "reset": 0.0, "bias": 1.0},
        default_synapse_hw_name="loihi_conv_synapse" if index < len(MAPS) else "loihi_dense_synapse",
        soma_hw_name="loihi_lif",
    )  # fmt: skip
    for number, neuron in enumerate(group.neurons):
        neuron.map_to_core(cores[at + number // PER_CORE])
    at += -(-neurons // PER_CORE)
    groups.append(group)
for index, (channels, size, outputs, kernel, stride) in enumerate(WINDOWS):
    weights = [0.0] * (kernel * kernel * channels * outputs)
    groups[index].connect_neurons_conv2d(
        groups[index + 1], {"weight": weights}, size, size, channels, kernel, kernel, outputs, stride, stride
    )
groups[3].connect_neurons_dense(groups[4], {"weight": [0.0] * (2304 * 11)})
built = time.perf_counter() - start
start = time.perf_counter()
chip = sanafe.SpikingChip(chip_file)
chip.load(network)
loaded = time.perf_counter() - start
start = time.perf_counter()
found = chip.sim(STEPS, timing_model="simple", processing_threads=1)
ran = time.perf_counter() - start
print(json.dumps({"import": imported, "build": built, "load": loaded, "run": ran, "spikes": found["spikes"],
                  "energy": found["energy"]["total"] if isinstance(found["energy"], dict) else found["energy"],
                  "detail": found["energy"], "time": found["sim_time"]}, default=str))  # fmt: skip
