"""Ask GenZ for one layer of GPT-3 on four A100, with memory enough for all 96; prints JSON.

Run by an interpreter that has it (pip install genz-llm). Times in s: of a prefill of 8 sequences of 2048, of one
decoding step of 8 at a cache of 3072, both of one layer, and of what it took to import GenZ and to find both.
"""

import contextlib
import io
import json
import time
import warnings

warnings.filterwarnings("ignore")
START = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    from GenZ import System, decode_moddeling, prefill_moddeling

    imported = time.perf_counter() - START
    LAYERS = 96
    chip = System(flops=312, offchip_mem_bw=2039, off_chip_mem_size=1e6, interchip_link_bw=300,
                  interchip_link_latency=2, compute_efficiency=1, memory_efficiency=1,
                  comm_efficiency=1, bits="bf16", num_nodes=4)  # fmt: skip
    common = {"model": "gpt-3", "batch_size": 8, "system_name": chip, "bits": "bf16", "tensor_parallel": 4}
    times = []
    for _ in range(3):
        start = time.perf_counter()
        prefill = prefill_moddeling(input_tokens=2048, **common)["Latency"]
        decode = decode_moddeling(input_tokens=3072, output_tokens=1, Bb=1, **common)["Latency"]
        times.append(time.perf_counter() - start)
MILLISECOND = 1e-3
print(json.dumps({"prefill": prefill * MILLISECOND / LAYERS, "decode": decode * MILLISECOND / LAYERS,
                  "import": imported, "wall": min(times)}))  # fmt: skip
