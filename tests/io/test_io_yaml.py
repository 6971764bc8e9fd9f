"""YAML 1.2 trees with positions, and errors that point at the character."""

from __future__ import annotations

import math

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import InvalidDescriptionError, UsageError
from archsim.io.yaml import DEEPEST, load, loads


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-12", 1e-12), ("1.5E3", 1500.0), (".5", 0.5), ("1.", 1.0), ("-3", -3), ("+3", 3), ("017", 17),
        ("0o17", 15), ("0x1F", 31), ("no", "no"), ("yes", "yes"), ("on", "on"), ("true", True), ("FALSE", False),
        ("12:30", "12:30"), ("1_000", "1_000"), ("2020-01-01", "2020-01-01"), ("~", None), ("null", None),
        ("80 GB/s", "80 GB/s"), ("'1'", "1"), ('"true"', "true"), (".inf", math.inf), ("-.INF", -math.inf),
        ("0b11", "0b11"), ("1e", "1e"), ("e5", "e5"), ("-x", "-x"), (".", "."),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema(text, value):
    found = loads(f"a: {text}").tree["a"]
    assert found == value
    assert type(found) is type(value)


def test_nan_and_empty():
    assert math.isnan(loads("a: .nan").tree["a"])
    assert loads("a:").tree == {"a": None}
    assert loads("").tree is None
    assert loads("# only a comment\n").tree is None
    assert loads("42").tree == 42


def test_keys_are_text_as_written():
    assert loads("{8: a, no: b, 1e3: c, '': d}").tree == {"8": "a", "no": "b", "1e3": "c", "": "d"}


def test_marks_of_values_and_keys():
    document = loads("name: x\nmemory:\n  - name: hbm\n    bandwidth: 3 TB/s\n  - {name: l2, size: 4}\n", "f.yaml")
    assert document.locate(("memory", 0, "bandwidth")) == "f.yaml:4:16"
    assert document.locate(("memory", 0, "bandwidth"), key=True) == "f.yaml:4:5"
    assert document.locate(("memory", 1, "size")) == "f.yaml:5:22"
    assert document.locate(("memory", 0, "energy")) == "f.yaml:3:5"
    assert document.locate(("memory", 7, "energy")) == "f.yaml:2:1"
    assert document.locate(("clock",)) == "f.yaml:1:1"


def test_anchors_share_values_and_point_at_the_alias():
    document = loads("a: &x {b: [1, 2]}\nc: *x\n", "f")
    assert document.tree == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}
    assert document.locate(("c", "b", 0)) == "f:2:1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "f:3:1: the key 'a' is already on line 1"),
        ("a: {b: 1, b: 2}", "f:1:11: the key 'b' is already on line 1"),
        ("a: [1, 2\nb: 3\n", "f:2:2: this is not YAML"),
        ("a:\n\tb: 1\n", "indent with spaces, not tabs"),
        ("a: b: c\n", "at 'a: b: c'; quote text that holds : or #"),
        ("a: *nowhere", "unknown alias '*nowhere'"),
        ("a: !!python/object:os.system x", "f:1:4: tag 'tag:yaml.org,2002:python/object:os.system' is not supported"),
        ("a: &x {b: 1}\nc: {<<: *x}", "merge keys '<<'"),
        ("? [1, 2]\n: 3", "a key must be text"),
        ("a: 1\n---\nb: 2\n", "f:2:1: a second document starts here"),
        ("a: &a [*a]", "unknown alias '*a'"),
        ("[" * (DEEPEST + 5), f"more than {DEEPEST} levels deep"),
        ("a: " + "9" * 5000, "is too long"),
        ("a: \x00", "f"),
    ],
)
def test_broken_text(text, said):
    with pytest.raises(InvalidDescriptionError) as caught:
        loads(text, "f")
    assert said in str(caught.value)


def test_deep_nesting_is_refused_not_a_crash():
    for text in ("[" * 100_000, "{a: " * 100_000, "- " * 20_000 + "x"):
        with pytest.raises(InvalidDescriptionError):
            loads(text)


def test_aliases_cannot_blow_up():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(InvalidDescriptionError, match="aliases included"):
        loads("\n".join(lines))


def test_files(tmp_path):
    with pytest.raises(UsageError, match="there is no file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="is a folder"):
        load(tmp_path)
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InvalidDescriptionError, match="not text"):
        load(binary)
    file = tmp_path / "ok.yaml"
    file.write_bytes("\ufeffa: µ\r\nb: 2\r\n".encode())
    document = load(file)
    assert document.tree == {"a": "µ", "b": 2}
    assert document.path == file
    assert document.locate(("b",)) == f"{file}:2:4"


def test_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr("archsim.io.yaml.LARGEST_FILE", 10)
    file = tmp_path / "large.yaml"
    file.write_text("a: 12345678901234567890")
    with pytest.raises(InvalidDescriptionError, match="larger than"):
        load(file)


trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(trees)
def test_what_pyyaml_writes_quoted_is_read_back(tree):
    texts = _texts(tree)
    assert loads(pyyaml.safe_dump(texts, default_style='"')).tree == texts


def _texts(tree):
    if isinstance(tree, dict):
        return {key: _texts(value) for key, value in tree.items()}
    return [_texts(item) for item in tree] if isinstance(tree, list) else str(tree)


def test_the_pure_python_loader_gives_the_same(monkeypatch):
    text = "a: 1e-12\nb: [x, {c: no}]\nd: &e 'text'\nf: *e\n"
    fast = loads(text, "f")
    monkeypatch.setattr("archsim.io.yaml._Loader", pyyaml.SafeLoader)
    assert loads(text, "f") == fast
