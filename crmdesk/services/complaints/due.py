"""What is due by time at a desk that works alone: waits that end, follow-ups, levels, reminders.

A shared desk does none of it: there the server does the same in SQL, once for everybody. When time does
something next to each open complaint is kept until a step changes it, so looking costs nothing.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import MutableMapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import AgentError, CrmdeskError
from crmdesk.models.complaint_file import RECOUNTED
from crmdesk.models.operations import Rows
from crmdesk.models.task import open_task
from crmdesk.models.timetable import ESCALATE, REMINDER, Act, timetable
from crmdesk.services.complaints.errands import see_to_errands
from crmdesk.services.complaints.files import file_of
from crmdesk.services.complaints.procedure import House, Procedure, house_of, procedure
from crmdesk.services.complaints.taking import recount_by_time, take_by_time
from crmdesk.services.store.complaint_index import OPEN
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.sync.outbox import is_shared

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmdesk.models.wire import Row
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork
    from crmdesk.settings import Settings

_log = logging.getLogger("crmdesk.due")
EVERY_SECONDS = 30.0
MOST_AT_ONCE = 500
"""Complaints looked at or worked on in one go; the rest waits for the next."""
TRY_AGAIN = timedelta(minutes=10)
"""What was due and could not be done, as a gate wants a person, is not tried again before."""

_OPEN = f"""SELECT c.id, c.rev FROM complaint AS c
 WHERE c.{OPEN} AND EXISTS (SELECT 1 FROM complaint_body AS b WHERE b.id = c.id)"""

Moments = MutableMapping[UUID, tuple[int, datetime | None]]
"""Open complaint → the version that was looked at, and when time does something to it next."""


def find_due(connection: Any, rules: Procedure, now: datetime, known: Moments) -> list[UUID]:
    """Return the complaints that time does something to; *known* is brought up to date."""
    rows = StoredRows(connection)
    open_ = {UUID(bytes=row_id): rev for row_id, rev in connection.execute(_OPEN).fetchall()}
    for gone in known.keys() - open_.keys():
        del known[gone]
    changed = [row_id for row_id, rev in open_.items() if known.get(row_id, (0, None))[0] != rev]
    for row_id in changed[:MOST_AT_ONCE]:
        known[row_id] = (open_[row_id], next_moment(rows, rules, row_id, now))
    return [row_id for row_id, (_, at) in known.items() if at is not None and at <= now]


def next_moment(rows: Rows, rules: Procedure, complaint_id: UUID, now: datetime) -> datetime | None:
    """Return when time does something to a complaint next, a moment gone by when it is due."""
    try:
        return min((act.at for act in _open_acts(rows, rules, complaint_id, now)), default=None)
    except AgentError as fault:
        _log.warning("complaint %s: %s", complaint_id, fault)
        return None


def act_on(work: UnitOfWork, rules: Procedure, complaint_id: UUID) -> int:
    """Do all that is due on one complaint as the system, and end what nobody needs to do any more; committed.

    Return how much was done.
    """
    work.author = replace(work.author, actor="")
    done, tried = 0, set[UUID]()
    while (act := _next(work, rules, complaint_id, tried)) is not None:
        tried.add(act.id)
        done += _do(work, rules, complaint_id, act)
    if done:
        see_to_errands(work, rules, complaint_id, None)
    work.commit()
    return done


def run_due(work: UnitOfWork, rules: Procedure, limit: int = MOST_AT_ONCE) -> int:
    """Do what is due on at most *limit* complaints of a desk that works alone; return how much was done."""
    if is_shared(work.connection):
        return 0
    due = find_due(work.connection, rules, work.author.now(), {})
    return sum(act_on(work, rules, row_id) for row_id in due[:limit])


def _next(work: UnitOfWork, rules: Procedure, complaint_id: UUID, tried: set[UUID]) -> Act | None:
    """Return what comes first of what is due: dates worked out anew, steps, the highest level, reminders."""
    now = work.author.now()
    acts = _open_acts(work.stored, rules, complaint_id, now)
    due = (act for act in acts if act.at <= now and act.id not in tried)
    return min(
        due, key=lambda act: (act.kind != RECOUNTED, act.kind == REMINDER, act.kind, act.clock), default=None
    )


def _open_acts(rows: Rows, rules: Procedure, complaint_id: UUID, now: datetime) -> list[Act]:
    """Return the acts not done: of those gone by only the last of its sort, and all that are to come."""
    acts = timetable(file_of(rows, complaint_id), now, rules.rules)
    latest = {(act.kind, act.clock): act for act in acts if act.at <= now}
    ahead = (act for act in acts if act.at > now)
    past = (act for act in latest.values() if not _is_overruled(rows, complaint_id, act))
    return [act for act in (*past, *ahead) if not _is_done(rows, act)]


def _is_done(rows: Rows, act: Act) -> bool:
    return rows.get("task" if act.kind == REMINDER else "complaint_event", act.id) is not None


def _is_overruled(rows: Rows, complaint_id: UUID, act: Act) -> bool:
    """Whether a person lowered the level after this one had come: he knew that, and judged otherwise."""
    if act.kind != ESCALATE:
        return False
    events = rows.where("complaint_event", "complaint_id", complaint_id)
    return any(row["transition"] == ESCALATE and row["at"] >= act.at and _lowers(row) for row in events)


def _lowers(event: Row) -> bool:
    before, after = (json.loads(event[name]).get("level") for name in ("before", "after"))
    return before is not None and after is not None and after < before


def _do(work: UnitOfWork, rules: Procedure, complaint_id: UUID, act: Act) -> bool:
    file = file_of(work.stored, complaint_id)
    if act.kind == RECOUNTED:
        recount_by_time(work, rules, file, act.id)
        return True
    if act.kind != REMINDER:
        return take_by_time(work, rules, file, act.kind, act.payload, act.id)
    fields = file.fields
    values = {
        "errand": REMINDER,
        "subject": fields["number"],
        "note": f"{act.clock} {act.percent} %",
        "customer_id": fields["customer_id"],
        "owner_id": fields["owner_id"],
        "team_id": fields["team_id"],
        "due_at": act.due,
        "complaint_id": complaint_id,
    }
    work.do(open_task(work.author, values, act.id))
    return True


class DueClock:
    """Does every thirty seconds what is due, on a thread of its own, as long as the desk works alone.

    Args:
        settings: say where the house is.
        clock: the desk's.
        store: its store, open.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime], store: Store) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._known: dict[UUID, tuple[int, datetime | None]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="due", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the work at hand; safe to call when not started."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> int:
        """Do what is due now; return how much was done."""
        house = house_of(self._settings)
        done = 0
        now = self._clock()
        for row_id in self._store.read(_find, house, now, self._known).result():
            if acted := self._act(house, row_id):
                del self._known[row_id]
            else:
                version, _ = self._known[row_id]
                self._known[row_id] = (version, now + TRY_AGAIN)
            done += acted
        return done

    def _act(self, house: House, complaint_id: UUID) -> int:
        """Do what is due on one complaint; one that cannot go on keeps no other waiting."""
        try:
            return self._store.write(_act, house, complaint_id).result().result
        except AgentError as fault:
            _log.warning("complaint %s: %s", complaint_id, fault)
            return 0

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            try:
                self.look()
            except CrmdeskError as error:
                _log.error("%s", error)
            except Exception:  # noqa: BLE001 - the edge of a thread: it tries again in half a minute
                _log.exception("doing what is due failed")


def _find(connection: Any, house: House, now: datetime, known: Moments) -> list[UUID]:
    if is_shared(connection):
        return []
    return find_due(connection, procedure(connection, house), now, known)[:MOST_AT_ONCE]


def _act(work: UnitOfWork, house: House, complaint_id: UUID) -> int:
    if is_shared(work.connection):
        return 0
    return act_on(work, procedure(work.connection, house), complaint_id)
