"""Bits that light can carry: how fast, with how much light, and where no light suffices.

No published figure: the noise of receivers (Agrawal 2010, section 4.4) solved for the light, beside check values
worked out by hand and the scalings that published models use.

What should be seen: the bits of a sample fall with the symbol rate, since noise grows with bandwidth, by half a bit
for each doubling. Relative intensity noise of the laser sets a ceiling that no light lifts: at -150 dBc/Hz eight bits
end at some 10 GHz. Light for a sample doubles for each bit where thermal noise rules, and rises fourfold where photon
noise does. Published models charge 2^b, 4^b or 8^b on a sensitivity that already holds for four bits: at eight bits
they are a factor of 256 apart.

Assumptions: responsivity 1 A/W, 5 pA/rtHz, dark current 60 nA; machine of the last panel: Lightening-Transformer
DOTA-B, whose path and efficiency of lasers stand in its description.

Derived, not scored: the rows repeat by the simulator's functions what the formulas give by hand; a row that does not
fails.

Run: python examples/receiver_bits.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import replace
from pathlib import Path

import archsim as a
from archsim.laws import receiver
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, canvas
from archsim.report.figures.panels import curves, finish

FAST = os.environ.get("ARCHSIM_FAST") == "1"
RESPONSIVITY, NOISE, DARK = 1.0, 5e-12, 60e-9
"""A/W, A/rtHz, A."""
KNOWN = ((1e9, 4, -25.0), (1e9, 6, -18.7), (1e9, 8, -11.7), (5e9, 8, -6.7))
"""Bandwidth, bits, and light at the detector worked out by hand, dBm, without noise of the laser."""
INTENSITIES = {"no noise of the laser": 0.0, "-150 dBc/Hz": 1e-15, "-140 dBc/Hz": 1e-14}
RATES = tuple(10.0 ** (8 + step / 4) for step in range(0, 13, 4 if FAST else 1))
BITS = tuple(range(2, 11, 4 if FAST else 1))
LAWS = {"receiver": "noise of the receiver", "levels": "2^b on a sensitivity", "shot": "4^b", "cubed": "8^b"}
LIGHT = 1e-3
"""Light at the detector in the first panel, W."""
FEMTO = 1e15


def light(bits: float, rate: float, intensity: float = 0.0) -> float:
    """Return the light that a detector needs, W."""
    return receiver.required_power(receiver.required_current(bits, DARK, NOISE, intensity, rate), RESPONSIVITY)


def laser(law: str, bits: int) -> float:
    """Return what the lasers of Lightening-Transformer draw for outputs of so many bits, W; NaN where none can."""
    chip = a.with_(a.with_(a.hardware("dota-b"), "laser.law", law), "laser.bits", bits)
    b = a.GraphBuilder("product", dtype="int4")
    b.linear(b.input("x", (64, 1024)), 1024, bias=False)
    try:
        return a.evaluate(b.build(), chip).ops[0].details["laser_w"]
    except a.ArchsimError:
        return math.nan


def main(target: str | Path = "receiver_bits.png") -> None:
    """Print check values, and draw."""
    rows = [
        Claim(
            f"light of {bits} bits at {rate / 1e9:g} GHz ({level:g} dBm)",
            1e3 * light(bits, rate),
            10.0 ** (level / 10.0),
            "mW",
            0.012,
        )
        for rate, bits, level in KNOWN
    ]
    rows += [
        Claim("light of a sample of 4 bits at 1 GHz", FEMTO * light(4, 1e9) / 1e9, 3.16, "fJ", 0.012),
        Claim("light of a sample of 8 bits at 1 GHz", FEMTO * light(8, 1e9) / 1e9, 67.8, "fJ", 0.012),
        Claim(
            "bits that no light exceeds at -150 dBc/Hz and 5 GHz",
            receiver.most_bits(1e-15, 5e9),
            0.5 * math.log2(1.0 / (1.5e-15 * 5e9)),
            tolerance=1e-9,
        ),
    ]
    rows = [replace(row, note="derived") for row in rows]
    print(claims(rows))
    figure, (left, middle, right) = canvas(13.2, 4.2, 3)
    for colour, (name, intensity) in enumerate(INTENSITIES.items()):
        reached = [receiver.reached_bits(LIGHT * RESPONSIVITY, DARK, NOISE, intensity, rate) for rate in RATES]
        left.plot(RATES, reached, "-", color=COLOURS[colour], label=f"1 mW, {name}")
        if intensity:
            most = [receiver.most_bits(intensity, rate) for rate in RATES]
            left.plot(RATES, most, "--", color=COLOURS[colour], label=f"any light, {name}")
    faint = [receiver.reached_bits(1e-2 * LIGHT * RESPONSIVITY, DARK, NOISE, 0.0, rate) for rate in RATES]
    left.plot(RATES, faint, ":", color=COLOURS[0], label="10 µW, no noise of the laser")
    left.set(xscale="log", xlabel="symbols per second (Hz)", ylabel="effective bits of a sample", ylim=(0.0, 14.0))
    finish(left, "bits that can be reached", "upper right")
    each = {f"{rate / 1e9:g} GHz": [FEMTO * light(bits, rate) / rate for bits in BITS] for rate in (1e9, 10e9)}
    each["10 GHz, -150 dBc/Hz"] = [FEMTO * light(bits, 10e9, 1e-15) / 10e9 for bits in BITS]
    each["10 GHz, -150 dBc/Hz"] = [value if math.isfinite(value) else math.nan for value in each["10 GHz, -150 dBc/Hz"]]
    alone = [receiver.required_current(bits, 0.0, 0.0, 0.0, 1e9) for bits in BITS]
    each["photon noise alone"] = [FEMTO * receiver.required_power(current, RESPONSIVITY) / 1e9 for current in alone]
    curves(
        middle,
        BITS,
        each,
        ("0-o", "1-s", "3--^", "7:"),
        xlabel="bits",
        ylabel="light detected for a sample (fJ)",
        title="light for a sample",
        legend="upper left",
    )
    lasers = {said: [laser(law, bits) for bits in BITS] for law, said in LAWS.items()}
    curves(
        right,
        BITS,
        lasers,
        ("0-o", "1-s", "2-^", "3-D"),
        xlabel="bits",
        ylabel="lasers of DOTA-B (W)",
        title="what models charge for it",
        legend="upper left",
    )
    for ax in (middle, right):
        ax.set(xscale="linear", xticks=BITS)
    for said, values in lasers.items():
        print(
            f"lasers of DOTA-B, {said:24} "
            + ", ".join(f"{bits} bits {value:.3g} W" for bits, value in zip(BITS, values, strict=True))
        )
    print(f"drawn to {save(figure, target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


if __name__ == "__main__":
    main(*sys.argv[1:2])
