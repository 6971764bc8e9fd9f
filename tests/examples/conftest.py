"""Scripts run in this process, their loops shortened, so that what they load is loaded once."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"


@pytest.fixture(scope="session")
def run_example(tmp_path_factory):
    """Run a script's main once, draw to a PNG, and return what it printed; a script that fails exits with a reason."""
    known: dict[str, str] = {}

    def run(name: str) -> str:
        if name not in known:
            pytest.importorskip("matplotlib")
            target, lines = tmp_path_factory.mktemp(name) / "x.png", []
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("ARCHSIM_FAST", "1")
                main = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]
                patch.setitem(main.__globals__, "print", lambda text: lines.append(str(text)))
                main(target)
            assert target.stat().st_size > 20_000
            known[name] = "\n".join(lines)
        return known[name]

    return run


def pytest_collection_modifyitems(items):
    """Scripts run apart from the quick suite: they are as slow as what they draw."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.figures)
