"""The first TPU: where its cycles go, what it reaches, and what would have made it faster.

Figures 5 to 8 and 11, tables 2 to 4 of: Jouppi et al. 2017, In-Datacenter Performance Analysis of a Tensor Processing
Unit (arXiv:1704.04760).

What should be seen: an array of 65,536 multipliers that its weight memory feeds only from 1,350 MACs per byte on. MLPs
and LSTMs, which meet each weight once per item of the batch, wait for weights more than half of all cycles; CNN0 meets
each 2,888 times and is near the peak. So four times the memory's bandwidth is worth nearly four to MLP and LSTM, four
times the clock nothing to them, and an array four times as large makes everything slightly slower, since tiles fill
worse. Google's own model of the same counters was off by 5.4 to 11.2 %, 8 % in the mean.

Assumptions: layer sizes were never published. Each application is made of equal layers from its weights, layers, batch
and operations per byte of weights; CNN1, half of whose tiles are empty, cannot be made that way and is left out. Cycles
outside products, and the host's time, are taken as published. Where the paper only has words, the limits are how they
are read here. The K80 is drawn at the clock and bandwidth of its description, 1.5 times those the paper ran it at.

What the TPU does for each watt, 17 to 34 times what the CPU does and 14 to 16 times the GPU, is the paper's speed
(geometric to weighted mean of six applications) over the power its servers were provisioned for, shared by their dies:
the rows marked "of its own table" repeat that. archsim's are over the three applications that can be made, with the
batch of MLP0's table on CPU and GPU for all of them, since theirs was not published.

Known misses: the mean gain of four times the bandwidth is 2.5 over these three, where the paper says about 3 over its
six. A K80 runs MLP0 35 % slower than measured where 25 % were aimed for. Against the CPU, LSTM0
is predicted 3.4 times as far ahead as published, and CNN0 against the K80 0.4 times: not scored, since neither their
batch nor their layers there were published. Drawn power above that at rest is proportional to load
here, so that at a tenth of the load less is drawn than the 88 % of full power that were measured.

Run: python examples/tpu_v1.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from statistics import geometric_mean
from typing import Any

import archsim as a
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, MARKERS, canvas
from archsim.report.figures.panels import finish, stacks
from archsim.report.roofs import roofs
from archsim.validation import read_dataset
from archsim.validation.checks import tpu_apps, tpu_latency
from archsim.validation.machines import Machines

FAST = os.environ.get("ARCHSIM_FAST") == "1"
TERA = 1e12
MACHINES = {
    "TPU": ("tpu-v1", "int8", 1350), "Haswell": ("xeon-e5-2699-v3", "fp32", 13), "K80": ("tesla-k80", "fp32", 9),
}  # fmt: skip
"""Description, number format, and ridge: MACs per byte of weights where memory stops to limit."""
LIMITS = {"MLP": (0.10, 3.0), "LSTM": (0.20, 5.0), "CNN": (0.10, 5.0)}
"""Tolerance of the rate, and of shares of the cycles, points."""
ROOFS = {"MLP0": 13.6, "LSTM0": 4.35}
K80_FLOOR = 0.36
"""How far MLP0 on a K80 may be off, a known miss: a floor, no target."""
MEANS = {"CPU": (14.5, 29.2), "GPU": (14.5 / 1.1, 29.2 / 1.9)}
"""TPU over others, a die: geometric and weighted mean of six applications."""
PER_WATT = {"CPU": (17.0, 34.0), "GPU": (14.0, 16.0)}
"""The same, over provisioned power."""
NAMES = {"CPU": "Haswell", "GPU": "NVIDIA K80", "TPU": "TPU"}
BATCH = 16
"""Of MLP0 on CPU and GPU within 7 ms."""
KINDS = {
    "memory": ("memory.dram.bandwidth",), "clock": ("clock",), "clock+": ("clock", "array.accumulators"),
    "matrix": ("array.rows", "array.columns"), "matrix+": ("array.rows", "array.columns", "array.accumulators"),
}  # fmt: skip
"""What figure 11 scales; with a plus, accumulators as well."""
SCALES = (1, 4) if FAST else (0.25, 0.5, 1, 2, 4)
GRAPHICS_MEMORY = 46e12 / 250 / 34e9
"""Bandwidth of the paper's TPU with GDDR5, whose ridge is 250 MACs per byte, over that of the TPU."""
SERIES = (*COLOURS[2:6], COLOURS[7])
PICTURE = "tpu_v1.png"
Lines = dict[str, tuple[float, float]]


def machines() -> tuple[list[Claim], Lines]:
    """Return the ridges, and by machine its peak, OP/s, and bandwidth, B/s."""
    rows, lines = [], {}
    for title, (name, dtype, ridge) in MACHINES.items():
        builder = a.GraphBuilder("product", dtype=dtype)
        builder.linear(builder.input("x", (4096, 4096)), 4096, bias=False)
        found = roofs(a.evaluate(builder.build(), a.hardware(name)))
        lines[title] = max(found.peaks.values()), found.bandwidth
        rows.append(Claim(f"{title}: ridge", lines[title][0] / 2.0 / found.bandwidth, ridge, "MAC/B", 0.05))
    return rows, lines


def applications() -> tuple[list[Claim], dict[str, dict[str, float]], dict[tpu_apps.App, tuple[float, float]]]:
    """Return rates and shares of cycles, the shares of the picture, and rates by application: predicted, measured."""
    chip, rows, bars, rates = a.hardware("tpu-v1"), [], {}, {}
    for row in read_dataset("tpu_v1_apps").rows:
        if row.cells["app"] in tpu_apps.UNKNOWN:
            continue
        app = tpu_apps.read_app(row)
        result = tpu_apps.run(app, chip)
        tolerance, points = LIMITS[app.name.rstrip("0123456789")]
        rates[app] = tpu_apps.rate(result), float(row.cells["tops_measured"])
        rows.append(Claim(f"{app.name}: rate", *rates[app], "TOP/s", tolerance,
                          note=f"Google's model: {row.cells['perf_model_error_pct']} %"))  # fmt: skip
        if app.name in ROOFS:
            roof = 2.0 * app.batch * app.pixels * chip.spec.memory[0].bandwidth / TERA
            rows.append(Claim(f"{app.name}: roof of the memory", roof, ROOFS[app.name], "TOP/s", 0.01))
        outside = float(row.cells["nonmatrix_pct"])
        for which, by in enumerate(("archsim", "paper")):
            bars[f"{app.name}, {by}"] = {"outside products": outside}
            for column, pair in tpu_apps.shares(row, result).items():
                bars[f"{app.name}, {by}"][column.removesuffix("_pct").replace("_", " ")] = pair[which]
        for column, (made, said) in tpu_apps.shares(row, result).items():
            what = f"{app.name}: {column.removesuffix('_pct').replace('_', ' ')}"
            rows.append(Claim(what, made, said, "%", points=points))
    return rows, bars, rates


def platforms() -> list[Claim]:
    """Return inferences a second of MLP0 within 7 ms, and how many times those of the CPU the TPU does."""
    rows, found = [], {}
    for row in read_dataset("tpu_v1_latency_throughput_mlp0").rows:
        name, made, said = tpu_latency.throughput(row, Machines())
        found.setdefault(name, (made, said))
        floor = K80_FLOOR if name == "GPU" else None
        rows.append(Claim(f"MLP0, {name}, batch {row.cells['batch']}", made, said, "1/s", 0.25, floor=floor))
    ratio = [tpu / cpu for tpu, cpu in zip(found["TPU"], found["CPU"], strict=True)]
    return [*rows, Claim("MLP0, TPU over CPU", *ratio, "x", 0.25)]


def watts() -> dict[str, float]:
    """Return the power provisioned for a die: its share of the server's, W."""
    dies = {row.cells["platform"]: row.cells for row in read_dataset("tpu_v1_platforms").rows}
    found = {}
    for platform, name in NAMES.items():
        (cells,) = (each for title, each in dies.items() if title.startswith(name))
        found[platform] = float(cells["server_tdp_W"]) / float(cells["dies_per_server"])
    return found


def speeds() -> dict[str, dict[str, tuple[float, float]]]:
    """Return by platform and application how many times faster a die of the TPU is: predicted, published."""
    chip, others = a.hardware("tpu-v1"), {name: tpu_latency.PLATFORMS[name] for name in MEANS}
    found: dict[str, dict[str, tuple[float, float]]] = {name: {} for name in others}
    for row in read_dataset("tpu_v1_apps").rows:
        if row.cells["app"] in tpu_apps.UNKNOWN:
            continue
        app = tpu_apps.read_app(row)
        outside, host = (float(row.cells[column]) / 100.0 for column in ("nonmatrix_pct", "host_io_pct"))
        time = tpu_apps.run(app, chip).latency / (1.0 - outside) * (1.0 + host) / app.batch
        over_cpu = {name: float(row.cells[f"rel_perf_{name.lower()}_vs_cpu"]) for name in ("TPU", "GPU")} | {"CPU": 1.0}
        for name, (machine, dtype) in others.items():
            other = a.evaluate(replace(app, batch=BATCH).graph(dtype), a.hardware(machine)).latency / BATCH
            found[name][app.name] = other / time, over_cpu["TPU"] / over_cpu[name]
    return found


def efficiencies() -> tuple[list[Claim], dict[str, tuple[float, tuple[float, float]]]]:
    """Return how far the TPU is ahead, and for each watt: rows, and of the latter archsim's and the paper's."""
    rows, bars, power = [], {}, watts()
    for name, by_app in speeds().items():
        rows += [Claim(f"{app} on a die, TPU over {name}", *pair, "x", note="batches of the others are not published")
                 for app, pair in by_app.items()]  # fmt: skip
        made, said = (geometric_mean(each) for each in zip(*by_app.values(), strict=True))
        saved = power[name] / power["TPU"]
        low, high = (mean * saved for mean in MEANS[name])
        bars[name] = made * saved, PER_WATT[name]
        rows += [
            Claim(f"TPU over {name}, mean of these three", made, said, "x", note="as above"),
            Claim(f"TPU over {name}, geometric to weighted mean", made, MEANS[name], "x", note="three against six"),
            Claim(f"TPU over {name}, for each watt", made * saved, PER_WATT[name], "x",
                  note="three against six"),
            Claim(f"TPU over {name}, for each watt: least", low, PER_WATT[name][0], "x", note="of its own table"),
            Claim(f"TPU over {name}, for each watt: most", high, PER_WATT[name][1], "x", note="of its own table"),
        ]  # fmt: skip
    return rows, bars


def changes(apps: list[tpu_apps.App]) -> tuple[list[Claim], dict[str, list[float]]]:
    """Return what is said of other TPUs, and mean speed-ups by what is scaled."""
    chip, rows = a.hardware("tpu-v1"), []
    curves = {kind: [geometric_mean(tpu_apps.gains(apps, chip, dict.fromkeys(paths, scale)).values())
                     for scale in SCALES] for kind, paths in KINDS.items()}  # fmt: skip
    by_app = {kind: tpu_apps.gains(apps, chip, dict.fromkeys(KINDS[kind], 4)) for kind in ("memory", "clock")}
    for app in apps:
        if app.name in ROOFS:
            rows.append(Claim(f"{app.name}: memory x 4", by_app["memory"][app], 3.0, "x", note="about, in the mean"))
            rows.append(Claim(f"{app.name}: clock x 4", by_app["clock"][app], (1.0, 1.1), "x", 0.0,
                              note="little benefit, in words"))  # fmt: skip
    twice = geometric_mean(tpu_apps.gains(apps, chip, dict.fromkeys(KINDS["matrix"], 2)).values())
    gddr = geometric_mean(tpu_apps.gains(apps, chip, {"memory.dram.bandwidth": GRAPHICS_MEMORY}).values())
    rows += [
        Claim("mean: memory x 4", curves["memory"][-1], 3.0, "x", note="three of six applications"),
        Claim("mean: array of 512 x 512", twice, (0.9, 1.0), "x", 0.0, note="slightly worse, in words"),
        Claim("mean: memory of a ridge of 250", gddr, (2.6, 3.9), "x", note="host's time not in it"),
    ]
    busiest = max((tpu_apps.run(app, chip) for app in apps), key=lambda result: result.power)
    idle = float(chip.spec.power.idle)
    low = (idle + 0.1 * (busiest.power - idle)) / busiest.power
    return [*rows, Claim("power at a tenth of the load over full", low, 0.88, "x", note="known miss")], curves


def main(target: str | Path = PICTURE) -> None:
    """Print published and predicted numbers, draw, and fail where one is outside its limit."""
    (ridges, lines), (measured, bars, rates) = machines(), applications()
    changed, curves = changes(list(rates))
    ahead, watt = efficiencies()
    rows = [*ridges, *measured, *platforms(), *ahead, *changed]
    print(claims(rows))
    print(f"drawn to {save(draw(lines, bars, rates, curves, watt), target)}")
    if wrong := missed(rows):
        sys.exit(wrong)


def draw(lines: Lines, bars: Any, rates: Any, curves: dict[str, list[float]], watt: Any) -> Any:
    """Draw the rooflines with the applications, where cycles go, what scaling gains, and what a watt does."""
    figure, (left, middle, right, last) = canvas(11.0, 8.2, 2, rows=2)
    for index, (title, (peak, bandwidth)) in enumerate(lines.items()):
        x = [1.0, peak / 2.0 / bandwidth, 1e4]
        left.plot(x, [min(peak, 2.0 * each * bandwidth) / TERA for each in x], color=COLOURS[2 + index], label=title)
    for index, (app, (made, said)) in enumerate(rates.items()):
        at, marker = app.batch * app.pixels, MARKERS[index + 2]
        left.plot(at, said, marker, color=COLOURS[1], markersize=6, label=f"{app.name}, measured")
        left.plot(at, made, marker, color=COLOURS[0], markersize=9, fillstyle="none", label=f"{app.name}, archsim")
    left.set(xscale="log", yscale="log", xlabel="intensity (MACs per byte of weights)", ylabel="rate (TOP/s)")
    finish(left, "rooflines", "upper left")
    stacks(middle, bars, xlabel="share of all cycles (%)", title="where the cycles of the TPU go", columns=4, first=2)
    for index, (kind, gains) in enumerate(curves.items()):
        plus = kind.endswith("+")  # where accumulators do not matter, their line lies on the other
        right.plot(SCALES, gains, f"{'--' if plus else '-'}{MARKERS[index]}", color=SERIES[index],
                   markersize=7 if plus else 4, fillstyle="none" if plus else "full", label=kind)  # fmt: skip
    right.set(xscale="log", xlabel="scale of what is changed", ylabel="speed-up, mean of the applications")
    right.set_xticks(SCALES, [f"{scale:g}" for scale in SCALES])
    right.minorticks_off()
    finish(right, "other TPUs")
    for at, (made, (low, high)) in enumerate(watt.values()):
        last.bar(at - 0.2, made, 0.36, color=COLOURS[0], label=None if at else "archsim, mean of three applications")
        last.bar(at + 0.2, high - low, 0.36, low, color=COLOURS[1], label=None if at else "published, means of six")
        last.annotate(f"{made:.0f}", (at - 0.2, made), (0, 2), textcoords="offset points", ha="center", fontsize=8)
        last.annotate(f"{low:.0f} to {high:.0f}", (at + 0.2, high), (0, 2), textcoords="offset points", ha="center",
                      fontsize=8)  # fmt: skip
    last.set_xticks(range(len(watt)), [f"over {NAMES[name]}" for name in watt])
    last.set(ylabel="times the inferences for each watt", xlim=(-0.6, len(watt) - 0.4), ylim=(0.0, 42.0))
    finish(last, "TPU, power as provisioned", "upper right")
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:2])
