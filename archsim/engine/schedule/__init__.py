"""When each op of a run starts: one after the other, side by side where they use different units, or run after run.

``serial``
    one op after the other; the time of a run is the sum of its ops'.
``overlap``
    list scheduling: an op starts as soon as its inputs are there and every unit it works on is free of the ops before
    it; weights of the next op are fetched while the memory has nothing else to do. Two lists are tried, the order of
    the program and that of the longest way to the end, and the shorter run is kept.
``pipelined``
    the same for one run, and runs follow one another at the pace of the busiest unit.

`tables` holds the records, `tasks` makes them from a graph, `listing` and `steady` are the kernels, `timeline` runs
them over all machines and links of a run.
"""
