"""Files as they come: encodings, delimiters, quotes, line ends, ends that are missing."""

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.errors import FileFault
from crmdesk.services.exchange.tables import BROKEN_OFF, delimiter_of, read_sheet
from crmdesk.services.exchange.texts import decoded, encoding_of, read_text

CHINESE = "姓名,电话\n张三,13800138000\n李四,13900139000\n"
HERE = Path("file.csv")
CELLS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=8)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (CHINESE.encode(), "utf-8"),
        (codecs.BOM_UTF8 + CHINESE.encode(), "utf-8-sig"),
        (CHINESE.encode("gbk"), "gb18030"),
        ("姓名,备注\n𠮷野,\U0001f697\n".encode("gb18030"), "gb18030"),
        (CHINESE.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"), "utf-16"),
        (CHINESE.encode("utf-16-le"), "utf-16-le"),
        (CHINESE.encode("utf-16-be"), "utf-16-be"),
        (b"name\nAnn\n", "utf-8"),
        (b"", "utf-8"),
    ],
)
def test_the_encoding_is_found(content: bytes, encoding: str) -> None:
    assert encoding_of(content) == encoding
    text = decoded(content, HERE)
    assert not text.startswith("\ufeff")
    if "姓名,电话" in text:
        assert text == CHINESE


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=200))
def test_utf8_is_never_taken_for_anything_else(text: str) -> None:
    assert decoded(("name\n" + text).encode(), HERE) == "name\n" + text


@pytest.mark.parametrize(
    ("content", "encoding", "words"),
    [
        (b"name\nMartin\n\xff\xfe\xff broken", None, "Line 3 of file.csv is no utf-8 text"),
        (b"abc", "klingon", "There is no encoding klingon"),
        (CHINESE.encode("gbk"), "utf-8", "--encoding"),
        (b"PK\x03\x04\x00\x00\x00", None, "no text file"),
    ],
)
def test_what_is_no_text_is_refused_in_words(content: bytes, encoding: str | None, words: str) -> None:
    with pytest.raises(FileFault) as refusal:
        decoded(content, HERE, encoding)
    assert words in str(refusal.value)


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(FileFault, match="cannot be read"):
            read_text(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    rows = [["id", "name", "hint"], ["1", "Ann", '"a, b; c"'], ["2", "Bo", '"x|y"']]
    text = "\n".join(delimiter.join(row) for row in rows)
    assert delimiter_of(text) == delimiter
    sheet = read_sheet(text + "\n", HERE)
    assert sheet.columns == ("id", "name", "hint")
    assert [line.values["hint"] for line in sheet.lines] == ["a, b; c", "x|y"]


def test_one_column_needs_no_delimiter() -> None:
    sheet = read_sheet("name\nAnn\nBo\n", HERE)
    assert [line.values for line in sheet.lines] == [{"name": "Ann"}, {"name": "Bo"}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_embedded_ones(end: str) -> None:
    text = end.join(["name,hint", f'Ann,"one{end}two ""quoted"""', "", "Bo,x", ""])
    sheet = read_sheet(text, HERE)
    assert [line.values["hint"] for line in sheet.lines] == [f'one{end}two "quoted"', "x"]
    assert [line.number for line in sheet.lines] == [2, 5]
    assert not sheet.broken_off


def test_characters_that_only_look_like_line_ends_stay() -> None:
    sheet = read_sheet("name,hint\nAnn,a\u2028b\x0bc\x85d\n", HERE)
    assert sheet.lines[0].values["hint"] == "a\u2028b\x0bc\x85d"


@pytest.mark.parametrize("text", ['name,hint\nAnn,x\nBo,"half a ce', "name,hint\nAnn,x\nBo"])
def test_half_a_table_is_noticed(text: str) -> None:
    sheet = read_sheet(text, HERE)
    assert sheet.broken_off
    assert [line.wrong for line in sheet.lines] == ["", BROKEN_OFF]


@pytest.mark.parametrize(
    "text", ["name,hint\nAnn,x", 'name,hint\nAnn,"x"', 'name,hint\nAnn,5" wheel\n', "name,hint\nAnn\nBo"]
)
def test_a_whole_table_is_not_taken_for_half(text: str) -> None:
    assert not read_sheet(text, HERE).broken_off


def test_columns_that_are_wrong() -> None:
    with pytest.raises(FileFault, match="empty"):
        read_sheet("", HERE)
    with pytest.raises(FileFault, match="name twice"):
        read_sheet("name,name\nx,y\n", HERE)
    sheet = read_sheet("name,hint\nAnn,x,too,many\nBo,y\n", HERE)
    assert sheet.lines[0].wrong == "4 cells, but 2 columns are named"
    assert not sheet.lines[1].wrong


def test_json_lines() -> None:
    text = '{"id": 1, "name": "Ann"}\n\n{"name": "Bo", "phones": ["1"]}\n[]\n{oops}\n{"name": "Cy"}\n'
    sheet = read_sheet(text, Path("x.jsonl"))
    assert sheet.columns == ("id", "name", "phones")
    assert [(line.number, bool(line.wrong)) for line in sheet.lines] == [
        (1, False),
        (3, False),
        (4, True),
        (5, True),
        (6, False),
    ]
    assert not sheet.broken_off


def test_half_of_json_lines_is_noticed() -> None:
    sheet = read_sheet('{"name": "Ann"}\n{"name": "B', Path("x.txt"))
    assert sheet.broken_off
    assert sheet.lines[-1].wrong == BROKEN_OFF
    assert not read_sheet('{"name": "Ann"}\n{"name": "B"}', Path("x.jsonl")).broken_off


@given(
    st.lists(
        st.lists(
            st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=8), min_size=2, max_size=2
        ),
        min_size=1,
        max_size=6,
    )
)
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]]) -> None:
    import csv
    import io

    kept = [row for row in rows if any(cell.strip() for cell in row)]
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["first", "second"], *rows])
    sheet = read_sheet(file.getvalue(), HERE)
    assert [list(line.values.values()) for line in sheet.lines] == kept
    assert not sheet.broken_off
