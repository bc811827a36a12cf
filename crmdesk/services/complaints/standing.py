"""How a complaint stands for whoever asks: what may be told of its file, in the language it is told in.

The dates are those the procedure promises in each state; of several clocks (the firm's own, a regime's) the
earliest counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from crmdesk.models.text import Text, say
from crmdesk.services.complaints.sentence import Standing, spoken_number

if TYPE_CHECKING:
    from datetime import datetime

    from crmdesk.services.complaints.record_view import ComplaintRecord, Named

CLOCKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "RECEIVED": ("acknowledge",),
        "ACKNOWLEDGED": ("contact", "decide"),
        "ASSESSED": ("contact", "decide"),
        "INVESTIGATING": ("update", "decide"),
        "PROPOSED": ("decide",),
    }
)
"""By state the clocks whose date is told: that of the first that runs."""
NOT_ACCEPTED: Mapping[str, Text] = MappingProxyType(
    {
        "query": say("it is a question and not a complaint"),
        "not_ours": say("it is not about us"),
        "no_facts": say("no facts were named"),
        "out_of_time": say("it came too late"),
        "decided_before": say("it was decided before"),
        "other": say("of another reason"),
    }
)
ZH = "zh"


def standing_of(record: ComplaintRecord, language: str) -> Standing | None:
    """Return how the complaint of *record* stands, names in *language*; None when nothing may be told.

    Of a restricted complaint of another team nothing is told here; of others of theirs who handles it.
    """
    if record.body is None and record.head.restricted:
        return None
    due_at, provisional = _due(record)
    return Standing(
        number=record.head.number,
        state=record.head.state,
        owner=_name(record.owner, language),
        due_at=due_at,
        provisional=provisional,
        wait_for=record.head.wait_for,
        text=_text(record),
        route=_within_a_sentence(record.body.other_route) if record.body is not None else "",
    )


def _due(record: ComplaintRecord) -> tuple[datetime | None, bool]:
    """Return the date that is told, and whether it may move: what was told as a last day does not."""
    state = record.head.state
    if state == "WAITING":
        return record.head.wait_until, False
    if state == "RESPONDED":
        return record.head.answer_until, False
    running = [clock for clock in record.clocks if clock.state == "running"]
    for name in CLOCKS.get(state, ()):
        dues = [(each.due, each.provisional) for each in running if each.clock.rpartition("/")[2] == name]
        if dues:
            return min(dues)
    return None, False


def _text(record: ComplaintRecord) -> str | Text:
    """Return what the state is about, as far as the caller may know."""
    state, body = record.head.state, record.body
    if state == "MERGED":
        into = next((link.number for link in record.links if link.relation == "merged_into"), "")
        return spoken_number(into)
    if body is None:
        return ""
    if state == "REJECTED":
        return NOT_ACCEPTED.get(body.ended_why, NOT_ACCEPTED["other"])
    told = body.wait_what if state == "WAITING" else body.what_was_done or body.reason_text
    return _within_a_sentence(told)


def _within_a_sentence(told: str) -> str:
    """Return what somebody wrote as part of a sentence: in one line, without a full stop of its own."""
    return " ".join(told.split()).rstrip(".。")


def _name(person: Named | None, language: str) -> str:
    if person is None:
        return ""
    first, second = person.name_en, person.name_zh
    return (second or first) if language == ZH else (first or second)
