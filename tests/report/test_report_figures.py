"""Pictures: what is drawn, that nothing hides anything else, and that they are the same every time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

import archsim as a
from archsim.errors import MissingExtraError, UnsupportedError, UsageError
from archsim.report.figures import roofline, save, shares
from archsim.report.roofs import roofs

pytest.importorskip("matplotlib")
ROOT = Path(__file__).resolve().parents[2]
MACHINES = ("a100-sxm4-80gb", "xeon-gold-6248")


@pytest.fixture(scope="module")
def results():
    workloads = (a.workload("resnet50", batch=32), a.workload("llama-2-7b-decode"))
    return [a.evaluate(workload, a.hardware(machine)) for machine in MACHINES for workload in workloads]


def out_of_view(figure):
    """Labels of ticks that lie beyond an axis: matplotlib keeps them and does not draw them."""
    hidden = []
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = axis.get_view_interval()
            for ticks in (axis.get_major_ticks(), axis.get_minor_ticks()):
                hidden += [label for tick in ticks if not low <= tick.get_loc() <= high
                           for label in (tick.label1, tick.label2)]  # fmt: skip
    return hidden


def texts_overlap(figure):
    """Pairs of texts whose boxes meet."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    shown = [text for text in shown if text not in out_of_view(figure)]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in shown]
    inside = [(text, box) for text, box in boxes if figure.bbox.overlaps(box)]
    return [(one, other) for (one, a_box), (other, b_box) in combinations(inside, 2) if a_box.overlaps(b_box)]


def test_roofs_are_those_of_the_datasheet(results):
    gpu, cpu = roofs(results[0]), roofs(results[2])
    assert gpu.memory == "hbm"
    assert gpu.bandwidth == pytest.approx(2039e9)
    assert gpu.peaks["MACs (fp16 data)"] == pytest.approx(312e12, rel=1e-3)
    assert gpu.peaks["other (fp16 data)"] == pytest.approx(78e12, rel=1e-3)
    assert dict(cpu.peaks) == {"all arithmetic (fp16 data)": pytest.approx(20 * 64 * 2.5e9)}


def test_a_roofline_shows_every_op_below_its_roof(results):
    figure = roofline(results)
    axes = figure.axes
    assert [ax.get_title() for ax in axes] == list(MACHINES)
    for ax, pair in zip(axes, (results[:2], results[2:]), strict=True):
        drawn = [point for marks in ax.collections for point in marks.get_offsets()]
        moving = [op for result in pair for op in result.ops if next(iter(op.bytes_by_level.values())) > 0]
        assert len(drawn) == sum(op.flops > 0 for op in moving)
        roof = roofs(pair[0])
        for intensity, rate in drawn:
            assert rate <= min(intensity * roof.bandwidth, max(roof.peaks.values())) * (1 + 1e-9)
        assert ax.get_xlabel().endswith(f"(FLOP per byte of {roof.memory})")
    assert axes[0].get_ylabel() == "arithmetic rate (FLOP/s)"


def test_area_is_the_share_of_time(results):
    marks = roofline(results[1:2]).axes[0].collections[0]
    sizes, result = marks.get_sizes(), results[1]
    times = [op.latency * op.count for op in result.ops if op.flops > 0]
    assert max(range(len(times)), key=times.__getitem__) == sizes.argmax()


def test_shares_add_up(results):
    figure = shares(results[:2])
    for ax in figure.axes:
        tops = {}
        for bar in ax.patches:
            tops[round(bar.get_x(), 6)] = max(tops.get(round(bar.get_x(), 6), 0.0), bar.get_y() + bar.get_height())
        assert len(tops) == 3
        assert all(99.0 <= top <= 100.0 + 1e-9 for top in tops.values())


@pytest.mark.parametrize("draw", [roofline, shares])
def test_no_text_hides_another(draw, results):
    assert texts_overlap(draw(results)) == []


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_the_same_picture_is_the_same_file(ending, results, tmp_path):
    files = [save(shares(results[:1]), tmp_path / f"{i}{ending}").read_bytes() for i in range(2)]
    assert files[0] == files[1]
    assert len(files[0]) > 1000


def test_wrong_calls_say_what_to_do(results, tmp_path):
    for draw in (roofline, shares):
        with pytest.raises(UsageError, match="at least one"):
            draw([])
    with pytest.raises(UsageError, match=r"\.svg or \.png"):
        save(shares(results[:1]), tmp_path / "x.gif")
    with pytest.raises(UsageError, match="cannot write"):
        save(shares(results[:1]), tmp_path / "nowhere" / "x.png")
    with pytest.raises(UsageError, match="evaluate the workload again"):
        roofs(replace(results[0], run=None))


def test_a_machine_without_rates_has_no_roofline(results):
    with pytest.raises(UnsupportedError, match="null"):
        roofline([a.evaluate(a.workload("mlp"), a.hardware("null"))])


def test_without_matplotlib_the_extra_is_named(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"archsim\[plot\]"):
        shares(results[:1])


def test_the_module_is_light_until_something_is_drawn():
    code = "import archsim.report.figures, sys; print('matplotlib' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_the_example_draws_the_picture_of_the_readme(tmp_path):
    script = ROOT / "examples" / "roofline_resnet50.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "x.svg")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.svg").stat().st_size > 10_000
    assert done.stdout.count(" ms: ") == 4
    ridges = [line.split() for line in done.stdout.splitlines() if "peak over bandwidth" in line]
    assert [float(words[4]) for words in ridges] == pytest.approx([312e12 / 2039e9, 3.2e12 / 140.8e9], rel=2e-3)
    assert [float(words[5]) for words in ridges] == pytest.approx([312e12 / 2039e9, 3.2e12 / 140.8e9], rel=0.01)
    assert (ROOT / "docs" / "images" / "roofline_resnet50.svg").is_file()


def test_a_slim_svg_keeps_the_size_of_its_letters(tmp_path):
    text = save(_labelled(), tmp_path / "x.svg").read_text(encoding="utf-8")
    assert "scale(0.015625)" in text
    assert "<!--" not in text


def _labelled():
    from archsim.report.figures.canvas import canvas

    figure, (ax,) = canvas(2.0, 2.0)
    ax.set_title("letters")
    return figure
