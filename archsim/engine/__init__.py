"""From a graph and a machine to a result: fuse, place, lower, evaluate, check, explain."""
