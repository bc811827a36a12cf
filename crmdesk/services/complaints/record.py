"""One complaint as the window shows it: read in one snapshot, through indexes only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields as fields_of_view
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

from crmdesk.errors import NotFound
from crmdesk.models.clock import STOPPED, Ledger, Line, Standing
from crmdesk.models.complaint_effects import IMPORT, is_unsettled
from crmdesk.models.complaint_file import RECOUNTED, ComplaintFile
from crmdesk.models.complaint_number import ComplaintNumber
from crmdesk.models.operations import Author, Rows
from crmdesk.models.screen_pop import FoundComplaint
from crmdesk.models.types import AgentId
from crmdesk.models.wire import Row
from crmdesk.services.complaints.allowed import allowed
from crmdesk.services.complaints.approvals import yes_wanted, yeses_wanted
from crmdesk.services.complaints.files import actor_of, case_of, file_of
from crmdesk.services.complaints.letter_due import letter_due
from crmdesk.services.complaints.looked_at import looked_at
from crmdesk.services.complaints.outside import TAKE_UP, decided_against_us
from crmdesk.services.complaints.procedure import House, Procedure, calendars, procedure, workflow
from crmdesk.services.complaints.record_view import (
    ActionView,
    ApprovalView,
    Body,
    CauseView,
    ClockView,
    ComplaintRecord,
    CustomerLine,
    EventLine,
    Head,
    LedgerLine,
    LetterView,
    Link,
    LogLine,
    Named,
    RemedyView,
    TaskView,
)
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.store.values import from_micros
from crmdesk.values import dataclass

View = TypeVar("View")
NEXT: Mapping[str, str] = MappingProxyType(
    {
        "RECEIVED": "T2",
        "ACKNOWLEDGED": "T4",
        "ASSESSED": "T5",
        "INVESTIGATING": "T8",
        "WAITING": "T7",
        "PROPOSED": "T9",
        "RESPONDED": "T11",
        "FOLLOW_UP": "T16",
    }
)
"""The main line of the procedure: from each state the one step that is its purpose."""
WORDS_OF_STEPS = (
    *(
        "decided",
        "reason_text",
        "reason",
        "text",
        "missing",
        "words",
        "what_was_done",
        "what",
        "open_points",
        "containment",
    ),
)
"""Fields of payloads that say why, the first that is given counts."""
NO_STEPS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {RECOUNTED: ("Dates by a new calendar", "按新工作日历重算时限"), IMPORT: ("Taken over", "从其他系统导入")}
)
"""What stands in a history and is no step of the procedure, by its names."""
CLOSES_AHEAD = 20
_CAUSES = "SELECT key, parent, cause_class, name_en, name_zh, leaf FROM cause ORDER BY position, key"
_CATEGORY = "SELECT key, parent, name_en, name_zh FROM complaint_category WHERE key = ?"
_NUMBERED = """SELECT c.id, c.number, c.state, coalesce(k.name, ''), c.received_at FROM complaint AS c
 LEFT JOIN customer AS k ON k.id = c.customer_id WHERE c.number >= ? AND c.number < ?
 ORDER BY c.number LIMIT 8"""


def complaint_record(
    connection: Any, complaint_id: UUID, house: House, author: Author, now: datetime
) -> ComplaintRecord:
    """Return everything there is to show of a complaint, for who is at this desk.

    Args:
        connection: a reader.
        complaint_id: which.
        house: where it is handled.
        author: for whom: his role decides on the steps.
        now: by which clocks are judged.

    Raises:
        NotFound: there is none.
    """
    rows = StoredRows(connection)
    head = rows.get("complaint", complaint_id)
    if head is None:
        raise NotFound("This {what} is not here any more.", what="complaint")
    read = _Reading(rows, connection, procedure(connection, house), author, now)
    body = rows.get("complaint_body", complaint_id)
    return read.whole(head, body) if body is not None else read.outside(head)


def numbered(connection: Any, number: ComplaintNumber) -> tuple[FoundComplaint, ...]:
    """Return the complaints with this number: one, or several told apart by a letter behind it."""
    text = str(number)
    found = connection.execute(_NUMBERED, (text, text + "Z")).fetchall()
    states = {state.key: state for state in workflow().states} if found else {}
    return tuple(
        FoundComplaint(
            UUID(bytes=row_id), held, states[state].en, states[state].zh, customer, from_micros(at)
        )
        for row_id, held, state, customer, at in found
        if held == text or (held[:-1] == text and held[-1].isalpha())
    )


@dataclass(frozen=True)
class _Reading:
    """One read: where from, by what rules, for whom, when."""

    rows: Rows
    connection: Any
    rules: Procedure
    author: Author
    now: datetime

    def outside(self, head: Row) -> ComplaintRecord:
        """Return a complaint of another team, or one whose file lies at the server: its head, whom to ask."""
        from crmdesk.services.sync.coverage import is_elsewhere

        hidden = {"category": "", "customer_id": None, "asset_id": None} if head["restricted"] else {}
        shown = {**head, **hidden}
        return self._record(shown, None, elsewhere=is_elsewhere(self.connection, head))

    def whole(self, head: Row, body: Row) -> ComplaintRecord:
        """Return a complaint with all that belongs to it."""
        file = file_of(self.rows, head["id"])
        causes = self._causes()
        case = case_of(self.rows, self.connection, self.rules, file, self._actor(), {}, self.now)
        limits = self.rules.limits
        supervisor = case.actor.role == "supervisor"
        went = self.rows.where("complaint_event", "complaint_id", head["id"]) if head["external"] else ()
        against, next_step = decided_against_us(went), NEXT.get(head["state"], "")
        steps = allowed(self.rows, self.connection, self.rules, file, case.actor, self.now)
        return self._record(
            head,
            body,
            cause=next((cause for cause in causes if cause.key == body["cause"]), None),
            causes=causes,
            **self._children(head, body),
            clocks=_clocks(file.ledger, self.now, self.rules),
            steps=steps,
            next_step=TAKE_UP.get(head["state"], next_step) if against else next_step,
            decided_outside=against,
            currency=self.rules.house.currency,
            limit_own=limits.supervisor if supervisor else limits.agent,
            limit_supervisor=limits.supervisor,
            granted=case.granted - _unsettled(file),
            supervisor=supervisor,
            yes_wanted=yes_wanted(case),
            yeses_wanted=yeses_wanted(case),
        )

    def _record(self, head: Row, body: Row | None, **more: Any) -> ComplaintRecord:
        states = {state.key: Named(state.key, state.en, state.zh) for state in workflow().states}
        time = self.rules.rules.time
        closes = tuple(time.close_of(self.now, n) for n in range(1, CLOSES_AHEAD + 1))
        return ComplaintRecord(
            head=_view(Head, head),
            body=_view(Body, body) if body is not None else None,
            state=states[head["state"]],
            states=states,
            owner=self._person(head["owner_id"]),
            team=self._named("team", head["team_id"], "key"),
            category=self._category(head["category"]),
            customer=self._customer(head),
            looked_at=looked_at(self.rows, head, whole=body is not None),
            links=tuple(self._links(head)),
            read_at=self.now,
            closes=closes,
            **more,
        )

    def _children(self, head: Row, body: Row) -> dict[str, Any]:
        of, version = head["id"], body["proposal_version"]
        approvals = self._of("approval", of, "at")
        events = self._of("complaint_event", of, "version", newest=True)
        letters = self._of("letter", of, "made_at", newest=True)
        tasks = self._of("task", of, "created_at")
        return {
            "events": tuple(self._event(row) for row in events),
            "log": tuple(
                LogLine(row["id"], row["at"], self._author(row["author"]), row["text"])
                for row in self._of("note", of, "at", newest=True)
            ),
            "remedies": tuple(
                _view(RemedyView, row) for row in self._of("remedy_line", of, "position") if not row["void"]
            ),
            "approvals": tuple(
                ApprovalView(self._person(row["approver_id"]), row["at"], row["proposal_version"] == version)
                for row in approvals
            ),
            "letters": tuple(_view(LetterView, row) for row in letters),
            "letter_due": letter_due(head["state"], letters, tasks, events),
            "tasks": tuple(self._task(row) for row in tasks),
            "actions": tuple(
                _view(ActionView, row) for row in self._of("corrective_action", of, "opened_at")
            ),
        }

    def _of(self, table: str, complaint_id: UUID, order: str, *, newest: bool = False) -> list[Row]:
        found = self.rows.where(table, "complaint_id", complaint_id)
        return sorted(found, key=lambda row: row[order], reverse=newest)

    def _event(self, row: Row) -> EventLine:
        given, before, after = (json.loads(row[name]) for name in ("fields", "before", "after"))
        names = {**NO_STEPS, **{step.id: (step.en, step.zh) for step in workflow().transitions}}
        return EventLine(
            id=row["id"],
            transition=row["transition"],
            name=Named(row["transition"], *names.get(row["transition"], ("", ""))),
            from_state=row["from_state"],
            to_state=row["to_state"],
            at=row["at"],
            who=self._author(row["author"]),
            words=_words(given),
            changed=tuple((name, before.get(name), value) for name, value in after.items()),
            first_line=row["first_line"],
            last_line=row["last_line"],
        )

    def _task(self, row: Row) -> TaskView:
        owner = self._person(row["owner_id"])
        return TaskView(row["id"], row["errand"] or "", row["subject"], owner, row["due_at"], row["state"])

    def _links(self, head: Row) -> Iterable[Link]:
        for relation, other in (("repeats", head["repeat_of"]), ("merged_into", head["merged_into"])):
            row = self.rows.get("complaint", other) if other else None
            if row is not None:
                yield _link(relation, row)
        for relation, column in (("repeated_by", "repeat_of"), ("merged_from", "merged_into")):
            for row in self.rows.where("complaint", column, head["id"]):
                yield _link(relation, row)

    def _customer(self, head: Row) -> CustomerLine:
        who = self.rows.get("customer", head["customer_id"]) if head["customer_id"] else None
        asset = self.rows.get("asset", head["asset_id"]) if head["asset_id"] else None
        held = " · ".join(part for part in (asset["model"], asset["plate"]) if part) if asset else ""
        name, name_alt, language = (who["name"], who["name_alt"], who["language"]) if who else ("", "", "")
        return CustomerLine(head["customer_id"], name, name_alt, held, language)

    def _category(self, key: str) -> tuple[Named, ...]:
        path: list[Named] = []
        while key and len(path) < 2:
            found = self.connection.execute(_CATEGORY, (key,)).fetchone()
            path.insert(0, Named(found[0], found[2], found[3]) if found else Named(key, "", ""))
            key = found[1] if found else ""
        return tuple(path)

    def _causes(self) -> tuple[CauseView, ...]:
        """Return the leaves of the tree, each with what is above it."""
        found = self.connection.execute(_CAUSES).fetchall()
        names = {key: Named(key, en, zh) for key, _, _, en, zh, _ in found}
        above = {key: parent for key, parent, *_ in found}

        def path(key: str) -> tuple[Named, ...]:
            up = above.get(key, "")
            return (*(path(up) if up in names else ()), names[key])

        return tuple(CauseView(key, of, path(key)) for key, _, of, _, _, leaf in found if leaf)

    def _actor(self) -> Any:
        return actor_of(self.rows, self.connection, self.author)

    def _author(self, actor: str) -> Named | None:
        return self._person(AgentId(UUID(actor))) if actor else None

    def _person(self, agent_id: UUID | None) -> Named | None:
        return self._named("agent", agent_id, "login")

    def _named(self, table: str, row_id: UUID | None, key: str) -> Named | None:
        row = self.rows.get(table, row_id) if row_id else None
        return Named(row[key], row["name_en"] or row[key], row["name_zh"] or row[key]) if row else None


def _view(kind: Callable[..., View], row: Row) -> View:
    """Return the view of *row* that holds its fields of the same names."""
    return kind(**{field.name: row[field.name] for field in fields_of_view(kind)})  # type: ignore[arg-type]


def _words(given: Mapping[str, Any]) -> str:
    """Return why a step was taken; above that what was done, if it tells both."""
    why = next((str(given[name]) for name in WORDS_OF_STEPS if isinstance(given.get(name), str)), "")
    what = given.get("what")
    return f"{what}\n{why}" if isinstance(what, str) and what != why else why


def _link(relation: str, row: Row) -> Link:
    return Link(row["id"], relation, row["number"], row["state"], row["received_at"])


def _unsettled(file: ComplaintFile) -> int:
    """Return the sum of the remedies that a new proposal would replace."""
    return sum(row["value"] for row in file.remedies if is_unsettled(row))


def _clocks(ledger: Ledger, now: datetime, rules: Procedure) -> tuple[ClockView, ...]:
    """Return how each clock stands, those that run first, by their due dates."""
    standings = ledger.standings(now, rules.rules.measures).values()
    ordered = sorted(standings, key=lambda each: (each.state == STOPPED, each.due))
    undone = {line.undoes for line in ledger.lines}
    return tuple(_clock(standing, ledger, undone) for standing in ordered)


def _clock(standing: Standing, ledger: Ledger, undone: set[int | None]) -> ClockView:
    return ClockView(
        clock=standing.clock,
        state=standing.state,
        verdict=standing.verdict,
        breach=standing.breach,
        percent=standing.percent,
        due=standing.due,
        paused_seconds=standing.paused // timedelta(seconds=1),
        lines=tuple(_ledger_line(line, undone) for line in ledger.lines if line.clock == standing.clock),
        provisional=standing.provisional,
    )


def _ledger_line(line: Line, undone: set[int | None]) -> LedgerLine:
    return LedgerLine(
        n=line.n,
        event=line.event,
        at=line.at,
        due=line.due,
        why=line.why.key,
        by=line.calendar,
        undone=line.n in undone,
        provisional=line.provisional,
        calendar=_calendar(line.calendar),
    )


def _calendar(version: str) -> Named | None:
    """Return the name of the calendar with this *version*, its edition as key."""
    found = (each.calendar for each in calendars() if each.version == version)
    return next((Named(str(each.edition), each.name_en, each.name_zh) for each in found), None)
