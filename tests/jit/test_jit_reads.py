"""What a kernel may read and hold, and what is said when it does otherwise."""

import math
from types import FunctionType, SimpleNamespace

import pytest
import sample_laws
import sample_machine as machine

from archsim import jit
from archsim.errors import InvariantError
from archsim.jit.names import paths
from archsim.jit.rebind import copied
from archsim.jit.walk import walk

RATE = 2.0
PAIR = (1, (2.5, True))
WORDS = ("a", "b")
table = {"a": 1}
lower = 3.0
_PRIVATE = 4


def unmarked(x):
    return x


@jit.kernel
def leaf(x):
    """Doc."""
    return x * RATE + PAIR[0] + math.sqrt(x)


@jit.kernel
def first(x):
    return second(x)


@jit.kernel
def second(x):
    return first(x)


def test_marking_returns_the_function_itself_and_it_still_runs():
    def f(x):
        return 2 * x

    assert jit.kernel(f) is f
    assert jit.is_kernel(f) and not jit.is_kernel(unmarked) and not jit.is_kernel(3)
    assert f(2) == 4
    assert jit.prange is range


def test_reachable_follows_globals_module_attributes_and_bound_names():
    reached = jit.reachable(machine.driver, machine.DIGITAL)
    assert reached[0] is machine.driver
    expected = {
        machine.driver,
        machine.point,
        machine.derive_digital,
        machine.cost_digital,
        sample_laws.energy_scale,
        sample_laws.bound_time,
        sample_laws.reload_factor,
        sample_laws.add_energy,
    }
    assert set(reached) == expected and len(reached) == len(expected)
    analog = jit.reachable(machine.driver, machine.ANALOG)
    assert machine.cost_analog in analog and machine.cost_digital not in analog


def test_names_loaded_by_nested_code_are_found():
    def outer(x):
        return [leaf(each) for each in x]

    assert ("leaf",) in paths(outer.__code__)


def test_an_open_slot_is_an_error_everywhere():
    with pytest.raises(InvariantError, match="calls the slot 'derive', which is not bound"):
        jit.reachable(machine.driver)
    with pytest.raises(InvariantError, match="slot that no family has filled"):
        machine.derive(None, None)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("return table['a']", r"probe reads the global 'table', which is a dict"),
        ("return x + len(WORDS)", r"reads the global 'WORDS', which is a tuple"),
        ("return x * lower", r"reads the global 'lower', which is a number in lower case.*ALL_CAPS"),
        ("return unmarked(x)", r"reads the global 'unmarked', which is a plain function; mark it @kernel"),
        ("return nowhere(x)", r"reads the global 'nowhere', which is not defined"),
        ("return open(x)", r"reads the global 'open', which is a builtin that kernels do not use"),
        ("return sample_laws.nothing(x)", r"reads the global 'sample_laws.nothing', which is not in module"),
        ("return sample_laws", r"'sample_laws', which is a module used as a value"),
        ("return SimpleNamespace(x=x)", r"'SimpleNamespace', which is a type"),
    ],
)
def test_a_kernel_that_reads_anything_else_is_named_with_the_global(body, text):
    space = dict(globals())
    exec(f"def probe(x):\n    {body}\n", space)
    with pytest.raises(InvariantError, match=text):
        jit.reachable(jit.kernel(space["probe"]))
    assert SimpleNamespace  # used by one of the bodies above


def test_closures_recursion_and_unmarked_roots_are_refused():
    rate = 2.0

    @jit.kernel
    def closure(x):
        return x * rate

    with pytest.raises(InvariantError, match="closes over rate"):
        jit.reachable(closure)
    with pytest.raises(InvariantError, match="calls itself: first -> second -> first"):
        jit.reachable(first)
    with pytest.raises(InvariantError, match="is not a kernel"):
        jit.reachable(unmarked)


def test_bind_takes_kernels_only_and_never_shadows_another_modules_name():
    with pytest.raises(InvariantError, match="no kernel"):
        jit.reachable(machine.driver, {**machine.DIGITAL, "cost": unmarked})
    with pytest.raises(InvariantError, match="reads the global 'sample_laws', which bind would replace"):
        jit.reachable(foreign, {"sample_laws": leaf})


@jit.kernel
def foreign(op, chip, work, out):
    machine.cost_digital(op, chip, work, out)


def test_bound_fills_names_and_shares_what_it_does_not_touch():
    bound = jit.bound(machine.driver, machine.DIGITAL, "driver_digital")
    assert bound.__name__ == "driver_digital" and bound is not machine.driver and jit.is_kernel(bound)
    assert bound.__globals__["point"] is not machine.point
    assert bound.__globals__["point"].__globals__["cost"] is machine.cost_digital
    assert machine.point.__globals__["cost"] is machine.cost, "the original is untouched"
    assert jit.digest(bound) == jit.digest(bound, machine.DIGITAL), "nothing is left to bind"
    with pytest.raises(InvariantError, match="'derive', which bind would replace though it is no slot"):
        jit.digest(bound, machine.ANALOG)
    alone = jit.bound(leaf)
    assert alone is not leaf and alone(4.0) == leaf(4.0) and alone.__doc__ == "Doc."


def test_the_digest_covers_code_constants_wiring_and_extra(monkeypatch):
    base = jit.digest(machine.driver, machine.DIGITAL)
    assert base == jit.digest(machine.driver, machine.DIGITAL) and len(base) == 32
    others = {jit.digest(machine.driver, machine.ANALOG), jit.digest(machine.driver, machine.DIGITAL, ["x"])}
    monkeypatch.setattr(sample_laws, "TINY", 1e-29)
    others.add(jit.digest(machine.driver, machine.DIGITAL))
    monkeypatch.undo()
    monkeypatch.setattr(machine, "STATIC", 4)
    others.add(jit.digest(machine.driver, machine.DIGITAL))
    monkeypatch.undo()
    monkeypatch.setenv("NUMBA_OPT", "1")
    others.add(jit.digest(machine.driver, machine.DIGITAL))
    monkeypatch.undo()
    assert len(others) == 5 and base not in others
    assert base == jit.digest(machine.driver, machine.DIGITAL)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x + 1", "x + 1.0"),
        ("x + 1", "x + True"),
        ("x + 0.0", "x + -0.0"),
        ("x in (1, 2)", "x in (1, 2.0)"),
        ("x in {1, 2}", "x in {1, 3}"),
        ("alpha(x) - beta(x)", "beta(x) - alpha(x)"),
        ("(lambda y: y + 1)(x)", "(lambda y: y + 2)(x)"),
    ],
)
def test_the_digest_tells_constants_and_callees_apart(one, other):
    def made(expression):
        space = {"alpha": sample_laws.bound_time, "beta": sample_laws.reload_factor, "__name__": "probe"}
        exec(f"def probe(x):\n    return {expression}\n", space)
        return jit.digest(jit.kernel(space["probe"]))

    assert made(one) == made(one) != made(other)


def test_the_digest_covers_which_name_stands_for_which_kernel_and_defaults():
    own = walk(first_of_two)[first_of_two]
    straight = copied(first_of_two, own, {})
    crossed = copied(first_of_two, own, {leaf: twice, twice: leaf})
    assert jit.digest(straight) != jit.digest(crossed)
    slower = FunctionType(twice.__code__, twice.__globals__, "twice", (3.0,))
    assert jit.digest(jit.kernel(slower)) != jit.digest(twice)


@jit.kernel
def twice(x, factor=2.0):
    return x * factor


@jit.kernel
def first_of_two(x):
    return leaf(x) - twice(x)


def test_proper_kernels_have_no_violations():
    kernels = [each for each in vars(machine).values() if jit.is_kernel(each)]
    kernels += [each for each in vars(sample_laws).values() if jit.is_kernel(each)]
    assert len(kernels) >= 9
    assert [text for each in kernels for text in jit.violations(each)] == []


@jit.kernel
def improper(x, mode="fast", *rest):
    """A docstring is no violation."""
    label: float = f"{x}"
    kinds = [1, 2]
    lookup = {1: 2}
    members = {1, 2}
    if mode == "fast":
        try:
            x = table["a"]
        finally:
            x += 1
    for each in (y for y in kinds):
        x += each
    return x, label, lookup, members


def test_each_violation_is_named_with_its_line():
    found = jit.violations(improper)
    joined = "\n".join(found)
    for text in (
        "an f-string",
        "a list",
        "a dict",
        "a set",
        "a try",
        "a generator",
        "'fast', a str",
        "*args",
        "'table'",
    ):
        assert text in joined, text
    assert "has the default 'fast'" in joined and "docstring" not in joined
    line = improper.__code__.co_firstlineno + 4
    assert any(each.startswith(f"{__file__}:{line}: improper holds a list") for each in found)
