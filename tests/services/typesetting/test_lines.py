"""Lines fit, lose nothing, and end where a person would end them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.services.typesetting.faces import shipped_faces
from crmdesk.services.typesetting.lines import Line, Setter
from crmdesk.services.typesetting.pages import BOLD, CJK, LATIN, Style

SIZE = 10.0
MIXED = st.text(alphabet="ab z客户投诉，。（）“”’-.,3\u00a0□", max_size=120)


def setter(*, east: bool = False, bold: bool = False) -> Setter:
    return Setter(shipped_faces(), Style(SIZE, bold=bold), east)


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


@given(MIXED, st.booleans(), st.floats(60.0, 400.0), st.floats(0.0, 30.0))
def test_lines_fit_and_lose_nothing(text: str, east: bool, measure: float, indent: float) -> None:
    lines = setter(east=east).lines(text, measure, indent)
    for number, line in enumerate(lines):
        assert line.width <= measure - (0.0 if number else indent) + 1e-6
        assert line.text == line.text.strip()
    assert "".join("".join(texts(lines)).split()) == "".join(text.split())


@given(st.text(alphabet="客户投诉反映，。；（“”）", min_size=30, max_size=120))
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(text: str) -> None:
    """But where more marks than fit stand in a row."""
    marks = "".join(sign if sign in "，。；（“”）" else " " for sign in text).split()
    lines = texts(setter(east=True).lines(text, 200.0))
    if max(map(len, marks), default=0) < 8:
        assert not any(line[0] in "，。；”）" for line in lines[1:])
        assert not any(line[-1] in "（“" for line in lines[:-1])


def test_words_stay_whole_and_what_must_not_part_stays_together() -> None:
    assert texts(setter().lines("the complaint is settled", 70.0)) == ["the complaint", "is settled"]
    assert texts(setter().lines("until 22\u00a0November\u00a02026", 95.0)) == [
        "until",
        "22\u00a0November\u00a02026",
    ]
    narrow = setter().width("isn’t") + 1
    assert texts(setter().lines("isn’t it", narrow)) == ["isn’t", "it"]


def test_a_word_longer_than_a_line_falls_apart() -> None:
    lines = texts(setter().lines("see WWWWWWWWWWWWWWWWWWWW now", 60.0))
    assert len(lines) > 3
    assert "".join(lines).replace(" ", "") == "seeWWWWWWWWWWWWWWWWWWWWnow"


def test_chinese_lines_have_straight_edges_but_the_last() -> None:
    lines = setter(east=True).lines("客户投诉反映，" * 12, 203.0, indent=20.0)
    assert [line.width for line in lines[:-1]] == [183.0, *[203.0] * (len(lines) - 2)]
    assert lines[-1].spacing == 0.0
    assert all(line.spacing > 0 for line in lines[:-1])
    assert all(line.spacing == 0.0 for line in setter().lines("word " * 40, 203.0))


def test_runs_change_face_with_the_script_and_meet_without_a_gap() -> None:
    line = setter(east=True).lines("他说“OK”，isn’t it", 400.0)[0]
    runs = setter(east=True).runs(line, 50.0, 70.0)
    assert [(run.text, run.face) for run in runs] == [
        ("他说“", CJK),
        ("OK", LATIN),
        ("”，", CJK),
        ("isn’t it", LATIN),
    ]
    ends = [run.x + setter(east=True).width(run.text) for run in runs]
    assert [run.x for run in runs] == pytest.approx([50.0, *ends[:-1]])
    assert setter(bold=True).runs(Line("a“客", 0.0), 0.0, 0.0)[0].face == BOLD


def test_what_does_not_fit_in_so_many_lines_ends_in_an_ellipsis() -> None:
    lines = setter().clipped("one two three four five six seven", 50.0, 2)
    assert len(lines) == 2
    assert lines[1].text.endswith("…")
    assert lines[1].width <= 50.0
    assert texts(setter().clipped("one two", 50.0, 2)) == ["one two"]


def test_a_sign_without_a_glyph_is_a_box() -> None:
    assert texts(setter().lines("a🙂b", 100.0)) == ["a□b"]
