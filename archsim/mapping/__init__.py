"""How work is laid onto a machine: tilings, reuse counts, number formats."""
