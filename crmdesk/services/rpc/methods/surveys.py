"""`survey.*` and `letter.*`: what customers answered, and what left the house."""

from __future__ import annotations

from typing import Any

from crmdesk.models.complaint import Letter, Survey
from crmdesk.models.wire import Json, Row
from crmdesk.services.complaints.surveys import AGAIN, DEFECTION, Answers, record_survey
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.kinds import (
    ID,
    INTEGER,
    MOMENT,
    TEXT,
    Field,
    choice,
    entity_fields,
    nullable,
    record,
)
from crmdesk.services.rpc.listing import Listing, page_of
from crmdesk.services.rpc.method import Given, Method, change, query
from crmdesk.services.rpc.records import all_required
from crmdesk.services.rpc.rows import one, told
from crmdesk.services.rpc.updates import BY_ID

NAMES = ("id", "complaint_id", "customer_id", "at", "csm", "again", "defection", "words", "version")
LETTER_NAMES = (
    *("id", "complaint_id", "kind", "language", "text", "digest", "made_at", "sent_at", "sent_via"),
    *("author", "version"),
)
SURVEYS = Listing("survey", Survey, NAMES, "-at")
LETTERS = Listing("letter", Letter, LETTER_NAMES, "-made_at")
GRADES = record(open_ended=True)
SURVEY = record(
    Field("id", ID, required=True),
    Field("complaint_id", nullable(ID), required=True),
    Field("customer_id", nullable(ID), required=True),
    Field("at", MOMENT, required=True),
    Field("answers", GRADES, "item → grade", required=True),
    Field("csm", nullable(INTEGER), "mean of the grades; null: nothing was answered", required=True),
    Field("again", choice(AGAIN), "would buy again", required=True),
    Field("defection", choice(DEFECTION), "what drives the customer away", required=True),
    Field("words", TEXT, required=True),
    Field("version", INTEGER, required=True),
    title="Survey",
)
LETTER = record(*all_required(entity_fields(Letter, LETTER_NAMES)), title="Letter")


def record_answers(work: Any, desk: Desk, given: Given) -> Json:
    """Keep what a customer answered."""
    parts = {name: given[name] for name in ("again", "defection", "words") if name in given}
    answers = Answers(grades=given["answers"], **parts)
    row_id = record_survey(
        work, answers, given.get("complaint_id"), given.get("customer_id"), given.get("id")
    )
    return get_survey(work.connection, desk, {"id": row_id})


def get_survey(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return one survey."""
    return _tell(one(connection, "survey", Survey, given["id"]))


def list_surveys(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return surveys."""
    return SURVEYS.page(connection, given, lambda rows: [_tell(row) for row in rows])


def _tell(row: Row) -> Json:
    flat = row["answers"]
    grades = {item: int(grade) for item, grade in zip(flat[::2], flat[1::2], strict=True)}
    return {**told(row, NAMES), "answers": grades}


def get_letter(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return one letter."""
    return told(one(connection, "letter", Letter, given["id"]), LETTER_NAMES)


def list_letters(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return letters."""
    return LETTERS.page(connection, given, lambda rows: [told(row, LETTER_NAMES) for row in rows])


METHODS: tuple[Method, ...] = (
    change(
        "survey.record",
        "Keep what a customer answered; a grade is 90, 60, 30, 0, -30, -60 or -90.",
        (
            Field("complaint_id", ID, "or a customer"),
            Field("customer_id", ID),
            Field("answers", GRADES, "item → grade", required=True),
            Field("again", choice(AGAIN), "would buy again"),
            Field("defection", choice(DEFECTION), "what drives the customer away"),
            Field("words", TEXT),
            Field("id", ID, "made by the sender, so that recording it twice makes one"),
        ),
        SURVEY,
        record_answers,
    ),
    query("survey.get", "One survey.", BY_ID, SURVEY, get_survey),
    query("survey.list", "Surveys, the latest first.", SURVEYS.params(), page_of(SURVEY), list_surveys),
    query("letter.get", "One letter as it was printed.", BY_ID, LETTER, get_letter),
    query("letter.list", "Letters, the latest first.", LETTERS.params(), page_of(LETTER), list_letters),
)
