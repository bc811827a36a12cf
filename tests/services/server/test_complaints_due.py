"""Time acts once: the server does to complaints what a desk of its own does, row by row."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from crmdesk.errors import AgentError
from crmdesk.models.calendar import BusinessTime
from crmdesk.models.clock import Why
from crmdesk.models.complaint_file import going
from crmdesk.models.deadline import due
from crmdesk.models.timetable import sampled
from crmdesk.models.wire import Row
from crmdesk.services.complaints import taking
from crmdesk.services.complaints.due import run_due
from crmdesk.services.complaints.files import file_of
from crmdesk.services.complaints.procedure import Editions
from crmdesk.services.server import procedure
from crmdesk.services.store.complaint_index import ENDED
from crmdesk.services.store.rows import StoredRows
from tests.cluster import Cluster
from tests.models.cases import PAYLOADS, workflow
from tests.models.hours import shop
from tests.services.complaints.house import (
    ANNA,
    BELA,
    CALL,
    CHECKLIST,
    CHEN,
    CUSTOMER,
    DORA,
    TEAM,
    under_regime,
)
from tests.services.server.mirror import TABLES, MirroredDesk, judge, lay_out, rows_before
from tests.services.server.sender import rows_of

STEPS = ("T2", "T4", "T5", "T6", "T6", "T7", "T8", "T9", "T11", "T12", "T14", "T17", "T20", "E1", "H1", "T18")
ONWARD = frozenset(STEPS) - {"E1", "H1", "T18"}
ROUNDS = 14


def run_both(desk: MirroredDesk, server: Any) -> int:
    """Let time act at the desk and at the server on the same complaints; compare all rows."""
    lay_out(server, rows_before(desk))
    server.execute("SELECT crm.set_clock(%s)", (desk.now,))
    (there,) = server.execute("SELECT crm.run_complaints_due(500)").fetchone()
    with desk.work() as work:
        here = run_due(work, desk.rules())
    found = rows_of(server)
    for table, rows in rows_before(desk).items():
        wanted = {row["id"]: plain(row) for row in rows}
        held = {row_id: plain(row) for row_id, row in found.get(table, {}).items()}
        assert held.keys() == wanted.keys(), table
        for row_id, row in wanted.items():
            assert held[row_id] == row, table
    assert there == here
    assert server.execute("SELECT crm.run_complaints_due(500)").fetchone() == (0,)
    return here


def plain(row: Row) -> Row:
    """Return *row* with JSON read, and without the desk's name, which the server has none of."""
    read: Row = {name: json.loads(row[name]) for name in ("fields", "before", "after") if name in row}
    return {**row, **read, "device": ""}


def fields_for(desk: MirroredDesk, row: Row, step: str, chance: random.Random) -> dict[str, Any]:
    """A payload for *step* that fits the complaint."""
    fields: dict[str, Any] = dict(PAYLOADS[step])
    lines = [{"id": str(each["id"]), "done_at": desk.iso()} for each in desk.rows("remedy_line", row["id"])]
    special: dict[str, dict[str, Any]] = {
        "T2": {"checklist": CHECKLIST, "owner": str(chance.choice((ANNA, BELA)))},
        "T4": {
            "severity": chance.choice(("S1", "S2", "S3", "S4")),
            "containment": "Fetched it.",
            "regime": chance.choice(("none", "UK-8W", "CN-ODR")),
        },
        "T5": {"contacted_at": desk.iso()},
        "T6": {
            "wait_for": chance.choice(("customer", "third_party")),
            "until": desk.iso(hours=chance.randint(1, 90)),
        },
        "T9": {"proposal_version": row["proposal_version"], "call_id": str(CALL), "letter_id": None},
        "T11": {"remedies_state": lines},
        "T14": {"remedy_id": lines[-1]["id"] if lines else str(CALL)},
        "E1": {"to_level": chance.randint(1, 3)},
        "H1": {"to": str(chance.choice((ANNA, BELA, CHEN)))},
    }
    if step == "T3":
        fields["letter_id"] = desk.letter(row)
    return {name: value for name, value in {**fields, **special.get(step, {})}.items() if value is not None}


def take_any(desk: MirroredDesk, chance: random.Random) -> None:
    """Log a complaint, or try some step on one of those there are."""
    heads = desk.connection.execute("SELECT id FROM complaint ORDER BY number").fetchall()
    if len(heads) < 5:
        desk.log({"severity": chance.choice(("S1", "S2", "S3", "S4"))})
        return
    row_id = UUID(bytes=chance.choice(heads)[0])
    row = {**desk.row("complaint_body", row_id), **desk.row("complaint", row_id)}
    fitting = [each.id for each in workflow().steps_from(row["state"]) if each.id in ONWARD]
    step = chance.choice(fitting if fitting and chance.random() < 0.8 else STEPS)
    fields = fields_for(desk, row, step, chance)
    with suppress(AgentError):
        desk.step(row, step, chance.choice((CHEN, DORA)), **fields)


@pytest.mark.parametrize("seed", range(2))
def test_any_complaints_at_any_time(desk: MirroredDesk, server: Any, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(ROUNDS):
        for _ in range(chance.randint(2, 8)):
            take_any(desk, chance)
        desk.later(hours=chance.choice((1, 5, 20, 90)), minutes=chance.randint(0, 59))
        run_both(desk, server)
    events = desk.connection.execute("SELECT transition FROM complaint_event WHERE author = ''").fetchall()
    met = Counter(name for (name,) in events)
    assert met.keys() >= {"T7", "E1"}, met
    (reminders,) = desk.connection.execute("SELECT count(*) FROM task WHERE errand = 'reminder'").fetchone()
    assert reminders > 5


def test_who_is_not_in_the_sample_is_closed_by_both(desk: MirroredDesk, server: Any) -> None:
    row = solved_on_the_call(
        desk, next(made for n in itertools.count(5000) if not sampled(made := UUID(int=n), 20))
    )
    theirs: dict[str, Any] = {
        "body": "12315",
        "reference": "7",
        "date": desk.iso(),
        "their_deadline": desk.iso(days=40),
    }
    desk.step(row, "E2", **theirs)
    desk.now = row["follow_up_at"]
    assert run_both(desk, server) >= 2
    assert desk.row("complaint", row["id"])["state"] == "CLOSED"
    assert going(file_of(StoredRows(desk.connection), row["id"]).ledger) == ("reopen_window",)


def solved_on_the_call(desk: MirroredDesk, row_id: UUID, **more: Any) -> Row:
    """A complaint of no consequence, outside the sample or in it by its id, settled at once."""
    logged = {**PAYLOADS["T1"], "received_at": desk.iso(), "customer_id": str(CUSTOMER), "severity": "S4"}
    with desk.work() as work:
        row = taking.open_complaint(work, desk.rules(), "K7Q", logged, taking.Intake(), row_id)
    fields = {"severity": "S4", "remedies": [{"type": "apology", "value": 0}], "customer_agreed": True}
    fields |= {"cause_class": "A", "checklist": CHECKLIST, "what_was_done": "Apologised."}
    return desk.step(row, "T13", **fields, **more)  # type: ignore[arg-type]


def test_what_a_supervisor_lowers_does_not_rise_again_by_what_is_past(
    desk: MirroredDesk, server: Any
) -> None:
    row = desk.step(under_regime(desk, "CN-ODR"), "E1", CHEN, to_level=3, reason="The press.")
    desk.later(days=30)
    run_both(desk, server)
    desk.step(desk.row("complaint", row["id"]), "E1", CHEN, to_level=1, reason="They lost interest.")
    desk.later(minutes=1)
    run_both(desk, server)
    assert desk.row("complaint", row["id"])["level"] == 1


READ = (
    "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer FROM pg_stat_xact_user_tables"
    " WHERE schemaname = 'crm' AND relname = 'complaint'"
)


def test_time_looks_at_what_is_open_and_not_at_all_there_ever_was(desk: MirroredDesk, server: Any) -> None:
    under_regime(desk, "CN-ODR")
    lay_out(server, rows_before(desk))
    server.execute("SELECT crm.set_clock(%s)", (desk.now,))
    server.execute(
        "INSERT INTO crm.complaint SELECT e.* FROM crm.complaint c, generate_series(1, 3000) n, LATERAL"
        " jsonb_populate_record(c, jsonb_build_object('id', md5(n::text)::uuid, 'state', 'CLOSED')) e"
    )
    server.execute("ANALYZE crm.complaint")
    server.execute("SELECT crm.run_complaints_due(500)")
    (before,) = server.execute(READ).fetchone()
    server.execute("SELECT crm.run_complaints_due(500)")
    (after,) = server.execute(READ).fetchone()
    assert after - before < 20


def test_states_that_are_over_are_those_of_the_procedure(server: Any) -> None:
    over = server.execute("SELECT array_agg(key ORDER BY key) FROM crm.procedure_state WHERE NOT open")
    assert over.fetchone() == (sorted(ENDED),)
    (index,) = server.execute("SELECT pg_get_indexdef('crm.ix_complaint_open'::regclass)").fetchone()
    assert all(f"'{state}'" in index for state in ENDED)


def test_what_only_a_person_can_do_keeps_nothing_else_waiting(desk: MirroredDesk, server: Any) -> None:
    ids = [made for n in range(5000, 5100) if not sampled(made := UUID(int=n), 20)]
    stuck = [solved_on_the_call(desk, row_id) for row_id in ids[:3]]
    desk.connection.execute("UPDATE complaint_body SET cause = 'wrong_part'")
    desk.later(days=8)
    later = solved_on_the_call(desk, ids[3])
    desk.now = later["follow_up_at"]
    lay_out(server, rows_before(desk))
    for _ in range(12):
        server.execute("SELECT crm.set_clock(%s)", (desk.now,))
        server.execute("SELECT crm.run_complaints_due(2)")
        desk.later(seconds=30)
    state = "SELECT state FROM crm.complaint WHERE id = %s"
    assert server.execute(state, (later["id"],)).fetchone() == ("CLOSED",)
    assert {server.execute(state, (row["id"],)).fetchone() for row in stuck} == {("FOLLOW_UP",)}
    server.execute("UPDATE crm.complaint_body SET cause = 'another' WHERE id = %s", (stuck[0]["id"],))
    server.execute("SELECT crm.set_clock(%s)", (desk.now + timedelta(minutes=10),))
    server.execute("SELECT crm.run_complaints_due(500)")
    assert server.execute(state, (stuck[0]["id"],)).fetchone() == ("CLOSED",), "tried again, but seldom"


def test_both_ask_from_the_morning_on_of_the_day_that_was_told(desk: MirroredDesk, server: Any) -> None:
    row = desk.log()
    fields = {"severity": "S3", "remedies": [{"type": "apology", "value": 0}], "customer_agreed": True}
    more = {"cause_class": "A", "checklist": CHECKLIST, "what_was_done": "Apologised."}
    row = desk.step(row, "T13", **{**fields, **more})  # type: ignore[arg-type]
    desk.now = row["follow_up_at"]
    assert run_both(desk, server) >= 1
    asked = [each for each in desk.rows("task", row["id"]) if each["errand"] == "follow_up"]
    assert [each["due_at"] for each in asked] == [row["next_due_at"]]
    assert desk.now < row["next_due_at"]


def test_the_same_complaints_are_in_the_sample(server: Any) -> None:
    ids = [UUID(int=n * 7919) for n in range(2_000)]
    told = server.execute(
        "SELECT crm.is_sampled(i, 20) FROM unnest(%s::uuid[]) WITH ORDINALITY AS e(i, n) ORDER BY n", (ids,)
    ).fetchall()
    assert [yes for (yes,) in told] == [sampled(each, 20) for each in ids]
    assert 300 < sum(yes for (yes,) in told) < 500


def test_a_new_calendar_works_open_clocks_out_anew_with_a_line_each(desk: MirroredDesk, server: Any) -> None:
    row = desk.log({"severity": "S2"})
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    row = desk.step(row, "T4", DORA, **{**PAYLOADS["T4"], "severity": "S2", "regime": "CN-ODR"})
    row = desk.step(row, "T5", contacted_at=desk.iso())
    row = desk.step(row, "T6", wait_for="customer", what="An invoice.", until=desk.iso(days=1))
    desk.later(hours=2)
    desk.step(row, "T7")
    short = replace(shop().calendar, edition=2, week=(((600, 840),),) * 5 + ((), ()))
    time = BusinessTime(short, 2023, 2030)
    procedure.fill_calendar(server, time)
    laid = rows_before(desk)
    lay_out(server, laid)
    server.execute("SELECT crm.set_clock(%s)", (desk.now,))
    server.execute("SELECT crm.run_complaints_due(500)")
    ledger = file_of(StoredRows(desk.connection), row["id"]).ledger
    measures = {shop().version: shop(), time.version: time}
    targets, regimes = desk.rules().rules.targets, desk.rules().rules.regimes
    wanted = {}
    for clock in going(ledger):
        standing = ledger.standings(desk.now, measures)[clock]
        span = targets.spans.get((clock, "S2")) or regimes["CN-ODR"].clocks[0].span
        then = due(span, standing.course.since, time)
        moved = ledger.recompute(clock, desk.now, standing.course.since, then, measures, Why("calendar"))
        wanted[clock] = (moved.lines[-1].due, time.version, moved.lines[-1].provisional)
    told = server.execute(
        "SELECT clock, due, calendar, provisional FROM crm.clock_line"
        " WHERE event = 'recompute' AND why = 'calendar' ORDER BY n"
    ).fetchall()
    assert {clock: tuple(rest) for clock, *rest in told} == wanted
    assert wanted.keys() == {"containment", "decide", "resolve", "update", "CN-ODR/resolve"}
    assert recounted_here(desk, row["id"], time) == {clock: tuple(rest) for clock, *rest in told}
    lay_out(server, desk.done[-1][1])
    judge(server, desk.done[-1][0], role="agent")
    first = {**desk.done[-1][0].payload["lines"][0], "since": "2026-03-04T01:00:00Z"}
    with pytest.raises(psycopg.Error, match="is not the one that the targets"), server.transaction():
        judge(server, desk.done[-1][0], role="agent", lines=[first])
    with pytest.raises(psycopg.Error, match="not well formed"), server.transaction():
        judge(server, desk.done[-1][0], role="agent", body={"finding": "upheld"})
    lay_out(server, laid)
    server.execute("SELECT crm.run_complaints_due(500)")
    (first,) = server.execute("SELECT next_due_at FROM crm.complaint").fetchone()
    assert first == min(at for at, _, _ in wanted.values())
    server.execute("SELECT crm.run_complaints_due(500)")
    lines = server.execute("SELECT count(*) FROM crm.clock_line WHERE why = 'calendar'").fetchone()
    assert lines == (len(wanted),)


def test_a_new_calendar_moves_from_when_the_customer_is_asked_with_its_clock(
    desk: MirroredDesk, server: Any
) -> None:
    fields = {"severity": "S3", "remedies": [{"type": "apology", "value": 0}], "customer_agreed": True}
    more = {"cause_class": "A", "checklist": CHECKLIST, "what_was_done": "Apologised."}
    row = desk.step(desk.log(), "T13", **{**fields, **more})  # type: ignore[arg-type]
    laid = rows_before(desk)
    for edition, week in enumerate(((((600, 840),),) * 5 + ((), ()), (((600, 840),),) + ((),) * 6), 2):
        time = BusinessTime(replace(shop().calendar, edition=edition, week=week), 2023, 2030)
        procedure.fill_calendar(server, time)
        lay_out(server, laid)
        server.execute("SELECT crm.set_clock(%s)", (desk.now,))
        server.execute("SELECT crm.run_complaints_due(500)")
        recounted_here(desk, row["id"], time)
        there = "SELECT next_due_at, follow_up_at FROM crm.complaint"
        told = server.execute(there).fetchone()
        head = desk.row("complaint", row["id"])
        assert told == (head["next_due_at"], head["follow_up_at"])
        assert told[1] == time.opening(told[0])
        assert told != (row["next_due_at"], row["follow_up_at"])
        operation, before = desk.done[-1]
        lay_out(server, before)
        judge(server, operation)
        late = {"follow_up_at": (told[0] + timedelta(seconds=1)).isoformat()}
        with pytest.raises(psycopg.Error, match="cannot hold this value"), server.transaction():
            judge(server, operation, head={**operation.payload["head"], **late})
        lines = [each for each in operation.payload["lines"] if each["clock"] != "follow_up"]
        with pytest.raises(psycopg.Error, match="not well formed"), server.transaction():
            judge(server, operation, lines=lines)
        laid = rows_before(desk)


def recounted_here(desk: MirroredDesk, complaint_id: UUID, time: BusinessTime) -> dict[str, Any]:
    """Let a desk that works alone do the same; return due date, calendar and provisional of each clock."""
    old = desk.rules()
    editions = Editions({old.rules.time.version: old.rules.time, time.version: time}, time)
    with desk.work() as work:
        run_due(work, replace(old, rules=replace(old.rules, time=time, measures=editions)))
    lines = [each for each in desk.rows("clock_line", complaint_id) if each["why"] == "calendar"]
    return {each["clock"]: (each["due"], each["calendar"], each["provisional"]) for each in lines}


def errands(desk: MirroredDesk, row: Row) -> list[tuple[str, str, UUID]]:
    """The open errands of a complaint: what, about which clock, and whose."""
    tasks = (task for task in desk.rows("task", row["id"]) if task["state"] == "open")
    return sorted((task["errand"], task["note"], task["owner_id"]) for task in tasks)


def test_reminders_do_not_pile_up_while_only_time_acts(desk: MirroredDesk, server: Any) -> None:
    row = desk.log()
    for hours, percent in ((2.5, 50), (1.75, 75), (3, 100)):
        desk.later(hours=hours)
        run_both(desk, server)
        reminders = [each for each in errands(desk, row) if each[0] == "reminder"]
        assert reminders == [("reminder", f"acknowledge {percent} %", ANNA)]


def test_what_time_ends_asks_nothing_more(desk: MirroredDesk, server: Any) -> None:
    row = desk.step(under_regime(desk, "none"), "T5", contacted_at=desk.iso())
    desk.step(row, "T6", wait_for="customer", what="An invoice.", until=desk.iso(days=4))
    for days, left in ((3.1, [("reminder", "waiting 75 %", ANNA)]), (0.9, [])):
        desk.later(days=days)
        run_both(desk, server)
        assert [each for each in errands(desk, row) if "waiting" in each[1]] == left


def test_a_reminder_that_was_made_for_who_owned_it_goes_on_to_the_owner(
    desk: MirroredDesk, server: Any
) -> None:
    """Another desk may have handed it over while the server reminded."""
    row = desk.log()
    desk.later(hours=5)
    run_both(desk, server)
    assert errands(desk, row) == [("reminder", "acknowledge 100 %", ANNA)]
    desk.connection.execute("UPDATE complaint SET owner_id = ?", (BELA.bytes,))
    desk.connection.execute("UPDATE complaint_body SET author = ?", (str(BELA),))
    desk.later(days=12)
    run_both(desk, server)
    assert {each for each in errands(desk, row) if each[0] == "reminder"} == {
        ("reminder", "acknowledge 100 %", BELA)
    }


def test_an_agent_of_another_team_lets_time_act_and_sees_no_more(cluster: Cluster, tmp_path: Path) -> None:
    database = cluster.database()
    agent = database.person("other_team", "agent", teams=("elsewhere",))
    desk = MirroredDesk(tmp_path)
    try:
        row = desk.log({"severity": "S2"})
        with database.connect() as owner:
            procedure.fill_calendar(owner, shop())
            lay_out(owner, {name: rows for name, rows in rows_before(desk).items() if name in TABLES})
        for hours in (1.2, 480):
            desk.later(hours=hours)
            with database.connect() as owner:
                owner.execute("SELECT crm.set_clock(%s)", (desk.now,))
            with database.connect(agent.login) as session:
                assert session.execute("SELECT count(*) FROM crm.complaint_body").fetchone() == (0,)
                assert session.execute("SELECT crm.run_due()").fetchone()[0]["complaints"] > 0
                assert session.execute("SELECT count(*) FROM crm.complaint_body").fetchone() == (0,)
        with database.connect() as owner:
            assert owner.execute("SELECT level FROM crm.complaint").fetchone()[0] > 0
            reminders = owner.execute("SELECT state FROM crm.task WHERE errand = 'reminder' ORDER BY 1")
            assert reminders.fetchall() == [("done",), ("open",)]
        assert row["team_id"] == TEAM
        with database.connect() as owner:
            assert owner.execute("SELECT count(*) FROM crm.sees_all").fetchone() == (0,)
    finally:
        desk.close()
        database.drop()
