"""The Python blocks of the documentation run as printed, page by page, and its generated parts are complete."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = sorted(path for path in DOCS.rglob("*.md") if BLOCK.search(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for match in BLOCK.finditer(text):
        line = text[: match.start(1)].count("\n")
        exec(compile("\n" * line + match[1], str(page), "exec"), names)
    assert names


def test_there_is_a_tutorial():
    assert DOCS / "tutorial.md" in PAGES


def test_the_machine_of_the_how_to_loads(tmp_path):
    import archsim as a

    text = (DOCS / "howto" / "add-a-machine.md").read_text(encoding="utf-8")
    file = tmp_path / "my-a100.yaml"
    file.write_text(YAML.search(text)[1], encoding="utf-8")
    chip, base = a.hardware(str(file)), a.hardware("a100-sxm4-80gb")
    assert chip.name == "my-a100"
    assert chip.spec.memory[0].bandwidth == 3e12
    assert chip.spec.memory[1:] == base.spec.memory[1:]


def load(name):
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_list_everything(tmp_path):
    from archsim.arch.tables import OP
    from archsim.cli.app import COMMANDS
    from archsim.io import catalogue

    load("tables").write(tmp_path)
    pages = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    for command in COMMANDS:
        assert f"## archsim {command}\n" in pages["commands"]
    for column in OP:
        assert f"| `{column.name}` |" in pages["op-table"]
    for entry in catalogue.entries("hardware"):
        assert (f"| `{entry.name}` |" in pages["hardware"]) is (entry.family != "null")
    for row in "\n".join(pages.values()).splitlines():
        assert not row.startswith("|") or row.endswith("|")


def test_every_family_has_its_equations_in_the_documentation():
    from archsim.arch import registry

    index = (DOCS / "families" / "index.md").read_text(encoding="utf-8")
    for name in registry.names():
        if registry.get(name).internal:
            continue
        assert f"\n{name}\n" in index
        page = (DOCS / "families" / f"{name}.md").read_text(encoding="utf-8")
        equations = DOCS.parent / "archsim" / "families" / name / "equations.md"
        assert f"archsim/families/{name}/equations.md" in page
        tags = re.findall(r"\\tag\{(\w+)\}", equations.read_text(encoding="utf-8"))
        assert tags
        assert len(tags) == len(set(tags))


def test_equations_that_are_referred_to_exist():
    files = [*(DOCS.parent / "archsim").rglob("equations.md")]
    texts = [path.read_text(encoding="utf-8") for path in files]
    tags = {tag for text in texts for tag in re.findall(r"\\tag\{(\w+)\}", text)}
    referred = {tag for text in texts for tag in re.findall(r"(?<!\\tag)\(([A-Z]\d+)\)", text)}
    assert referred <= tags


def test_every_format_that_is_read_is_in_the_how_to():
    from archsim.frontends.load import _DESCRIPTIONS, _FORMATS

    text = (DOCS / "howto" / "import-a-model.md").read_text(encoding="utf-8")
    for ending in (*_FORMATS, *_DESCRIPTIONS):
        assert f"`{ending}`" in text
