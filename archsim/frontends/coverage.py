"""What became of every node of an imported file: a front end drops nothing without saying so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Coverage:
    """Nodes of the foreign file, counted by operator.

    Attributes
    ----------
    mapped : mapping of str to int
        Became ops of the graph.
    folded : mapping of str to int
        Cost nothing when the network runs: constants, shape arithmetic, views of the same bytes.
    opaque : mapping of str to int
        Stand in the graph as bytes that move; their arithmetic is not known.
    skipped : mapping of str to int
        Left out, because the caller said so.
    """

    mapped: Counter[str] = field(default_factory=Counter)
    folded: Counter[str] = field(default_factory=Counter)
    opaque: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def nodes(self) -> int:
        """All nodes of the file."""
        return self.compute_nodes + self.folded.total()

    @property
    def compute_nodes(self) -> int:
        """Nodes that do something at run time."""
        return self.mapped.total() + self.opaque.total() + self.skipped.total()

    @property
    def covered(self) -> float:
        """Share of the compute nodes whose work is known, 0 to 1."""
        return self.mapped.total() / self.compute_nodes if self.compute_nodes else 1.0

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "nodes": self.nodes,
            "compute_nodes": self.compute_nodes,
            "covered": self.covered,
            "mapped": dict(self.mapped),
            "folded": dict(self.folded),
            "opaque": dict(self.opaque),
            "skipped": dict(self.skipped),
        }

    def __str__(self) -> str:
        parts = [f"{self.mapped.total()} of {self.compute_nodes} compute nodes mapped ({self.covered:.1%})"]
        parts.append(f"{self.folded.total()} folded")
        for label, counted in (("opaque", self.opaque), ("skipped", self.skipped)):
            if counted:
                listed = ", ".join(f"{op} x{many}" for op, many in counted.most_common())
                parts.append(f"{counted.total()} {label}: {listed}")
        return "; ".join(parts)
