"""Run SCALE-Sim on the two files of a folder; prints JSON: the seconds it took without imports, and its three reports.

Run by an interpreter that has it (pip install scalesim==3.0.0 'numpy<2') with the folder as argument.
"""

import contextlib
import io
import json
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
with contextlib.redirect_stdout(io.StringIO()):
    from scalesim.scale_sim import scalesim

    start = time.perf_counter()
    topology = str(folder / "topology.csv")
    run = scalesim(save_disk_space=True, verbose=False, config=str(folder / "scale.cfg"), topology=topology,
                   layout=topology, input_type_gemm=False)  # fmt: skip
    run.run_scale(top_path=str(folder / "simulated"))
    wall = time.perf_counter() - start
reports = {path.name: path.read_text() for path in (folder / "simulated").rglob("*_REPORT.csv")}
print(json.dumps({"wall": wall, "reports": reports}))
