"""Tables people write: comments, odd columns, broken files; and the metadata beside shipped ones."""

import pytest

from archsim.errors import InvalidDescriptionError, UsageError
from archsim.validation.metadata import read_metadata
from archsim.validation.split import RULE
from archsim.validation.table import read_table


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_comments_empty_lines_and_other_columns(tmp_path):
    path = write(tmp_path / "x.csv", "\ufeff# made by hand\n\n a , b,more\r\n# in between\n1,2,3\n\n4,5\n")
    table = read_table(path, ["a", "b"])
    assert table.columns == ("a", "b", "more")
    assert [row.cells for row in table.rows] == [{"a": "1", "b": "2", "more": "3"}, {"a": "4", "b": "5"}]
    assert [row.line for row in table.rows] == [5, 7]


def test_quoted_cells_may_hold_commas_and_line_ends(tmp_path):
    table = read_table(write(tmp_path / "x.csv", 'a,b\n"1,5","two\nlines"\n3,4\n'), ["a"])
    assert [row.cells["a"] for row in table.rows] == ["1,5", "3"]
    assert [row.line for row in table.rows] == [2, 4]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "a,c\n1,2\n"])
def test_a_missing_column_is_named_with_its_file(tmp_path, text):
    with pytest.raises(InvalidDescriptionError, match=r"x\.csv:\d: the table 'x.csv' has no column '[ab]'"):
        read_table(write(tmp_path / "x.csv", text), ["a", "b"])


def test_a_column_meant(tmp_path):
    with pytest.raises(InvalidDescriptionError, match="no column 'measured_ms'; did you mean 'measured_us'"):
        read_table(write(tmp_path / "x.csv", "device,measured_us\n"), ["device", "measured_ms"])


def test_a_column_twice(tmp_path):
    with pytest.raises(InvalidDescriptionError, match="has the column 'a' twice"):
        read_table(write(tmp_path / "x.csv", "a,b,a\n1,2,3\n"), ["a"])


def test_what_is_not_text_or_not_csv(tmp_path):
    with pytest.raises(InvalidDescriptionError, match="not text"):
        read_table(write(tmp_path / "x.csv", b"a,b\n\xff\xfe,1\n"), ["a"])
    with pytest.raises(InvalidDescriptionError, match=r"x\.csv:3: this is not CSV"):
        read_table(write(tmp_path / "x.csv", f"a,b\n1,2\n{'9' * 200_000},1\n"), ["a"])
    with pytest.raises(UsageError, match="cannot read"):
        read_table(tmp_path / "absent.csv", ["a"])


GOOD = f'title: t\nsource: s\nlicence: l\nchanged: c\nsplit: {{by: [n, k], rule: "{RULE}"}}\nanchors: [{{m: 1}}]\n'


def test_metadata(tmp_path):
    write(tmp_path / "x.meta.yaml", GOOD)
    metadata = read_metadata(tmp_path / "x.csv")
    assert metadata.split_by == ("n", "k")
    assert metadata.anchors == ({"m": "1"},)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("licence: l\n", "", "licence is missing"),
        ("title: t", "titel: t", "unknown key 'titel'; did you mean 'title'"),
        ("even is fit", "odd is fit", "the rule in use is"),
        ("by: [n, k]", "by: []", "does not say what makes a group"),
        ("[{m: 1}]", "[m]", "anchors are a list of rows"),
    ],
)
def test_broken_metadata(tmp_path, old, new, message):
    write(tmp_path / "x.meta.yaml", GOOD.replace(old, new))
    with pytest.raises(InvalidDescriptionError, match=message):
        read_metadata(tmp_path / "x.csv")


def test_no_metadata(tmp_path):
    with pytest.raises(InvalidDescriptionError, match=r"'x.csv' has no metadata; write 'x.meta.yaml' beside it"):
        read_metadata(tmp_path / "x.csv")
