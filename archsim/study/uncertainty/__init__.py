"""How sure one can be: which numbers of a machine may be otherwise, by how much, and what that does to a result."""
