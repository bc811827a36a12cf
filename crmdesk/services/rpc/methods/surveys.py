"""`survey.*` and `action.*`: what customers answered, and what is done so that a cause does not come back."""

from __future__ import annotations

from typing import Any

from crmdesk.models.complaint import CorrectiveAction, Survey
from crmdesk.models.wire import Json, Row
from crmdesk.services.complaints.actions import STATES, ActionFields, save_action
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
ACTION_NAMES = (
    *(
        "id",
        "complaint_id",
        "cause",
        "what",
        "owner_id",
        "opened_at",
        "due_at",
        "check_at",
        "state",
        "result",
    ),
    "version",
)
SURVEYS = Listing("survey", Survey, NAMES, "-at")
ACTIONS = Listing("corrective_action", CorrectiveAction, ACTION_NAMES, "-opened_at")
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
ACTION = record(
    *all_required(
        entity_fields(
            CorrectiveAction,
            ACTION_NAMES,
            choices={"state": STATES},
            docs={"check_at": "when its effect is looked at", "result": "what that found"},
        )
    ),
    title="CorrectiveAction",
)


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


def save(work: Any, desk: Desk, given: Given) -> Json:
    """Keep a corrective action, new or changed."""
    fields = {name: given[name] for name in ("owner_id", "due_at", "check_at", "state", "result")}
    action = ActionFields(what=given["what"], **fields)
    row_id = save_action(work, given["complaint_id"], action, given.get("id"))
    return get_action(work.connection, desk, {"id": row_id})


def get_action(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return one corrective action."""
    return told(one(connection, "corrective_action", CorrectiveAction, given["id"]), ACTION_NAMES)


def list_actions(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return corrective actions."""
    return ACTIONS.page(connection, given, lambda rows: [told(row, ACTION_NAMES) for row in rows])


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
    change(
        "action.save",
        "Keep a corrective action of a complaint, new or changed: what, who, until when, whether it worked.",
        (
            Field("complaint_id", ID, required=True),
            Field("what", TEXT, "what is done", required=True),
            Field("owner_id", ID, "who does it", required=True),
            Field("due_at", MOMENT, required=True),
            Field("check_at", MOMENT, "when its effect is looked at, not before it is due", required=True),
            Field("state", choice(STATES), "worked, failed: the effect was looked at", default="open"),
            Field("result", TEXT, "what that found", default=""),
            Field("id", ID, "of the one that changes, or made by the sender"),
        ),
        ACTION,
        save,
    ),
    query("action.get", "One corrective action.", BY_ID, ACTION, get_action),
    query(
        "action.list",
        "Corrective actions, the latest first.",
        ACTIONS.params(),
        page_of(ACTION),
        list_actions,
    ),
)
