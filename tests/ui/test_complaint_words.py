"""Words for what the procedure writes as codes."""

from __future__ import annotations

import pytest

from crmdesk.ui.complaint_words import clock_word, step_words
from crmdesk.ui.look import Look


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("new_facts", "New facts", "新事实"),
        ("Level 2 by time", "Level 2 by time", "逾时升至级别 2"),
        ("He came again.", "He came again.", "He came again."),
    ],
)
def test_why_a_step_was_taken_is_told_in_words(look: Look, text: str, english: str, chinese: str) -> None:
    assert step_words(look.words.twin("en"), text) == english
    assert step_words(look.words.twin("zh"), text) == chinese


def test_the_reason_that_time_writes_is_known_here() -> None:
    import inspect

    from crmdesk.models import timetable

    assert 'f"Level {level} by time"' in inspect.getsource(timetable)


def test_a_regimes_clock_names_it_and_an_outside_bodys_does_not(look: Look) -> None:
    words = look.words.twin("en")
    assert clock_word(words, "UK-8W/decide") == "UK-8W · Decide"
    assert clock_word(words, "adr/answer") == "Answer the outside body"
