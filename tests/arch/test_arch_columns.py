"""Columns: every leaf of a description has one place in the chip table, whichever way its path is written."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Literal

import numpy as np
import pytest
from pydantic import Field

import archsim
from archsim.arch import registry
from archsim.arch.chip import ChipSpec, Part
from archsim.arch.columns import ITEMS, Swept, chip_dtype, columns, fill, place_of, split_path
from archsim.arch.memory import MemoryLevel
from archsim.arch.precision import by_precision
from archsim.arch.quantities import FlopPerClock
from archsim.errors import InvalidDescriptionError, UnitError, UsageError
from archsim.graph.dtypes import CODES, NAMES, PRECISIONS
from archsim.units import Frequency, Power

Rates = by_precision("Rates", FlopPerClock, "Arithmetic by format.")


class Flow(StrEnum):
    WEIGHTS = "weights"
    OUTPUTS = "outputs"


class Engine(Part):
    rates: Rates
    flow: Flow = Flow.OUTPUTS
    sparse: bool = False


class Boost(Part):
    clock: Frequency


class Sample(ChipSpec):
    family: Literal["sample"]
    clock: Frequency
    engine: Engine
    mode: Literal["slow", "fast"] = "slow"
    boost: Boost | None = None
    cooling: Power | None = None
    notes: tuple[str, ...] = ()
    memory: tuple[MemoryLevel, ...] = Field(())


def sample(**changes):
    level = {"place": "on_chip", "capacity": 1024.0, "width": 64.0}
    given = {
        "schema": 1, "family": "sample", "name": "sample", "title": "Sample", "boundary": "chip",
        "process": {"node": 7e-9}, "power": {"idle": 1.0, "limit": 10.0}, "clock": 1e9,
        "engine": {"rates": {"fp16": 128.0, "int8": 256.0}, "flow": "weights", "sparse": True},
        "memory": [{**level, "name": "outer"}, {**level, "name": "inner", "capacity": 32.0}],
    }  # fmt: skip
    return Sample.model_validate(given | changes)


def row(spec):
    table = np.zeros(3, dtype=chip_dtype(type(spec)))
    fill(table, spec)
    for name in table.dtype.names:
        np.testing.assert_array_equal(table[name][1:], table[name][:-1])
    return table[0]


def test_every_numeric_bool_or_enum_leaf_is_a_column():
    shapes = {column.name: column.shape for column in columns(Sample)}
    assert shapes["clock"] == shapes["engine_sparse"] == shapes["boost_clock"] == shapes["memory_count"] == ()
    assert shapes["engine_rates"] == (PRECISIONS,)
    assert shapes["memory_capacity"] == shapes["memory_place"] == (ITEMS,)
    choices = {column.name: column.choices for column in columns(Sample) if column.choices}
    assert choices["mode"] == ("slow", "fast")
    assert choices["engine_flow"] == ("weights", "outputs")
    assert choices["memory_place"] == ("off_chip", "on_chip")
    for structural in ("name", "title", "family", "aliases", "notes", "memory_name", "host", "schema"):
        assert structural not in shapes


def test_a_row_holds_what_the_description_says():
    filled = row(sample())
    assert (filled["clock"], filled["engine_sparse"], filled["memory_count"]) == (1e9, 1.0, 2.0)
    assert filled["engine_rates"][CODES["fp16"]] == 128.0 and filled["engine_rates"].sum() == 384.0
    assert list(filled["memory_capacity"]) == [1024.0, 32.0] + [0.0] * (ITEMS - 2)
    assert (filled["mode"], filled["engine_flow"], filled["memory_place"][0]) == (0, 0, 1)


def test_a_leaf_left_out_is_not_a_number():
    filled = row(sample())
    for name in ("boost_clock", "cooling", "process_voltage", "process_area"):
        assert math.isnan(filled[name])
    assert math.isnan(filled["memory_bandwidth"][0])
    assert row(sample(boost={"clock": 2e9}, cooling=5.0))["boost_clock"] == 2e9


@pytest.mark.parametrize("family", registry.names())
def test_columns_of_every_family_have_one_name_and_one_path_each(family):
    made = columns(registry.get(family).spec)
    assert len({column.name for column in made}) == len({column.path for column in made}) == len(made)
    dtype = chip_dtype(registry.get(family).spec)
    assert dtype.names == tuple(column.name for column in made)


@pytest.mark.parametrize(
    ("paths", "column", "index", "exact"),
    [
        (["clock"], "clock", (), ("clock",)),
        (["engine.rates.int8", "engine[rates].int8"], "engine_rates", (CODES["int8"],), ("engine", "rates", "int8")),
        (["memory.inner.capacity", "memory[1].capacity", "memory.1.capacity"], "memory_capacity", (1,),
         ("memory", 1, "capacity")),
        (["memory.outer.place", "memory[0].place"], "memory_place", (0,), ("memory", 0, "place")),
    ],
    ids=["leaf", "format", "list", "enum"],
)  # fmt: skip
def test_all_forms_of_a_path_lead_to_one_place(paths, column, index, exact):
    for path in paths:
        place = place_of(sample(), path)
        assert (place.column.name, place.index, place.path) == (column, index, exact)


def test_paths_of_a_shipped_machine_lead_where_its_citations_stand():
    chip = archsim.hardware("a100-sxm4-80gb")
    for path in ("memory.hbm.bandwidth", "memory[0].bandwidth", "memory.0.bandwidth"):
        assert chip.cited[place_of(chip.spec, path).path].text == "2039 GB/s"
    assert split_path("memory[0].bandwidth") == split_path("memory.0.bandwidth") == ["memory", "0", "bandwidth"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("clok", ["there is no 'clok'", "did you mean 'clock'"]),
        ("engine.rates.fp15", ["'fp15' is no number format", "did you mean 'fp16'"]),
        ("memory.inmer.capacity", ["there is no 'inmer'", "did you mean 'inner'"]),
        ("memory.xyz.capacity", ["there is no 'xyz'", "['outer', 'inner']"]),
        ("memory[2].capacity", ["there is no '2'"]),
        ("memory[-1].capacity", ["there is no '-1'"]),
        ("engine.zzz", ["there is no 'zzz'", "engine has rates, flow, sparse"]),
        ("clock.more", ["there is no 'more'", "clock has no parts"]),
        ("memory", ["not a number that can be varied"]),
        ("memory.outer", ["not a number that can be varied"]),
        ("engine.rates", ["not a number that can be varied"]),
        ("title", ["not a number that can be varied"]),
        ("", ["not a number that can be varied"]),
        ("boost.clock", ["there is no 'clock'"]),
    ],
)
def test_wrong_paths_are_told_what_there_is(path, said):
    with pytest.raises(UsageError) as refusal:
        place_of(sample(), path)
    for words in (repr(path), *said):
        assert words in str(refusal.value)


@pytest.mark.parametrize("path", ["clock", "engine.rates.int8", "memory.inner.capacity", "memory.outer.place", "mode"])
def test_a_leaf_written_as_words_is_the_leaf_written_as_a_value(path):
    """The compiled driver writes 8-byte words, the plain one writes fields."""
    spec = sample()
    swept = Swept.of(spec, path, [0.0, 1.0] if path.endswith(("place", "mode")) else [1.0, 3.0])
    fields = np.zeros(2, dtype=chip_dtype(Sample))
    fill(fields, spec)
    words = fields.copy()
    swept.write(fields)
    words.view("i8").reshape(2, -1)[:, swept.word(words.dtype)] = swept.bits(words.dtype)
    for name in fields.dtype.names:
        np.testing.assert_array_equal(fields[name], words[name])
    column = fields[swept.place.column.name]
    assert not np.array_equal(column[0], column[1])


@pytest.mark.parametrize(
    ("path", "values", "error"),
    [
        ("clock", [1e9, -1.0], UnitError),
        ("clock", [0.0], UnitError),
        ("clock", [float("nan")], UnitError),
        ("engine.sparse", [float("inf")], InvalidDescriptionError),
        ("mode", [2.0], InvalidDescriptionError),
        ("mode", [0.5], InvalidDescriptionError),
        ("clock", [[1.0], [2.0]], UsageError),
        ("clock", "fast", UsageError),
        ("clock", [{}], UsageError),
    ],
)
def test_wrong_values_are_refused(path, values, error):
    with pytest.raises(error, match=path):
        Swept.of(sample(), path, values)


def test_formats_stand_in_the_order_of_their_codes():
    rates = Rates(**{name: float(code + 1) for code, name in enumerate(NAMES)})
    filled = row(sample(engine={"rates": rates}))
    assert list(filled["engine_rates"]) == [code + 1.0 for code in range(PRECISIONS)]
