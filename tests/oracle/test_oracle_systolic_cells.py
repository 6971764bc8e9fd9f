"""Folds against arrays played cell by cell, and DRAM windows against buffers of words played word by word."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.families.systolic import compatible, dataflow
from archsim.families.systolic.scalesim import STAYS, Array, Layer, mapped, scratchpads
from archsim.families.systolic.scalesim_walk import report
from archsim.laws import fold, refill

SIDES = st.integers(1, 6)
SIZES = st.integers(1, 13)
DATAFLOWS = st.sampled_from(sorted(STAYS))


class Cells:
    """R x C cells with a register for what passes right, one for what passes down, and one for what stays."""

    def __init__(self, rows, columns):
        self.right, self.down, self.still = (np.zeros((rows, columns)) for _ in range(3))
        self.cycles = 0

    def step(self, left, top, combine):
        """Shift both streams by a cell and let every cell work; return what fell off the bottom."""
        self.right = np.hstack([np.array(left, float)[:, None], self.right[:, :-1]])
        self.down = np.vstack([np.array(top, float)[None, :], self.down[:-1]])
        combine(self)
        self.cycles += 1
        return self.down[-1].copy()


def skewed(words, ports, time):
    """Give each port the word of its own time; count what is asked for."""
    column = np.zeros(ports)
    asked = 0
    for port in range(min(ports, words.shape[0])):
        if 0 <= time - port < words.shape[1]:
            column[port] = words[port, time - port]
            asked += 1
    return column, asked


def play_outputs(a, b, rows, columns):
    """One fold, outputs staying: returns the product, cycles computing, cycles with draining, words asked for."""
    cells = Cells(rows, columns)
    stream = a.shape[1]
    counts = [0, 0]

    def combine(cells):
        cells.still += cells.right * cells.down

    for time in range(stream + rows - 1 + columns - 1):
        left, asked = skewed(a, rows, time)
        top, wanted = skewed(b.T, columns, time)
        counts[0] += asked
        counts[1] += wanted
        cells.step(left, top, combine)
    computing = cells.cycles
    drained = []
    for _ in range(rows):
        drained.append(cells.still[-1].copy())
        cells.still = np.vstack([np.zeros((1, columns)), cells.still[:-1]])
        cells.cycles += 1
    result = np.array(drained[::-1])[: a.shape[0], : b.shape[1]]
    return result, computing, cells.cycles, counts


def play_still(kept, stream, rows, columns):
    """One fold, `kept` staying and `stream` (depth x time) passing: sums fall down the columns, out at the bottom."""
    cells = Cells(rows, columns)
    loaded = np.zeros((rows, columns))
    loaded[: kept.shape[0], : kept.shape[1]] = kept
    for row in range(rows):  # a row of cells a cycle, the lowest first
        cells.still = np.vstack([loaded[rows - 1 - row][None, :], cells.still[:-1]])
        cells.cycles += 1
    length = stream.shape[1]
    asked = 0
    sums = np.zeros((length, columns))

    def combine(cells):
        cells.down += cells.right * cells.still

    for time in range(length + rows - 1 + columns - 1):
        left, wanted = skewed(stream, rows, time)
        asked += wanted
        bottom = cells.step(left, np.zeros(columns), combine)
        for column in range(columns):
            begun = time - (rows - 1) - column
            if 0 <= begun < length:
                sums[begun, column] = bottom[column]
    return sums[:, : kept.shape[1]], cells.cycles, asked


def parts(size, side):
    return [slice(start, min(start + side, size)) for start in range(0, size, side)]


@settings(max_examples=60, deadline=None)
@given(m=SIZES, n=SIZES, k=SIZES, rows=SIDES, columns=SIDES, seed=st.integers(0, 9))
def test_outputs_that_stay_equal_an_array_played_cell_by_cell(m, n, k, rows, columns, seed):
    draw = np.random.default_rng(seed)
    a, b = draw.integers(-4, 5, (m, k)).astype(float), draw.integers(-4, 5, (k, n)).astype(float)
    found = np.zeros((m, n))
    computing = drained = inputs = weights = 0
    for right in parts(n, columns):
        for high in parts(m, rows):
            found[high, right], cycles, whole, counts = play_outputs(a[high], b[:, right], rows, columns)
            computing, drained = computing + cycles, drained + whole
            inputs, weights = inputs + counts[0], weights + counts[1]
    assert (found == a @ b).all()
    stays, count = dataflow.OUTPUTS, fold.folds(m, rows) * fold.folds(n, columns)
    assert count == dataflow.fold_count(stays, m, n, k, rows, columns)
    assert count * fold.fold_cycles(0, rows, columns, k) == computing
    assert count * fold.fold_cycles(rows, rows, columns, k) == drained
    assert dataflow.input_reads(stays, m, n, k, columns) == inputs
    assert dataflow.weight_reads(stays, m, n, k, rows, columns) == weights
    assert dataflow.output_writes(stays, m, n, k, rows) == m * n


@settings(max_examples=60, deadline=None)
@given(m=SIZES, n=SIZES, k=SIZES, rows=SIDES, columns=SIDES, inputs=st.booleans(), seed=st.integers(0, 9))
def test_operands_that_stay_equal_an_array_played_cell_by_cell(m, n, k, rows, columns, inputs, seed):
    draw = np.random.default_rng(seed)
    a, b = draw.integers(-4, 5, (m, k)).astype(float), draw.integers(-4, 5, (k, n)).astype(float)
    kept, stream = (a.T, b) if inputs else (b, a.T)  # depth x columns, depth x time
    found = np.zeros((stream.shape[1], kept.shape[1]))
    cycles = passed = loaded = written = 0
    for right in parts(kept.shape[1], columns):
        for deep in parts(k, rows):
            sums, spent, asked = play_still(kept[deep, right], stream[deep], rows, columns)
            found[:, right] += sums
            cycles, passed, loaded = cycles + spent, passed + asked, loaded + kept[deep, right].size
            written += sums.size
    assert ((found.T if inputs else found) == a @ b).all()
    stays = dataflow.INPUTS if inputs else dataflow.WEIGHTS
    count = dataflow.fold_count(stays, m, n, k, rows, columns)
    assert count * fold.fold_cycles(rows, rows, columns, stream.shape[1]) == cycles
    reads = dataflow.input_reads(stays, m, n, k, columns), dataflow.weight_reads(stays, m, n, k, rows, columns)
    assert reads == ((loaded, passed) if inputs else (passed, loaded))
    assert dataflow.output_writes(stays, m, n, k, rows) == written


def skew(words):
    """Delay each column of a demand by a cycle more than the one before; None: nothing is asked for."""
    cycles, ports = len(words), len(words[0])
    grid = [[None] * ports for _ in range(cycles + ports - 1)]
    for time, row in enumerate(words):
        for port, word in enumerate(row):
            grid[time + port][port] = word
    return grid


def demand(layer, array):
    """What the array asks for and gives, cycle by cycle, built fold by fold from matrices of addresses."""
    rows, columns = array.rows, array.columns
    a = [[address(layer, pixel, tap) for tap in range(layer.k)] for pixel in range(layer.m)]
    b = [[column * layer.k + tap for column in range(layer.n)] for tap in range(layer.k)]
    c = [[(pixel, column) for column in range(layer.n)] for pixel in range(layer.m)]

    def transposed(matrix):
        return [list(row) for row in zip(*matrix, strict=True)]

    def block(matrix, high, wide):
        return [row[wide] for row in matrix[high]]

    def wide_to(matrix, ports):
        return [row + [None] * (ports - len(row)) for row in matrix]

    empty_rows, empty_columns = [None] * rows, [None] * columns
    streams = ([], [], [])
    if array.dataflow == "os":
        for right in parts(layer.n, columns):
            for high in parts(layer.m, rows):
                inputs = wide_to(transposed(a[high]), rows) + [empty_rows] * (columns - 1)
                weights = wide_to(block(b, slice(None), right), columns) + [empty_columns] * (rows - 1)
                outputs = wide_to(block(c, high, right), columns)
                outputs += [empty_columns] * (rows - len(outputs))
                outputs = [empty_columns] * (layer.k - 1) + outputs[::-1]
                for stream, words in zip(streams, (inputs, weights, outputs), strict=True):
                    stream.extend(skew(words))
        return streams
    # kept: depth x columns, passing: depth x time, results: time x columns
    inputs_stay = array.dataflow == "is"
    kept, passing, results = (transposed(a), b, transposed(c)) if inputs_stay else (b, transposed(a), c)
    for right in parts(len(kept[0]), columns):
        for deep in parts(layer.k, rows):
            still = wide_to(block(kept, deep, right), columns)
            still += [empty_columns] * (rows - len(still))
            still = still[::-1] + [empty_columns] * (rows + columns + len(passing[0]) - 2)
            moving = [empty_rows] * rows + wide_to(transposed(passing[deep]), rows) + [empty_rows] * (columns - 1)
            given = [empty_columns] * (2 * rows - 1) + wide_to(block(results, slice(None), right), columns)
            pair = (still, skew(moving)) if inputs_stay else (skew(moving), still)
            for stream, words in zip(streams, (*pair, skew(given)), strict=True):
                stream.extend(words)
    return streams


def address(layer, pixel, tap):
    image, inside = divmod(pixel, layer.out_height * layer.out_width)
    row, column = (part * step for part, step in zip(divmod(inside, layer.out_width), layer.stride, strict=True))
    down, rest = divmod(tap, layer.kernel_width * layer.channels)
    across, channel = divmod(rest, layer.channels)
    row, column = row + down, column + across
    if row >= layer.in_height or column >= layer.in_width:
        return None
    return ((image * layer.in_height + row) * layer.in_width + column) * layer.channels + channel


def fetched(stream, window):
    """Play a read buffer: a set of words, emptied when it holds as many as the window."""
    held, count = set(), 0
    for row in stream:
        for word in row:
            if word is not None and word not in held:
                held.add(word)
                count += 1
                if len(held) == window:
                    held.clear()
    return count


def busy(stream):
    """First and last cycle in which anything is asked for."""
    cycles = [cycle for cycle, row in enumerate(stream) if any(word is not None for word in row)]
    return cycles[0], cycles[-1]


def written(stream, columns, capacity):
    """Play SCALE-Sim's write buffer with its lines of words, None where a line was closed short."""
    half = capacity // 2
    most = -(-half // columns)
    lines, open_line, free, start, end, count = [], [], capacity, 0, 0, 0

    def drain(now):
        nonlocal free, start, end, count
        taken = lines[start : start + most]
        words = len(taken) * columns - sum(word is None for word in taken[-1])
        start, free, count, end = start + len(taken), free + words, count + words, now + len(taken) - 1

    for now, row in enumerate(stream):
        for word in row:
            if word is None:
                continue
            open_line.append(word)
            free -= 1
            if len(open_line) == columns:
                lines.append(open_line)
                open_line = []
            if now >= end and free < capacity - half:
                if open_line:
                    lines.append(open_line + [None] * (columns - len(open_line)))
                    open_line = []
                drain(now)
            assert free > 0, "the array would stall"
    if open_line:
        lines.append(open_line + [None] * (columns - len(open_line)))
    while start < len(lines):
        drain(0)
    return count


CONVOLUTIONS = st.builds(
    lambda high, wide, tall, long, channels, filters, steps, images: Layer(
        "", max(high, tall), max(wide, long), tall, long, channels, filters, steps, images
    ),
    st.integers(1, 7), st.integers(1, 7), st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 7),
    st.tuples(st.integers(1, 3), st.integers(1, 3)), st.integers(1, 2),
)  # fmt: skip
BUFFERS = st.sampled_from((100, 200, 500, 3000))


@settings(max_examples=80, deadline=None)
@given(layer=CONVOLUTIONS, rows=SIDES, columns=SIDES, dataflow=DATAFLOWS, inputs=BUFFERS, weights=BUFFERS)
def test_walks_equal_buffers_played_word_by_word(layer, rows, columns, dataflow, inputs, weights):
    array = Array(rows, columns, dataflow, inputs, weights, 400)
    streams = demand(layer, array)
    assert {len(stream) for stream in streams} == {mapped(layer, array).total + 1}
    found, near = report(layer, array), scratchpads(layer, array)
    assert found.input.words == fetched(streams[0], refill.window(inputs))
    assert found.weight.words == fetched(streams[1], refill.window(weights))
    assert found.output.words == written(streams[2], columns, 400)
    for access, stream, late in (
        (found.scratchpads.input, streams[0], 1), (near.weight, streams[1], 1), (near.output, streams[2], 0),
    ):  # fmt: skip
        assert (access.start - late, access.stop - late) == busy(stream)


@settings(max_examples=80, deadline=None)
@given(m=SIZES, n=st.integers(1, 40), k=st.integers(1, 40), rows=SIDES, columns=SIDES, name=DATAFLOWS,
       buffer=BUFFERS)  # fmt: skip
def test_closed_forms_of_products_equal_the_walk(m, n, k, rows, columns, name, buffer):
    stays, window = STAYS[name], refill.window(buffer)
    walked = report(Layer("", m, k, 1, k, 1, n), Array(rows, columns, name, buffer, buffer, 10**6))
    assert compatible.weight_words(stays, m, n, k, rows, columns, window) == walked.weight.words
    assert compatible.input_words(stays, m, n, k, columns, window) == walked.input.words
    assert dataflow.output_writes(stays, m, n, k, rows) == walked.output.words


@given(size=st.integers(1, 2**50), side=st.integers(1, 10**6))
def test_folds_are_exact_whole_numbers(size, side):
    count = int(fold.folds(float(size), float(side)))
    assert (count - 1) * side < size <= count * side


def test_shares_of_cells_by_hand():
    # 10 x 5 on 4 x 4: 3 x 2 folds of 16 cells, 50 used.
    assert fold.mapped_share(10, 5, 4, 4) == pytest.approx(50 / 96)
    assert fold.working_share(960, 100, 4, 4) == pytest.approx(0.6)


def test_drops_lose_half_of_what_is_needed():
    assert refill.shared(1000.0, 0.0, 100.0) == 1000.0
    assert refill.shared(1000.0, 40.0, 100.0) == 1250.0
    assert refill.shared(1000.0, 100.0, 100.0) == float("inf")
