"""Pictures of bands and of a tornado: every machine and number is drawn where its quantiles and bounds say."""

import pytest

import archsim as a
from archsim.errors import UsageError
from archsim.graph import GraphBuilder
from archsim.io.hardware import with_all
from archsim.report.figures import bands, save, tornado

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def graph():
    b = GraphBuilder("square", dtype="fp16")
    b.linear(b.input("x", (16, 16)), 16, bias=False)
    return b.build()


def test_bands_lie_where_the_quantiles_do(graph, tmp_path):
    other = with_all(a.hardware("null"), {"name": "other", "rate": "3 GOP/s"})
    found = a.uncertainty(graph, "null", against=other, samples=200)
    figure = bands(found, "energy")
    (ax,) = figure.axes
    drawn = [sorted(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2]
    for band in found.bands:
        assert list(band.interval("energy", 0.8)) in drawn and list(band.interval("energy", 0.9)) in drawn
    assert [text.get_text() for text in ax.get_yticklabels()] == ["null", "other"]
    assert "(J)" in ax.get_xlabel() and save(figure, tmp_path / "bands.svg").stat().st_size > 1000
    with pytest.raises(UsageError, match="latency, energy, power"):
        bands(found, "time")


def test_a_tornado_has_a_bar_to_either_bound(graph, tmp_path):
    found = a.sensitivity(graph, "null", samples=0)
    figure = tornado(found)
    (ax,) = figure.axes
    assert sorted(bar.get_width() for bar in ax.patches) == pytest.approx([-50.0, 100.0])
    assert ax.get_yticklabels()[0].get_text() == "rate  500 MOP/s to 2 GOP/s"
    save(figure, tmp_path / "tornado.png")
    with pytest.raises(UsageError, match="no number moves"):
        tornado(found, 0)
