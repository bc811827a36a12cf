"""Words for what the procedure writes as codes."""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import pytest

from crmdesk.errors import Denied, InvalidInput, NotFound
from crmdesk.models.complaint import Complaint, ComplaintBody
from crmdesk.models.workflow import Transition
from crmdesk.services.complaints.procedure import workflow
from crmdesk.services.complaints.record_view import LedgerLine, Named
from crmdesk.ui.complaint_values import QUIET, Values
from crmdesk.ui.complaint_words import (
    CHOICES,
    calendar_word,
    clock_word,
    field_word,
    refusal,
    step_words,
)
from crmdesk.ui.look import Look
from crmdesk.ui.translation import Words
from tests.ui import sample

STEPS = workflow().transitions
SILENT = {"id", "rev", "author", "last_operation_id", "last_step_at", "external_id"}
"""Columns of which a history keeps nothing, or that no step changes."""
OWN_SIGNS = {"12315"}
"""Codes that people say as they are written."""


def languages(look: Look) -> list[Words]:
    return [look.words.twin("en"), look.words.twin("zh")]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_every_field_of_a_step_has_a_name_in_both_languages(look: Look, step: Transition) -> None:
    english, chinese = languages(look)
    for field in step.payload:
        assert field_word(english, field.name) != field.name
        assert field_word(chinese, field.name) != field_word(english, field.name)


def test_every_column_that_a_history_shows_has_a_name_in_both_languages(look: Look) -> None:
    english, chinese = languages(look)
    columns = {each.name for kind in (Complaint, ComplaintBody) for each in fields(kind)}
    for name in sorted(columns - QUIET - SILENT):
        assert field_word(english, name) != name
        assert field_word(chinese, name) != field_word(english, name)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_a_history_shows_no_key_of_what_a_step_set(look: Look, step: Transition) -> None:
    types = {field.name: field.type for field in step.payload}
    record: Any = SimpleNamespace(states={}, currency="CNY")
    told_of = [(column, types.get(source, "")) for column, source in step.sets if column not in QUIET]
    for column, kind in told_of:
        for key in (key for key in CHOICES.get(kind, ()) if key not in OWN_SIGNS):
            for words in languages(look):
                value: Any = int(key) if kind in {"level", "score"} else key
                told = Values(words, SimpleNamespace()).change(record, column, None, value)  # type: ignore[arg-type]
                assert told
                assert told != key


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_why_a_step_was_taken_is_no_key(look: Look, step: Transition) -> None:
    for kind in (field.type for field in step.payload if field.name == "reason"):
        for key in CHOICES.get(kind, ()):
            for words in languages(look):
                assert step_words(words, key) != key


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


def test_a_refusal_names_a_state_as_people_do(look: Look) -> None:
    error = InvalidInput("This cannot be done in the state {state}.", state="WITHDRAWN")
    assert refusal(look.words.twin("en"), error)[0] == "This cannot be done in the state Withdrawn."
    assert "WITHDRAWN" not in refusal(look.words.twin("zh"), error)[0]


def test_a_refusal_names_fields_as_forms_do(look: Look) -> None:
    english, chinese = languages(look)
    long = "{name} may have {limit} characters at most; this has {length}."
    error = InvalidInput(long, fields=("what_happened",), name="what_happened", limit=9, length=10)
    told, field = refusal(english, error)
    assert (told, field) == ("What happened may have 9 characters at most; this has 10.", "what_happened")
    assert "事情经过" in refusal(chinese, error)[0]
    many = InvalidInput("There is no field {names} here.", fields=("until", "note"), names="until, note")
    assert refusal(english, many)[0] == "There is no field Until, Note here."
    unmet = Denied("It does not hold: {names}.", names="facts, in_time")
    assert refusal(english, unmet) == ("It does not hold: Facts are named, In time.", "")
    assert "有具体事实、在期限内" in refusal(chinese, unmet)[0]
    called = refusal(english, error, {"what_happened": "words"})
    assert called == ("Words of the customer may have 9 characters at most; this has 10.", "words")


def test_what_is_no_field_keeps_its_name(look: Look) -> None:
    english, _ = languages(look)
    file = InvalidInput("{name} has too many bytes.", fields=("path",), name="note")
    assert refusal(english, file) == ("note has too many bytes.", "path")
    assert refusal(english, NotFound("There is no {name}.", name="note")) == ("There is no note.", "")
    assert refusal(english, ValueError("x"))[0].startswith("Something went wrong inside crmdesk.")


@pytest.mark.parametrize(
    ("version", "calendar", "told"),
    [
        ("cn/1", Named("1", "China", "中国"), ("China", "中国")),
        ("cn/2", Named("2", "China", "中国"), ("China, edition 2", "中国（第 2 版）")),
        ("gone/1", None, ("gone/1", "gone/1")),
        ("", None, ("", "")),
    ],
)
def test_a_ledger_names_its_calendar(
    look: Look, version: str, calendar: Named | None, told: tuple[str, str]
) -> None:
    line = LedgerLine(
        1, "start", sample.NOW, sample.NOW, "received", version, undone=False, calendar=calendar
    )
    assert (calendar_word(look.words.twin("en"), line), calendar_word(look.words.twin("zh"), line)) == told
