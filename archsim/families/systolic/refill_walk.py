"""Words an array asks for, cycle by cycle, against the window of a read buffer; and its sums against a write buffer.

A walk is exact where the closed forms of `archsim.laws.refill` are not: windows of a convolution that overlap, and
the cycles at which buffers are refilled and drained. It takes time in proportion to the words that cross the array's
edges.

An operand is a grid of words: those of one port, or of one row of cells, lie at ``first[s] + second[t]``. A word whose
``rows[s] + down[t]`` or ``columns[s] + across[t]`` lies beyond the input does not exist, and nothing is asked for.

References
----------
SCALE-Sim 3.0.0: scalesim/compute/systolic_compute_os.py, systolic_compute_ws.py and systolic_compute_is.py (order and
cycles of the words), scalesim/memory/read_buffer_estimate_bw.py and write_buffer.py.
"""

from __future__ import annotations

from typing import Final

from archsim.jit import Record, kernel

FETCHED: Final = 0
HELD: Final = 1
LAST_FILL: Final = 2
LAST: Final = 3
STATE: Final = 4
"""What a walk of reads finds: words fetched, words the window holds, the cycle it was dropped last, -1 if never, and
the last cycle a word was asked for."""

WRITTEN: Final = 0
START: Final = 1
STOP: Final = 2
STALLS: Final = 3
FREE: Final = 4
SIZE: Final = 5
MADE: Final = 6
DRAINED: Final = 7
BUSY: Final = 8
COUNTS: Final = 9
"""State of a walk of writes: words counted as written, first and last cycle of a drain, cycles stalled; words free,
words of the line begun, lines made, lines drained, and the cycle the last drain ends."""


@kernel
def walk_stream(
    outer: int, inner: int, by_inner: int, side: int, begin: int, cycles: int,
    first: Record, second: Record, rows: Record, down: Record, columns: Record, across: Record,
    height: int, width: int, window: int, seen: Record, state: Record,
) -> None:  # fmt: skip
    """Walk an operand that streams by: port p asks for its word t at cycle t + p of a fold.

    Parameters
    ----------
    outer, inner : int
        Folds along the columns, and along the rows within each.
    by_inner : int
        1: the ports are those of the rows, so the fold along the rows says which words they ask for; 0: of the columns.
    side : int
        Ports, of which the last fold may use fewer.
    begin, cycles : int
        Cycle of a fold at which the first word comes, and cycles of a fold.
    first, second, rows, down, columns, across, height, width
        The grid of words, see above: first index by port, second in time.
    window : int
        Words the window holds.
    seen : (words,) int32
        For each word the epoch in which it was fetched last; zeros when given.
    state : (STATE,) int64
        Filled.
    """
    steps, whole = len(second), len(first)
    fetched, held, epoch, filled, last = 0, 0, 1, -1, -1
    for fold in range(outer * inner):
        base = side * (fold % inner if by_inner == 1 else fold // inner)
        ports = min(side, whole - base)
        start = fold * cycles + begin
        for time in range(steps + ports - 1):
            for port in range(max(0, time - steps + 1), min(ports, time + 1)):
                at, step = base + port, time - port
                if rows[at] + down[step] < height and columns[at] + across[step] < width:
                    last = start + time
                    word = first[at] + second[step]
                    if seen[word] != epoch:
                        seen[word] = epoch
                        fetched += 1
                        held += 1
                        if held == window:
                            held, filled = 0, last
                            epoch += 1
    state[FETCHED], state[HELD], state[LAST_FILL], state[LAST] = fetched, held, filled, last


@kernel
def walk_still(
    outer: int, inner: int, side: int, across_side: int, cycles: int,
    first: Record, second: Record, rows: Record, down: Record, columns: Record, across: Record,
    height: int, width: int, window: int, seen: Record, state: Record,
) -> None:  # fmt: skip
    """Walk an operand that stays: a row of cells is loaded each cycle, the lowest first, all columns at once.

    Parameters
    ----------
    outer, inner : int
        Folds along the columns, and along the rows within each.
    side, across_side : int
        Rows and columns of the array.
    cycles : int
        Cycles of a fold.
    first, second, rows, down, columns, across, height, width
        The grid of words, see above: first index along the columns, second along the rows.
    window, seen, state
        As in `walk_stream`.
    """
    fetched, held, epoch, filled, last = 0, 0, 1, -1, -1
    for fold in range(outer * inner):
        low, left = side * (fold % inner), across_side * (fold // inner)
        used, wide = min(side, len(second) - low), min(across_side, len(first) - left)
        for time in range(side - used, side):
            row = low + side - 1 - time
            for column in range(left, left + wide):
                if rows[column] + down[row] < height and columns[column] + across[row] < width:
                    last = fold * cycles + time
                    word = first[column] + second[row]
                    if seen[word] != epoch:
                        seen[word] = epoch
                        fetched += 1
                        held += 1
                        if held == window:
                            held, filled = 0, last
                            epoch += 1
    state[FETCHED], state[HELD], state[LAST_FILL], state[LAST] = fetched, held, filled, last


@kernel
def close_line(columns: int, least: int, lines: Record, counts: Record) -> None:
    """Close the line begun if it has at least as many words."""
    if counts[SIZE] >= least:
        lines[counts[MADE]] = counts[SIZE]
        counts[MADE] += 1
        counts[SIZE] = 0


@kernel
def drain(now: int, most: int, columns: int, lines: Record, counts: Record) -> None:
    """Drain at most so many lines, one a cycle; of those only the last is counted as short, however many are."""
    end = min(counts[DRAINED] + most, counts[MADE])
    words = (end - counts[DRAINED]) * columns - (columns - lines[end - 1])
    counts[WRITTEN] += words
    counts[FREE] += words
    counts[BUSY] = now + end - counts[DRAINED] - 1
    if counts[START] < 0:
        counts[START] = now
    counts[STOP] = max(counts[STOP], counts[BUSY])
    counts[DRAINED] = end


@kernel
def put(now: int, capacity: int, columns: int, lines: Record, counts: Record) -> int:
    """Put one sum into the buffer and return the cycle it is there: later than `now` if it waits for a drain."""
    half = capacity // 2
    counts[SIZE] += 1
    counts[FREE] -= 1
    close_line(columns, columns, lines, counts)
    if now < counts[BUSY]:
        if counts[FREE] <= 0:
            counts[STALLS] += counts[BUSY] - now
            return counts[BUSY]
    elif counts[FREE] < capacity - half:
        close_line(columns, 1, lines, counts)
        drain(now, -(-half // columns), columns, lines, counts)
    return now


@kernel
def put_many(words: int, columns: int, lines: Record, counts: Record) -> None:
    """Put up to a line of sums into the buffer, where there is room and no drain begins."""
    counts[FREE] -= words
    counts[SIZE] += words
    if counts[SIZE] >= columns:
        lines[counts[MADE]] = columns
        counts[MADE] += 1
        counts[SIZE] -= columns


@kernel
def walk_writes(
    outer: int, inner: int, high: int, side: int, wide: int, columns: int, begin: int, cycles: int, upside_down: int,
    capacity: int, lines: Record, counts: Record,
) -> None:  # fmt: skip
    """Walk the sums that leave the array: column p gives one a cycle, p cycles behind the first column.

    Sums are gathered into lines as wide as the array. Once half the buffer is full the line begun is closed, short as
    it is, and as many lines as make up half the buffer are drained. SCALE-Sim takes words for written that were never
    there, see `drain`.

    Parameters
    ----------
    outer, inner : int
        Folds along the columns, and along the rows within each.
    high, side : int
        Sums per column of all folds along the rows, and of one fold; equal if every fold gives as many.
    wide, columns : int
        Output channels or pixels along the columns, and columns of the array.
    begin, cycles : int
        Cycle of a fold at which the first column's first row would come, and cycles of a fold.
    upside_down : int
        1: the lowest row comes first, so a fold that uses fewer rows gives its sums later.
    capacity : int
        Write buffer, words.
    lines : (lines,) int64
        Scratch: words of each line.
    counts : (COUNTS,) int64
        State; zeros when given.
    """
    counts[FREE], counts[START], counts[STOP] = capacity, -1, -1
    for fold in range(outer * inner):
        low = side * (fold % inner) if upside_down == 1 else 0
        used = min(side, high - low)
        skip = side - used if upside_down == 1 else 0
        ports = min(columns, wide - columns * (fold // inner))
        for time in range(used + ports - 1):
            now = fold * cycles + begin + skip + time + counts[STALLS]
            words = min(ports, time + 1) - max(0, time - used + 1)
            if counts[FREE] - words >= (1 if now < counts[BUSY] else capacity - capacity // 2):
                put_many(words, columns, lines, counts)
            else:
                for _ in range(words):
                    now = put(now, capacity, columns, lines, counts)
    close_line(columns, 1, lines, counts)
    now = outer * inner * cycles - 1 + counts[STALLS]
    while counts[DRAINED] < counts[MADE]:
        drain(now, -(-(capacity // 2) // columns), columns, lines, counts)
        now = counts[BUSY] + 1
