"""What time does to a complaint: steps that come by themselves, levels it climbs, reminders to its owner.

:func:`timetable` is pure: the acts of a complaint as it stands, past and to come, each with the moment it
falls due. Each has an id made of complaint, act and moment, so it is done once, whoever does it: this desk
where it works alone, else the server, which works out the same in SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from crmdesk.models.clock import RUNNING, Standing, regime_clock
from crmdesk.models.complaint_file import RECOUNTED, ComplaintFile, Rules, outdated
from crmdesk.models.deadline import REMINDERS
from crmdesk.models.types import child_id
from crmdesk.models.wire import Json
from crmdesk.values import dataclass

GO_ON, FOLLOW_UP, CLOSE, ESCALATE = "T7", "T15", "T16", "E1"
REMINDER = "reminder"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_REGIMES_LEVEL = ("decide", "resolve")
"""The clocks of a regime from whose deadline levels count back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that time does.

    Attributes:
        id: of the step's operation, or of the reminder's task.
        kind: a transition, :data:`REMINDER`, or :data:`~crmdesk.models.complaint_file.RECOUNTED`.
        at: when it falls due.
        payload: of the transition.
        clock: what a reminder is about, with the share of its time used and when it is due.
        percent: see there.
        due: see there.
    """

    id: UUID
    kind: str
    at: datetime
    payload: Mapping[str, Json] = field(default_factory=dict)
    clock: str = ""
    percent: int = 0
    due: datetime | None = None


def timetable(file: ComplaintFile, at: datetime, rules: Rules) -> tuple[Act, ...]:
    """Return the acts of time on a complaint as it stands at *at*, the earliest first."""
    fields = file.fields
    if not rules.workflow.is_open(fields["state"]):
        return ()
    acts = [*_recounting(file, rules), *_steps(file, rules)]
    if not fields.get("imported"):
        standings = file.ledger.standings(at, rules.measures)
        running = {clock: each for clock, each in standings.items() if each.state == RUNNING}
        acts += [*_levels(file, running, rules), *_reminders(file, running)]
    return tuple(sorted(acts, key=lambda act: act.at))


def sampled(complaint_id: UUID, percent: int) -> bool:
    """Return whether a complaint is among the *percent* that are followed up: by its id, always the same."""
    return (child_id(complaint_id, "sample").int & 0xFFFFFFFF) % 100 < percent


def _steps(file: ComplaintFile, rules: Rules) -> Iterator[Act]:
    """Yield the step that comes by itself in the state the complaint is in."""
    fields = file.fields
    state, follow_up = fields["state"], fields.get("follow_up_at")
    if state == "WAITING" and fields.get("wait_until"):
        yield _act(file, GO_ON, fields["wait_until"])
    elif state == "RESOLVED" and follow_up:
        share = rules.targets.follow_up_percent[fields["severity"]]
        yield _act(file, FOLLOW_UP, follow_up, payload={"sampled": sampled(fields["id"], share)})
    elif state == "FOLLOW_UP" and follow_up and fields.get("sampled") is False:
        yield _act(file, CLOSE, follow_up)


def _recounting(file: ComplaintFile, rules: Rules) -> Iterator[Act]:
    """Yield that clocks are worked out anew with the edition of the calendar in force, if any is not."""
    ledger, version = file.ledger, rules.time.version
    if outdated(ledger, version):
        yield _act(file, RECOUNTED, ledger.lines[-1].at, f"{RECOUNTED} {version}")


def _levels(file: ComplaintFile, running: Mapping[str, Standing], rules: Rules) -> Iterator[Act]:
    """Yield the levels above the present one, as long as nothing is decided."""
    fields, decide = file.fields, running.get("decide")
    if decide is None:
        return
    moments = rules.targets.level_moments(
        fields["severity"], fields["received_at"], decide.course, _regime_due(running, rules), rules.time
    )
    for level, moment in enumerate(moments, 1):
        if moment is not None and level > (fields.get("level") or 0):
            payload = {"to_level": level, "reason": f"Level {level} by time"}
            yield _act(file, ESCALATE, moment, f"{ESCALATE} {level}", payload=payload)


def _regime_due(running: Mapping[str, Standing], rules: Rules) -> datetime | None:
    ours = {
        regime_clock(key, clock.clock)
        for key, regime in rules.regimes.items()
        for clock in regime.clocks
        if clock.ours and clock.clock in _REGIMES_LEVEL
    }
    concerned = (each.due for clock, each in running.items() if clock in ours)
    return min(concerned, default=None)


def _reminders(file: ComplaintFile, running: Mapping[str, Standing]) -> Iterator[Act]:
    """Yield reminders of the clock that is due next, and of the end of waiting."""
    for clock in dict.fromkeys((file.fields.get("next_clock") or "", "waiting")):
        standing = running.get(clock)
        if standing is None:
            continue
        for percent in REMINDERS:
            at, mark = standing.course.moment(percent), f"{REMINDER} {clock} {percent}"
            yield _act(file, REMINDER, at, mark, clock=clock, percent=percent, due=standing.due)


def _act(file: ComplaintFile, kind: str, at: datetime, mark: str = "", **more: Any) -> Act:
    """Return the act with its id; *mark* tells acts of one kind apart."""
    made = child_id(file.fields["id"], mark or kind, (at - _EPOCH) // _MICRO)
    return Act(id=made, kind=kind, at=at, **more)
