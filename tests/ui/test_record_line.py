"""Long texts of a complaint: every word can be read, with the arrows too."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from crmdesk.ui.itemmodels.record_line import RecordLine, passages, whole
from tests.ui.complaint_house import ComplaintSeat


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        "漏油。" * 33_334,
        "word " * 20_000,
        "x" * 100_000,
        "a\n" * 50_000,
        "\n" * 5_000,
        "y" * 800,
    ],
    ids=["empty", "short", "Chinese", "words", "one word", "lines", "breaks", "just fits"],
)
def test_passages_are_the_whole_text_in_parts_that_can_be_painted(text: str) -> None:
    parts = list(passages(text))
    assert "".join(parts) == text
    assert all(len(part) <= 800 and part.count("\n") <= 40 for part in parts)
    assert len(parts) == 1 or all(parts)


def test_a_passage_ends_with_a_line_a_sentence_or_a_word() -> None:
    letter = "First line.\n" + "He says it is 3.5 times too much! " * 60
    parts = list(passages(letter))
    assert parts[0] == "First line.\n"
    assert all(part.endswith("! ") for part in parts[1:])
    chinese = list(passages("车底又漏油了，修了三次。" * 100))
    assert all(part.endswith("。") for part in chinese)
    assert all(part.endswith(" ") for part in list(passages("word " * 500))[:-1])


def test_only_the_first_line_of_a_long_text_has_label_and_aside() -> None:
    note = RecordLine("log", "z" * 1_000, label="Anna Lin", aside="Today 08:30", source="note")
    first, second = whole([note])
    assert (first.kind, first.label, first.aside, len(first.text)) == ("log", "Anna Lin", "Today 08:30", 800)
    assert second == RecordLine("text", "z" * 200, source="note")
    short = RecordLine("line", "fits", label="Wants")
    assert list(whole([short])) == [short]
    assert [each.kind for each in whole([RecordLine("detail", "z" * 900)])] == ["detail", "detail"]
    assert [each.kind for each in whole([RecordLine("alert", "z" * 900, icon="clock")])] == ["alert", "text"]


def test_the_end_of_a_long_letter_can_be_read_with_the_arrows(place: ComplaintSeat) -> None:
    letter = "\n".join(f"{n}. He says that oil runs out again." for n in range(1, 301))
    place.open(place.house.log({"what_happened": letter}))
    lines = place.page.view.file
    for _ in range(30):
        place.seat.key(Qt.Key.Key_Down)
        if "300. He says" in lines.current_line().text:
            break
    assert "300. He says that oil runs out again." in lines.current_line().text
    assert not lines.current_line().text.startswith("1. "), "one line would be cut where a screen ends"
