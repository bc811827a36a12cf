"""What a caller is told: one sentence for every state, dates as people say them, nothing promised twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crmdesk.models.text import say
from crmdesk.resources import resource
from crmdesk.services.complaints.procedure import workflow
from crmdesk.services.complaints.sentence import (
    Standing,
    numbered_status,
    readout,
    readout_solved,
    spoken_moment,
    status_sentence,
)
from crmdesk.ui.translation import Words, load_catalogue

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
NUMBER = "C26-K7Q-0042"
CASE = Standing(
    number=NUMBER,
    state="",
    owner="Lin",
    due_at=NOW + timedelta(days=2),
    wait_for="customer",
    text="a picture",
    route="12315",
)


def words(language: str) -> Words:
    return Words(load_catalogue(resource("i18n", "zh_CN.json")), language)


def told(state: str, language: str = "en", **changes: object) -> str:
    standing = replace(CASE, state=state, **changes)  # type: ignore[arg-type]  # names are checked
    return plain(words(language).text(status_sentence(standing, NOW, ZONE)))


def plain(text: str) -> str:
    """Return *text* with gaps for no-break spaces."""
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_state_has_a_sentence_without_a_gap(language: str) -> None:
    said = {state.key: told(state.key, language) for state in workflow().states}
    assert len(set(said.values())) == len(said) - 1, "settled and asked about afterwards sound alike"
    for state, sentence in said.items():
        assert "{" not in sentence and "None" not in sentence, state
        assert sentence[-1] in ".。", state


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (
            "RECEIVED",
            "It is recorded under number C 2 6, K 7 Q, 0 0 4 2."
            " By 10:00 on Friday, 6 March you hear whether we take it up.",
        ),
        ("ASSESSED", "Lin looks after it and speaks with you by 10:00 on Friday, 6 March."),
        ("WAITING", "We wait for you: a picture. Until 10:00 on Friday, 6 March."),
        (
            "RESPONDED",
            "The decision has been told to you: a picture. Tell us by 10:00 on Friday, 6 March if you"
            " disagree.",
        ),
        ("REJECTED", "We did not take it up: a picture. You can turn to: 12315."),
    ],
)
def test_what_the_caller_is_told(state: str, sentence: str) -> None:
    assert told(state) == sentence


def test_a_date_that_is_past_is_not_promised_again() -> None:
    late = told("INVESTIGATING", due_at=NOW - timedelta(minutes=1))
    assert late == "Lin looks after it. We are late with it: you hear from us today."


@pytest.mark.parametrize(
    ("language", "doubt"),
    [
        ("en", " That may still move by a few days: the public holidays are not announced yet."),
        ("zh", "这个日期可能还会略有调整，因为届时的节假日安排尚未公布。"),
    ],
)
def test_a_date_that_may_move_is_told_with_its_doubt(language: str, doubt: str) -> None:
    sure = told("ASSESSED", language)
    assert told("ASSESSED", language, provisional=True) == sure + doubt
    due, said = NOW + timedelta(days=5), words(language)
    for read in (readout, lambda number, *rest, **more: readout_solved(number, "S3", *rest, **more)):
        plainly = said.text(read(NUMBER, due, NOW, ZONE))
        assert said.text(read(NUMBER, due, NOW, ZONE, provisional=True)) == plainly + doubt
        nothing = said.text(read(NUMBER, None, NOW, ZONE))
        assert said.text(read(NUMBER, None, NOW, ZONE, provisional=True)) == nothing, "no date is told"


def test_what_is_late_is_not_doubted_too() -> None:
    late = told("INVESTIGATING", due_at=NOW - timedelta(minutes=1), provisional=True)
    assert late.endswith("We are late with it: you hear from us today.")


def test_without_an_owner_it_is_a_colleague() -> None:
    assert told("INVESTIGATING", owner="").startswith("A colleague is finding out")


def test_a_caller_hears_his_own_language() -> None:
    assert told("ASSESSED", "zh") == "您的投诉由Lin负责，将在3月6日星期五10:00前与您联系。"


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(hours=2), "12:00 today"),
        (timedelta(hours=14), "24:00 today"),
        (timedelta(days=1, hours=14), "24:00 tomorrow"),
        (timedelta(days=5), "10:00 on Monday, 9 March"),
    ],
)
def test_moments_are_those_of_the_site(ahead: timedelta, said: str) -> None:
    assert words("en").text(spoken_moment(NOW + ahead, NOW, ZONE)) == said


def test_what_is_read_out_tells_number_and_next_date_in_both_languages() -> None:
    due = NOW + timedelta(hours=5)
    assert plain(words("zh").text(readout(NUMBER, due, NOW, ZONE))) == (
        "您的投诉已登记，编号是 C 2 6，K 7 Q，0 0 4 2。我们将在今天15:00前答复您后续安排。"
    )
    assert "at once" in readout(NUMBER, NOW, NOW, ZONE).in_words()


@pytest.mark.parametrize(("severity", "date"), [("S3", True), ("S4", False)])
def test_only_who_will_be_asked_is_promised_a_call(severity: str, date: bool) -> None:
    said = words("en").text(readout_solved(NUMBER, severity, NOW + timedelta(days=3), NOW, ZONE))
    assert ("Saturday" in said) is date


def test_no_line_ends_within_a_group_of_the_number() -> None:
    assert readout(NUMBER, None, NOW, ZONE).values[0] == (
        "number",
        say(
            "{first}, {second}, {third}",
            first="C\u00a02\u00a06",
            second="K\u00a07\u00a0Q",
            third="0\u00a00\u00a04\u00a02",
        ),
    )


@pytest.mark.parametrize("state", ["WAITING", "REJECTED", "RESPONDED", "MERGED"])
def test_of_a_file_that_cannot_be_read_here_only_who_handles_it_is_told(state: str) -> None:
    assert told(state, text="") == "Lin looks after it."


def test_the_number_is_told_once() -> None:
    asked = replace(CASE, state="ASSESSED")
    told_of = plain(words("en").text(numbered_status(asked, NOW, ZONE)))
    assert told_of.startswith("Number C 2 6, K 7 Q, 0 0 4 2. Lin looks after it")
    fresh = plain(words("zh").text(numbered_status(replace(CASE, state="RECEIVED"), NOW, ZONE)))
    assert fresh.count("编号") == 1
