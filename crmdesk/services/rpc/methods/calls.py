"""`call.*`: the same path a real telephone takes, from ringing to wrap-up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from crmdesk.errors import NotFound
from crmdesk.models import call
from crmdesk.models.screen_pop import ScreenPop
from crmdesk.models.wire import Json, Row
from crmdesk.services import calls as use_cases
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.kinds import COUNT, ID, MOMENT, TEXT, Field, choice, list_of, nullable, record, text
from crmdesk.services.rpc.listing import Listing, page_of
from crmdesk.services.rpc.method import Given, Method, action, change, query
from crmdesk.services.rpc.pops import POP, pop_as_json
from crmdesk.services.rpc.records import CALL, CALL_NAMES, tell_calls
from crmdesk.services.rpc.rows import one, select
from crmdesk.services.rpc.session import Session
from crmdesk.services.telephony.gateway import (
    LEG_RESULTS,
    CallAnswered,
    CallEnded,
    CallEvent,
    CallRinging,
    CallTimes,
)

CALLS = Listing("call", call.Call, CALL_NAMES, "-started_at")
EXTERNAL_ID = Field("external_id", text(1, 200), "the telephone system's name of the call", required=True)
EXTENSION = Field("extension", TEXT, "the desk's telephone")
AT = Field("at", MOMENT, "when it happened; now if left out")
CALL_RESULT = record(Field("call", CALL, required=True))


def ring(session: Session, given: Given) -> Json:
    """Let a call ring: the pop is built, shown and kept as for the real telephone."""
    event = CallRinging(
        call_key=given["external_id"],
        extension=given.get("extension", ""),
        number=given.get("from"),
        name=given.get("name"),
        dialled=given.get("to"),
        queue=given.get("queue"),
        wall_at=_at(session, given),
    )
    popped = _popped(session, event)
    row = _known(session, given["external_id"])
    shown = popped[0] if popped else _pop(session, row)
    return {"call": _told(session, row), "pop": pop_as_json(shown)}


def _popped(session: Session, event: CallRinging) -> list[ScreenPop]:
    """Let *event* happen; return what popped, as it was shown before the call itself was kept."""
    call_id = session.desk.calls.id_of(event)
    popped: list[ScreenPop] = []

    def notice(pop: ScreenPop) -> None:
        if pop.call_id == call_id:
            popped.append(pop)

    session.desk.listen(_no_matter, notice)
    try:
        _take(session, event)
    finally:
        session.desk.forget(_no_matter, notice)
    return popped


def _no_matter(_changes: object) -> None:
    """Hear of a change and do nothing."""


def answer(session: Session, given: Given) -> Json:
    """Let a desk take the call."""
    row = _known(session, given["external_id"])
    _take(session, CallAnswered(**_same_call(session, row, given)))
    return {"call": _told(session, _known(session, given["external_id"]))}


def end(session: Session, given: Given) -> Json:
    """Let the call end."""
    row = _known(session, given["external_id"])
    at = _at(session, given)
    result = given.get("result") or ("answered" if row["answered_at"] else "missed")
    event = CallEnded(
        **_same_call(session, row, given),
        result=result,
        ended_by=given.get("ended_by"),
        times=_times(row, at),
    )
    _take(session, event)
    return {"call": _told(session, _known(session, given["external_id"]))}


def pop(session: Session, given: Given) -> Json:
    """Return what the screen shows for the call, as it stands now."""
    return pop_as_json(_pop(session, _known(session, given["external_id"])))


def get_call(connection: Any, desk: Desk, given: Given) -> Json:
    """Return one call by its id or its external_id."""
    row_id = given["id"] if "id" in given else desk.calls.call_id(given.get("external_id", ""))
    return tell_calls(connection, [one(connection, "call", call.Call, row_id)])[0]


def list_calls(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return calls."""
    return CALLS.page(connection, given, lambda rows: tell_calls(connection, rows))


def wrap_up(work: Any, desk: Desk, given: Given) -> Json:
    """Finish a call: who it was, disposition, note and articles used, in one transaction."""
    held = use_cases.known_call(work, desk.calls.call_id(given["external_id"]))
    customer_id = given.get("customer_id")
    if customer_id is not None and customer_id != held["customer_id"]:
        move = use_cases.reassign_call if held["customer_id"] else use_cases.choose_caller
        move(work, held["id"], customer_id)
    finish = use_cases.WrapUp(
        call_id=held["id"],
        disposition=given["disposition"],
        seconds=given.get("seconds", _seconds_since(held["ended_at"], desk.now())),
        topic=given.get("topic", ""),
        text=given.get("note", ""),
        articles=given.get("articles", ()),
    )
    row = use_cases.wrap_up_call(work, finish)
    return tell_calls(work.connection, [row])[0]


def reassign(work: Any, desk: Desk, given: Given) -> Json:
    """Put a wrong pop right: call and notes move to another customer, or to nobody yet."""
    call_id = desk.calls.call_id(given["external_id"])
    use_cases.reassign_call(work, call_id, given["customer_id"])
    return tell_calls(work.connection, [use_cases.known_call(work, call_id)])[0]


def _take(session: Session, event: CallEvent) -> None:
    session.desk.calls.take(event).result()


def _at(session: Session, given: Given) -> datetime:
    at: datetime = given.get("at") or session.desk.now()
    return at


def _known(session: Session, external_id: str) -> Row:
    rows = session.desk.store.read(_row, session.desk.calls.call_id(external_id)).result()
    if not rows:
        raise NotFound("This desk does not know the call {name}.", fields=("external_id",), name=external_id)
    return rows[0]


def _row(connection: Any, call_id: UUID) -> list[Row]:
    return select(connection, "call", call.Call, "WHERE id = ?", (call_id,))


def _told(session: Session, row: Row) -> Json:
    return session.desk.store.read(tell_calls, [row]).result()[0]


def _pop(session: Session, row: Row) -> ScreenPop:
    legs = session.desk.store.read(_extensions, row["id"]).result()
    return replace(session.desk.calls.pop_of_call(row), extension=legs[0] if legs else "")


def _extensions(connection: Any, call_id: UUID) -> list[str]:
    rows = select(connection, "call_leg", call.CallLeg, "WHERE call_id = ? ORDER BY rang_at", (call_id,))
    return [row["extension"] for row in rows]


def _same_call(session: Session, row: Row, given: Given) -> dict[str, Any]:
    """Return what an event says of a call that rang before."""
    extension = given.get("extension")
    if extension is None:
        known = session.desk.store.read(_extensions, row["id"]).result()
        extension = known[0] if known else ""
    return {
        "call_key": row["call_key"],
        "extension": extension,
        "direction": row["direction"],
        "wall_at": _at(session, given),
    }


def _times(row: Row, ended_at: datetime) -> CallTimes:
    """Return ring and talk time of a call that ends now; the queue is not known here."""
    taken_at = row["answered_at"]
    ring_seconds = max(0.0, ((taken_at or ended_at) - row["started_at"]).total_seconds())
    talk = max(0.0, (ended_at - taken_at).total_seconds()) if taken_at else None
    return CallTimes(ring_seconds=ring_seconds, talk_seconds=talk)


def _seconds_since(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(0, round((now - at).total_seconds()))


METHODS: tuple[Method, ...] = (
    action(
        "call.ring",
        "Let a call ring at this desk: it pops and is kept; the same external_id again is the same call.",
        (
            EXTERNAL_ID,
            Field("from", nullable(TEXT), "the caller's number as sent; null when withheld"),
            Field("to", nullable(TEXT), "the number that was dialled"),
            Field("name", nullable(TEXT), "the caller's name as sent"),
            Field("queue", nullable(TEXT)),
            EXTENSION,
            AT,
        ),
        record(Field("call", CALL, required=True), Field("pop", POP, required=True)),
        ring,
        writes=True,
    ),
    action(
        "call.answer",
        "Let this desk take the call.",
        (EXTERNAL_ID, EXTENSION, AT),
        CALL_RESULT,
        answer,
        writes=True,
    ),
    action(
        "call.end",
        "Let the call end. An inbound call nobody took makes one call-back.",
        (
            EXTERNAL_ID,
            EXTENSION,
            AT,
            Field("result", choice(LEG_RESULTS), "answered if it was taken, else missed, unless given"),
            Field("ended_by", choice(("caller", "agent", "callee", "pbx", "ami", "transfer"))),
        ),
        CALL_RESULT,
        end,
        writes=True,
    ),
    action("call.pop", "What the screen shows for the call, as it stands now.", (EXTERNAL_ID,), POP, pop),
    query(
        "call.get",
        "One call, by id or external_id.",
        (Field("id", ID), Field("external_id", TEXT)),
        CALL,
        get_call,
    ),
    query("call.list", "Calls, the latest first.", CALLS.params(), page_of(CALL), list_calls),
    change(
        "call.wrap_up",
        "Finish a call: disposition, note, who it was, articles used.",
        (
            EXTERNAL_ID,
            Field("disposition", TEXT, "key of a disposition; empty for none", default=""),
            Field("note", TEXT, "text of a note on this call"),
            Field("customer_id", ID, "who called, when the pop did not know or was wrong"),
            Field("articles", list_of(ID, 100), "article_id of those that were used"),
            Field("topic", TEXT, "fault or subject key"),
            Field("seconds", COUNT, "wrap-up time; since the end of the call if left out"),
        ),
        CALL,
        wrap_up,
    ),
    change(
        "call.reassign",
        "Not him: move the call and its notes to another customer, or to nobody yet (null).",
        (EXTERNAL_ID, Field("customer_id", nullable(ID), required=True)),
        CALL,
        reassign,
    ),
)
