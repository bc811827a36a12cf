"""Letters, surveys, actions and marks, field by field: the server keeps what every desk keeps, or refuses it.

Whatever a field may hold is kept by the effect in SQL as by the one in Python; what it may not hold is
refused with the field's name, and nothing is written.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.errors import InvalidInput
from crmdesk.models.effects import ENTITIES, apply
from crmdesk.models.metrics import csm
from crmdesk.models.operations import Operation, RowsInMemory
from crmdesk.models.payload import CHANNELS, GRADES
from crmdesk.models.regime import LANGUAGES
from crmdesk.models.wire import field_types, to_json
from crmdesk.services.complaints.actions import STATES, ActionFields, checked
from crmdesk.services.complaints.letters import KINDS
from crmdesk.services.complaints.surveys import AGAIN, DEFECTION
from tests.cluster import Cluster
from tests.models.complaint_moves import log_complaint, step_taken
from tests.models.moves import START, Dice, Hotline
from tests.services.server.sender import Sender, rows_of

DICE = Dice(0, 3, "The brakes squeal.")
AWKWARD = (" x ", "\u3000x\u2028", "İ", "O'Neil; --", "\\u0000", "e\u0301")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40) | st.sampled_from(
    AWKWARD
)
MICROS = st.integers(0, 4_000_000_000_000_000)
MOMENT = MICROS.map(
    lambda micros: (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)).isoformat()
)
ID = st.uuids().map(str)
GRADED = st.lists(st.tuples(TEXT, st.sampled_from(GRADES)), max_size=6)


def survey_of(answers: list[tuple[str, int]]) -> dict[str, Any]:
    share = csm([grade for _, grade in answers]).value
    flat = [part for item, grade in answers for part in (item, str(grade))]
    return {"answers": flat, "csm": None if share is None else round(share)}


LETTER = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "language": st.sampled_from(LANGUAGES),
        "text": TEXT,
        "digest": st.text("0123456789abcdef", min_size=64, max_size=64),
    }
)
SURVEY = st.builds(
    lambda answers, more: survey_of(answers) | more,
    GRADED,
    st.fixed_dictionaries(
        {},
        optional={
            "customer_id": st.none() | ID,
            "again": st.sampled_from(AGAIN),
            "defection": st.sampled_from(DEFECTION),
            "words": TEXT,
        },
    ),
)
MOMENTS = st.lists(MOMENT, min_size=2, max_size=2).map(sorted)
ACTION = st.builds(
    lambda what, moments, rest: {"what": f"{what}x", "due_at": moments[0], "check_at": moments[1], **rest},
    TEXT,
    MOMENTS,
    st.fixed_dictionaries(
        {"owner_id": ID},
        optional={"cause": TEXT, "state": st.sampled_from(("open", "done")), "result": TEXT},
    ),
)
DAYS = (None, datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC))
PLANS = st.builds(
    ActionFields,
    what=st.sampled_from(("Scan it.", "", " \u3000\n")),
    owner_id=st.none() | st.uuids(),
    due_at=st.sampled_from(DAYS),
    check_at=st.sampled_from(DAYS),
    state=st.sampled_from(STATES),
    result=st.sampled_from(("", " ", "None since.")),
)
"""Corrective actions, most of which bind nobody."""
MARKS = st.fixed_dictionaries({}, optional={"done_at": st.none() | MOMENT, "order_id": TEXT})
KEPT = st.one_of(
    st.tuples(st.just("letter.make"), LETTER),
    st.tuples(st.just("survey.record"), SURVEY),
    st.tuples(st.just("action.save"), ACTION),
    st.tuples(st.just("remedy.mark"), MARKS),
    st.tuples(st.just("letter.send"), st.sampled_from(CHANNELS).map(lambda via: {"sent_via": via})),
)
WHOLE: dict[str, dict[str, Any]] = {
    "letter.make": {"kind": "decision", "language": "en", "text": "Dear Ms Wang", "digest": "0" * 64},
    "survey.record": {
        "customer_id": None,
        "again": "yes",
        "defection": "",
        "words": "",
        **survey_of([("q", 60)]),
    },
    "action.save": {
        "what": "Scan it.",
        "cause": "wrong_part",
        "owner_id": str(uuid.UUID(int=9)),
        "due_at": "2026-12-01T00:00:00Z",
        "check_at": "2027-02-01T00:00:00Z",
        "state": "open",
        "result": "",
    },
    "remedy.mark": {"done_at": "2026-12-01T00:00:00Z", "order_id": "SO-1"},
    "letter.send": {"sent_via": "mail"},
}
TABLES = {"letter.make": "letter", "survey.record": "survey", "action.save": "corrective_action"}
TABLES |= {"remedy.mark": "remedy_line", "letter.send": "letter"}
NO_DAY = "2026-13-01T00:00:00Z"
WRONG: dict[type, tuple[Any, ...]] = {
    str: (5, True, None, ["x"], {}),
    int: ("60", 6.5, True, 1 << 70, []),
    uuid.UUID: (5, "anna", "", "01a1f864-3840-72cb-9397-fe3b0659142", {}),
    datetime: (5, "now", "2026-12-01", NO_DAY, "2026-12-01T00:00:00", []),
    tuple: ("q", 5, None, ["q"], ["q", 60], ["q", "61"], ["q", "x"]),
}
"""What a field of a type cannot hold."""
STRANGE = {
    **dict.fromkeys(("kind", "language", "sent_via", "state"), ("", "none of these", "Mail")),
    **dict.fromkeys(("again", "defection"), ("maybe", "Yes")),
    "digest": ("", "0" * 63, "0" * 65, "G" * 64),
    "csm": (59, None, -60),
}
"""And what some fields cannot besides."""


class Shop:
    """A complaint with a letter and a remedy at a server, and what a desk knows of it."""

    def __init__(self, connection: Any, actor: str) -> None:
        self.connection = connection
        self.actor = actor
        self.world = Hotline()
        self.world.author = replace(self.world.author, actor=actor)
        self.sender = Sender(connection)
        self.complaint = self._logged()
        self.letter = self.push("letter.make", {**WHOLE["letter.make"], "complaint_id": self.complaint})
        rows = rows_of(connection)
        (self.remedy,) = map(str, rows["remedy_line"])
        connection.commit()

    def _logged(self) -> str:
        logged = log_complaint(self.world, DICE)
        complaint = uuid.UUID(logged.payload["id"])
        steps = (step_taken(self.world, DICE, complaint, key, {}) for key in ("T2", "T4", "T5", "T8"))
        for operation in (logged, *steps):
            answer = self.sender.push(operation)
            assert answer == {"ok": True}, answer
        return str(complaint)

    def described(self, kind: str, fields: dict[str, Any]) -> Operation:
        """The operation as a desk would send it."""
        if kind == "letter.send":
            payload = {"id": self.letter, **fields}
        elif kind == "remedy.mark":
            payload = {"id": self.remedy, "marks": fields}
        else:
            of = {} if "complaint_id" in fields else {"complaint_id": self.complaint}
            payload = {"id": str(uuid.uuid4()), "fields": {**of, **fields}}
        return replace(self.world.author.describe(kind, {}), payload=payload, device=str(self.sender.device))

    def push(self, kind: str, fields: dict[str, Any]) -> str:
        operation = self.described(kind, fields)
        answer = self.sender.push(operation)
        assert answer == {"ok": True}, answer
        return str(operation.payload["id"])


@pytest.fixture(scope="module")
def shop(cluster: Cluster) -> Iterator[Shop]:
    database = cluster.database()
    boss = database.person("fields_boss", "supervisor")
    with database.connect() as admin:
        for table, key in (("complaint_category", "repair"), ("cause", "wrong_part")):
            admin.execute(f"INSERT INTO crm.{table} (id, key) VALUES (gen_random_uuid(), %s)", (key,))
        admin.execute("SELECT crm.set_clock(%s)", (START.replace(month=12),))
    with database.connect(boss.login, autocommit=False) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.commit()
        yield Shop(connection, str(boss.agent_id))
    database.drop()


@settings(max_examples=250, deadline=None)
@given(done=st.lists(KEPT, min_size=1, max_size=3))
def test_what_fields_may_hold_is_kept_alike(shop: Shop, done: list[tuple[str, dict[str, Any]]]) -> None:
    expected = RowsInMemory()
    expected.tables.update(rows_of(shop.connection))
    n = shop.sender.n
    try:
        for kind, fields in done:
            operation = shop.described(kind, fields)
            assert shop.sender.push(operation) == {"ok": True}, (kind, fields)
            expected.changed(apply(expected, operation))
        assert rows_of(shop.connection) == {name: rows for name, rows in expected.tables.items() if rows}
    finally:
        shop.connection.rollback()
        shop.sender.n = n


def wrong_fields() -> Iterator[Any]:
    for kind, fields in WHOLE.items():
        types = field_types(ENTITIES[TABLES[kind]])
        for name in fields:
            declared, optional = types[name]
            values = [value for value in WRONG[declared] if value is not None or not optional]
            yield pytest.param(kind, name, (*values, *STRANGE.get(name, ())), id=f"{kind} {name}")


@pytest.mark.parametrize(("kind", "name", "values"), list(wrong_fields()))
def test_what_a_field_cannot_hold_is_refused_by_its_name(
    shop: Shop, kind: str, name: str, values: tuple[Any, ...]
) -> None:
    before = rows_of(shop.connection)
    n = shop.sender.n
    try:
        for value in values:
            answer = shop.sender.push(shop.described(kind, {**WHOLE[kind], name: value}))
            assert answer.get("rejected") == "invalid", (value, answer)
            assert answer["fields"] == [name] or value == NO_DAY, (value, answer)
        assert rows_of(shop.connection) == before
    finally:
        shop.connection.rollback()
        shop.sender.n = n


@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_a_field_there_is_not_is_refused(shop: Shop, kind: str) -> None:
    n = shop.sender.n
    try:
        for name in ("author", "team_id", "rev", "made_at", "nonsense"):
            answer = shop.sender.push(shop.described(kind, {**WHOLE[kind], name: "x"}))
            assert answer["rejected"] in ("invalid", "denied"), (name, answer)
    finally:
        shop.connection.rollback()
        shop.sender.n = n


@settings(max_examples=150, deadline=None)
@given(PLANS)
def test_an_action_that_binds_nobody_is_refused_in_the_words_of_the_desk(
    shop: Shop, plan: ActionFields
) -> None:
    told: dict[str, Any] = {"ok": True}
    try:
        checked(plan)
    except InvalidInput as fault:
        told = {"rejected": "invalid", "why": fault.sentence, "fields": list(fault.fields)}
        told |= {"values": fault.values, "current": None}
    fields = to_json({name: getattr(plan, name) for name in plan.__dataclass_fields__})
    n = shop.sender.n
    try:
        assert shop.sender.push(shop.described("action.save", fields)) == told
    finally:
        shop.connection.rollback()
        shop.sender.n = n


def test_what_an_action_had_still_counts_when_only_a_part_of_it_is_changed(shop: Shop) -> None:
    n = shop.sender.n
    try:
        action = shop.push("action.save", WHOLE["action.save"])
        for name, value, told in (("state", "worked", "result"), ("owner_id", None, "owner_id")):
            operation = shop.described("action.save", {name: value})
            changed = replace(operation, payload={**operation.payload, "id": action})
            assert shop.sender.push(changed)["fields"] == [told]
        operation = shop.described("action.save", {"state": "done"})
        done = replace(operation, payload={**operation.payload, "id": action})
        assert shop.sender.push(done) == {"ok": True}
    finally:
        shop.connection.rollback()
        shop.sender.n = n
