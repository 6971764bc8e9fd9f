"""Placement: what the machine cannot run goes to the host, and every tensor crosses once in each direction."""

from __future__ import annotations

import pytest
from engine_samples import HOST, LINK, null, partial, sandwich, stack

import archsim
from archsim.engine.machines import machines_of
from archsim.engine.place import place
from archsim.engine.transfer import transfers
from archsim.errors import UnknownNameError, UnsupportedError
from archsim.graph import GraphBuilder


def placed(graph, *kinds, **how):
    return place(graph, "machine", lambda op: op.kind in kinds, **how)


def names(ops):
    return [op.name for op in ops]


def test_a_machine_that_runs_everything_needs_no_moves():
    graph = sandwich()
    placement = placed(graph, "matmul", "elementwise")
    assert placement.graph is graph
    assert placement.chip == graph.ops and placement.host == () and placement.moves == ()


def test_each_tensor_crosses_once_in_each_direction():
    placement = placed(sandwich(), "matmul")
    assert names(placement.chip) == ["first", "second", "third"]
    assert names(placement.host) == ["middle"]
    assert names(placement.moves) == ["x to chip", "first to host", "middle to chip"]
    assert names(placement.graph.ops) == [
        "x to chip", "first", "first to host", "middle", "middle to chip", "second", "third",
    ]  # fmt: skip


def test_inputs_start_on_the_host_and_weights_where_they_are_read():
    placement = placed(sandwich(), "elementwise")
    assert names(placement.host) == ["first", "second", "third"]
    assert names(placement.moves) == ["first to chip", "middle to host"]
    assert not any("weight" in op.name for op in placement.moves)


def test_a_tensor_read_twice_by_one_op_crosses_once():
    b = GraphBuilder("square")
    x = b.linear(b.input("x", (4, 8)), 8, bias=False, name="linear")
    b.elementwise("multiply", x, x, name="square")
    assert names(placed(b.build(), "matmul").moves) == ["x to chip", "linear to host"]


def test_without_fallback_the_first_op_is_named():
    with pytest.raises(UnsupportedError, match=r"'machine' cannot run 1 of 4 ops, the first is 'middle'") as refusal:
        placed(sandwich(), "matmul", fallback=False)
    assert refusal.value.exit_code == 4 and "fallback=host" in str(refusal.value)
    with pytest.raises(UnsupportedError, match="'middle'"):
        archsim.evaluate(sandwich(), partial("matmul"), fallback="forbid", fusion="none")


def test_a_collective_needs_more_than_one_machine():
    def gathered(participants):
        b = GraphBuilder("spread")
        b.collective("all_reduce", b.input("x", (64,)), participants, name="sum")
        return b.build()

    with pytest.raises(UnsupportedError, match=r"'sum' is a collective over 8 machines and 'null' is one"):
        archsim.evaluate(gathered(8), null())
    assert archsim.evaluate(gathered(1), null()).latency == 0.0


@pytest.mark.parametrize(("host", "link"), [(None, True), (HOST, False)], ids=["no-host", "no-link"])
def test_a_machine_without_a_way_to_a_host_says_so(host, link):
    with pytest.raises(UnsupportedError, match="'host' and 'host_link'"):
        archsim.evaluate(sandwich(), partial("matmul", host=host, link=link), fusion="none")


def test_the_policy_may_name_another_host():
    def hosts(**how):
        return {op.placed_on for op in archsim.evaluate(sandwich(), partial("matmul"), fusion="none", **how).ops}

    assert hosts() == {"null", "link", HOST}
    assert hosts(host="core-i9-10940x") == {"null", "link", "core-i9-10940x"}
    with pytest.raises(UnknownNameError, match="xeon"):
        hosts(host="xeon-gold-6284")


def test_moves_cost_latency_and_bytes_over_bandwidth():
    chip = partial("matmul")
    moves = transfers(placed(sandwich(), "matmul"), machines_of(chip).ways, "null")
    payloads = {"x to chip": 8 * 32 * 2, "first to host": 8 * 64 * 2, "middle to chip": 8 * 64 * 2}
    assert {move.op.name: move.payload for move in moves} == payloads
    for move in moves:
        assert move.latency == pytest.approx(10e-6 + move.payload / 1e9, rel=1e-12)
        assert move.energy == pytest.approx(move.payload * 80e-12, rel=1e-12)


def test_moves_without_a_link_are_refused():
    with pytest.raises(UnsupportedError, match="'null' has no link to a host"):
        transfers(placed(sandwich(), "matmul"), machines_of(null()).ways, "null")


def test_moves_are_named_and_charged_in_the_result():
    result = archsim.evaluate(sandwich(), partial("matmul"), fusion="none")
    moves = [op for op in result.ops if op.placed_on == "link"]
    assert names(moves) == ["x to chip", "first to host", "middle to chip"]
    assert names(result.ops) == names(result.run.placement.graph.ops)
    moved = 2 * 8 * (32 + 64 + 64)
    assert result.bytes_by_level["link to host"] == moved
    assert result.exposed["link to host"] == pytest.approx(3 * 10e-6 + moved / 1e9, rel=1e-12)
    assert result.energy_by_cause["network"] == pytest.approx(moved * 80e-12, rel=1e-12)
    assert all(op.kind == "move" and op.bound == "link to host" and op.macs == 0 for op in moves)
    assert result.latency == pytest.approx(sum(op.latency * op.count for op in result.ops), rel=1e-12)


def test_both_machines_draw_static_power_over_the_whole_run():
    result = archsim.evaluate(sandwich(), partial("matmul"), fusion="none")
    idle = archsim.hardware(HOST).spec.power.idle
    assert result.energy_by_detail["static"] == pytest.approx(0.5 * result.latency, rel=1e-12)
    assert result.energy_by_detail["host static"] == pytest.approx(idle * result.latency, rel=1e-12)
    assert result.energy_by_cause["host"] >= result.energy_by_detail["host static"]


def test_the_warning_counts_ops_and_transfers():
    (text,) = [t for t in archsim.evaluate(sandwich(), partial("matmul"), fusion="none").warnings if "cannot run" in t]
    assert text == f"null cannot run 1 of 4 ops (elementwise): they run on {HOST}, with 3 transfers"


def test_everything_may_run_on_the_host():
    result = archsim.evaluate(stack(), partial("conv"))
    assert {op.placed_on for op in result.ops} == {HOST}
    assert result.macs == 3 * 4 * 64 * 64
    assert LINK["latency"] and not any(op.placed_on == "link" for op in result.ops)
