"""A processor that exists on paper only: its files below a folder, and a bench that computes its times."""

from __future__ import annotations

from pathlib import Path

from archsim.study.this_machine import Cache, Host, Load, Timing

HOST = Host(
    model="Paper CPU", identity=("GenuineIntel", 6, 63), flags=frozenset({"avx2", "fma"}), cpus=(0, 1, 2, 3), logical=8,
    quota=float("inf"), memory=16 * 2**30, available=8 * 2**30,
    caches=(Cache(1, 32 * 2**10, 4, 64), Cache(2, 256 * 2**10, 4, 64), Cache(3, 8 * 2**20, 1, 64)),
)  # fmt: skip
QUIET = Load(0.1, 0.02)
CROWDED = Load(1.4, 0.9)
CLOCK = 3.0e9
RATES = {"l1": 90e9, "l2": 45e9, "l3": 24e9, "dram": 9e9}
"""What one core draws, B/s; four cores draw four times that, and from main memory twice."""
LATENCIES = {"l1": 1.5e-9, "l2": 4e-9, "l3": 16e-9, "dram": 80e-9}


def level(size: float, usable: float = 8 * 2**20) -> str:
    """Return where a working set of one core lies."""
    for name, capacity in (("l1", 32 * 2**10), ("l2", 256 * 2**10), ("l3", usable)):
        if size <= capacity:
            return name
    return "dram"


class PaperBench:
    """Times of the paper machine: exact, or `variation` apart.

    Attributes
    ----------
    usable : float
        Of the last cache, B.
    times : dict
        Of samples, by op and shape, s; others take a millisecond.
    """

    def __init__(self, usable=8 * 2**20, times=None, variation=0.01):
        self.usable, self.times, self.variation = usable, times or {}, variation
        self.asked = []

    def _timing(self, seconds):
        self.asked.append(seconds)
        return Timing(seconds, self.variation, 7)

    def clock(self, threads):
        return self._timing((1.0 if threads == 1 else 1.2) / CLOCK)

    def stream(self, loop, size, threads):
        where = level(size / threads if size <= 256 * 2**10 * threads else size, self.usable)
        one = RATES[where] if size < self.usable or size >= 2 * self.usable else (RATES["l3"] * RATES["dram"]) ** 0.5
        together = one * (min(threads, 2) if where == "dram" else threads)
        return self._timing(1.0 / together)

    def chase(self, size, line):
        return self._timing(LATENCIES[level(size, self.usable)])

    def call(self):
        return self._timing(1e-6)

    def fork_join(self, threads):
        return self._timing(5e-6)

    def sample(self, sample):
        return self._timing(self.times.get((sample.op, sample.shape), 1e-3))


def files(root: Path, *, cpus=4, threads=2, caches=True, quota="max 100000", arm=False) -> Path:
    """Write the files of a processor with so many cores of so many threads each."""

    def write(path, text):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")

    if arm:
        write("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU variant\t: 0x4\n"
              "CPU part\t: 0xd0b\n\nModel\t\t: Paper Pi 5")  # fmt: skip
    else:
        write("proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 63\n"
              "model name\t: Paper CPU\nflags\t\t: fpu avx2 fma\n\nprocessor\t: 1\nmodel name\t: another")  # fmt: skip
    write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:    8388608 kB")
    write("proc/loadavg", "0.80 0.5 0.4 1/200 77")
    write("proc/self/cgroup", "0::/a/box")
    write("sys/fs/cgroup/cpu.max", quota)
    for cpu in range(cpus * threads):
        core = cpu % cpus
        place = f"sys/devices/system/cpu/cpu{cpu}"
        write(f"{place}/topology/physical_package_id", "0")
        write(f"{place}/topology/core_id", str(core))
        if not caches:
            continue
        siblings = ",".join(str(core + cpus * thread) for thread in range(threads))
        for index, (number, kind, size, shared) in enumerate((
            ("1", "Data", "32K", siblings), ("1", "Instruction", "32K", siblings), ("2", "Unified", "256K", siblings),
            ("3", "Unified", "8192K", f"0-{cpus * threads - 1}"),
        )):  # fmt: skip
            for name, text in (("level", number), ("type", kind), ("size", size), ("shared_cpu_list", shared),
                               ("coherency_line_size", "64")):  # fmt: skip
                write(f"{place}/cache/index{index}/{name}", text)
    return root
