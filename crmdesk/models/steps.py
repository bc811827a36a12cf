"""What each step of the procedure makes of a complaint: fields, clocks, remedies, tasks.

:func:`take` is pure. It does not ask whether the step may be done: that is :mod:`crmdesk.models.verdict`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmdesk.models.clock import ASKED, CUSTOMER, Ledger, Why
from crmdesk.models.complaint_effects import is_unsettled
from crmdesk.models.complaint_fact import FINDINGS_UPHELD
from crmdesk.models.complaint_file import (
    FROM_RECEIPT,
    RECOUNTED,
    ComplaintFile,
    Errand,
    Outcome,
    Step,
    next_due,
    outdated,
    paused_since,
    runs,
)
from crmdesk.models.deadline import due
from crmdesk.models.gates import GRAVE
from crmdesk.models.outside import DECIDED, ENDED_HERE, ERRAND
from crmdesk.models.regime import REGIME_CLOCKS, settled_under
from crmdesk.models.wire import Row
from crmdesk.models.workflow import Transition

SURVEY_EVERY = 5
"""One in so many withdrawn complaints is surveyed all the same, so that withdrawing is no way out."""
REOPENS_BEFORE_LEVEL = 2
ACCEPTED = frozenset({"said", "written"})
WRITTEN = frozenset({"mail", "web", "letter"})
"""Channels by which an acknowledgement is in writing."""


def take(transition: Transition, step: Step) -> Outcome:
    """Return what *transition* makes of the complaint of *step*, its state and its next clock included."""
    outcome = EFFECTS[transition.id](step)
    entered: Row = {"state": transition.target} if transition.target else {}
    changed = {**entered, **outcome.changed, **_next_clock(step, outcome)}
    if outcome.granted:
        changed["remedy_total"] = _total(step, outcome)
    target = outcome.target
    if target is not None:
        target = replace(target, changed={**target.changed, **_next_clock(step, target)})
    return replace(outcome, changed=changed, target=target)


def recount(step: Step) -> Outcome:
    """Return what another edition of the calendar makes of a complaint: the dates of its clocks anew.

    The customer is asked from the opening of the day on which that clock is due then.
    """
    ledger, version = step.file.ledger, step.rules.time.version
    why = Why(RECOUNTED, ((RECOUNTED, version),))
    for run in outdated(ledger, version):
        clock, since = run.last.clock, run.last.since
        span = step.span_of(ledger, clock)
        if span is not None:
            then = due(span, since, step.rules.time)
            ledger = ledger.recompute(clock, step.at, since, then, step.measures, why)
    changed = _next_clock(step, Outcome({}, ledger))
    moved = {line.clock for line in ledger.lines[len(step.file.ledger.lines) :]}
    if "follow_up" in moved and step.has("follow_up_at") is not None:
        changed["follow_up_at"] = _asked_from(step, ledger, step.has("resolved_at"))
    return Outcome(changed, ledger)


def _next_clock(step: Step, outcome: Outcome) -> Row:
    clock, at = next_due(outcome.ledger) or ("", None)
    return {"next_clock": clock, "next_due_at": at}


def _total(step: Step, outcome: Outcome) -> int:
    """Return the sum of the remedies afterwards: what is proposed replaces what is unsettled."""
    stay = (row for row in step.file.remedies if not is_unsettled(row))
    values: list[int] = [line["value"] for line in (*stay, *outcome.granted)]
    return sum(values)


def _log(step: Step) -> Outcome:
    received, severity = step.moment("received_at") or step.at, step.given("severity") or "S3"
    ledger = step.file.ledger
    for clock in FROM_RECEIPT:
        ledger = step.start(ledger, clock, severity, received, "received")
    return Outcome(
        {
            **_plain(step, "channel", "category", "what_happened", "remedy_wanted"),
            **_ids(step, "customer_id", "call_id", "asset_id"),
            "received_at": received,
            "logged_at": step.at,
            "unidentified": bool(step.given("unidentified")),
            "severity": severity,
            "provisional": True,
            "level": 0,
            "owner_id": step.actor.id,
        },
        ledger,
    )


def _acknowledge(step: Step) -> Outcome:
    written = step.given("ack_channel") in WRITTEN
    ledger = step.stop(step.file.ledger, ("acknowledge",), "acknowledged")
    ledger = step.start(ledger, "assess", step.has("severity"), step.at, "acknowledged")
    changed = {
        "acknowledged_at": step.at,
        "ack_channel": step.given("ack_channel"),
        "owner_id": UUID(step.given("owner")),
    }
    return Outcome(changed, ledger, errands=() if written else _written(step, step.has("regime")))


def _reject(step: Step) -> Outcome:
    ledger = step.stop_all(step.file.ledger, "rejected")
    window = step.at + timedelta(days=step.rules.targets.reopen_days)
    changed = {"rejected_by": step.actor.id, "ended_why": step.given("reason"), **_plain(step, "other_route")}
    return Outcome(changed, step.until(ledger, "appeal_window", window, "rejected"))


def _assess(step: Step) -> Outcome:
    severity, regime, received = step.given("severity"), step.given("regime"), step.has("received_at")
    ledger = step.stop(step.file.ledger, ("assess",), "assessed")
    ledger = step.reassess(ledger, severity, received, "reassessed")
    for clock in FROM_RECEIPT[1:]:
        ledger = step.start(ledger, clock, severity, received, "assessed")
    ledger = _contained(step, ledger)
    written = step.has("ack_channel") in WRITTEN or step.file.acknowledged_in_writing
    clocks = set(REGIME_CLOCKS) - ({"acknowledge"} if written else set())
    ledger = step.bind(ledger, regime, received, "assessed", clocks)
    changed = {
        **_plain(step, "severity", "regime", "cause_class", "containment"),
        "provisional": False,
        **step.given("impact"),
        "level": max(step.has("level") or 0, 1) if severity == "S1" else step.has("level") or 0,
    }
    told = written or step.has("regime") in step.rules.regimes
    return Outcome(changed, ledger, errands=() if told else _written(step, regime))


def _contained(step: Step, ledger: Ledger) -> Ledger:
    """Return *ledger* with containment stopped, if it is told what was done so that it gets no worse."""
    return step.stop(ledger, ("containment",), "contained") if step.given("containment") else ledger


def _start(step: Step) -> Outcome:
    ledger = step.stop(step.file.ledger, ("contact",), "contacted")
    ledger = step.start(ledger, "update", step.has("severity"), step.at, "started")
    changed = {"contacted_at": step.moment("contacted_at"), **_plain(step, "containment")}
    return Outcome(changed, _contained(step, ledger))


def _wait(step: Step) -> Outcome:
    until = step.moment("until") or step.at
    ledger = step.file.ledger.wait(step.at, step.given("wait_for"), step.why("waiting"))
    changed = {"wait_for": step.given("wait_for"), "wait_what": step.given("what"), "wait_until": until}
    return Outcome(changed, step.until(ledger, "waiting", until, "waiting"))


def _go_on(step: Step) -> Outcome:
    ledger = step.stop(step.file.ledger, ("waiting",), "continued")
    changed: Row = {"wait_for": "", "wait_what": "", "wait_until": None}
    if step.has("wait_for") == CUSTOMER:
        began = paused_since(step.file.ledger)
        waited = step.rules.time.between(began, max(began, step.at)) if began else timedelta(0)
        changed["wait_seconds"] = (step.has("wait_seconds") or 0) + int(waited.total_seconds())
        ledger = ledger.resume(step.at, step.measures, step.why("continued"))
    return Outcome(changed, ledger)


def _propose(step: Step) -> Outcome:
    changed = {
        **_plain(step, "cause", "cause_class", "finding", "reason_text", "containment"),
        "proposal_version": (step.has("proposal_version") or 0) + 1,
        "proposer_id": step.actor.id,
    }
    return Outcome(changed, _contained(step, step.file.ledger), granted=tuple(step.given("remedies")))


def _tell(step: Step) -> Outcome:
    until = step.rules.time.close_of(step.at, step.rules.targets.answer_business_days)
    ledger = step.stop(step.file.ledger, ("decide", "update", "containment"), "decided")
    changed = {"responded_at": step.at, "answer_until": until, **_plain(step, "sent_via")}
    return Outcome(changed, step.until(ledger, "answer_window", until, "decided"))


def _send_back(step: Step) -> Outcome:
    return Outcome({"missing": step.given("missing")}, step.file.ledger)


def _accept(step: Step) -> Outcome:
    marked = {UUID(line["id"]): _mark(line) for line in step.given("remedies_state")}
    done = all(_is_done(row, marked.get(row["id"], {})) for row in step.file.remedies)
    ledger = step.stop(step.file.ledger, ("answer_window", "summary"), "accepted")
    if done:
        ledger = step.stop(ledger, ("resolve",), "resolved")
    changed = {
        **_plain(step, "accepted_by"),
        "accepted_how": step.given("how"),
        "accepted": step.given("how") in ACCEPTED,
    }
    outcome = _resolved(step, step.has("severity"), ledger)
    return Outcome({**changed, **outcome.changed}, outcome.ledger, marked=marked)


def _refused(step: Step) -> Outcome:
    ledger = step.stop(step.file.ledger, ("answer_window",), "refused")
    changed = {"refused_why": step.given("reason"), "accepted": False, "level": step.level_up()}
    return Outcome(changed, _again(step, ledger, "refused", halved=False))


def _solve(step: Step) -> Outcome:
    severity = step.given("severity")
    clocks = (*FROM_RECEIPT, "assess", "summary")
    ledger = step.stop(step.file.ledger, clocks, "solved_on_the_call")
    changed = {
        **_plain(step, "severity", "regime", "cause_class", "what_was_done"),
        "provisional": False,
        "first_contact": True,
        "accepted": True,
        "proposer_id": step.actor.id,
        "acknowledged_at": step.has("acknowledged_at") or step.at,
        "responded_at": step.at,
        "proposal_version": (step.has("proposal_version") or 0) + 1,
    }
    outcome = _resolved(step, severity, ledger)
    regime = settled_under(step.rules.regimes, step.given("regime") or step.has("regime") or "")
    summary = (Errand("summary"),) if regime and regime.wants("summary") else ()
    return Outcome(
        {**changed, **outcome.changed}, outcome.ledger, tuple(step.given("remedies")), errands=summary
    )


def _remedy_failed(step: Step) -> Outcome:
    ledger = step.stop(step.file.ledger, ("follow_up",), "remedy_failed")
    failed: Mapping[UUID, Row] = {UUID(step.given("remedy_id")): {"done_at": None, "failed_at": step.at}}
    changed = {"level": step.level_up(), "follow_up_at": None, "resolved_at": None}
    return Outcome(changed, _again(step, ledger, "remedy_failed", halved=True), marked=failed)


def _due(step: Step) -> Outcome:
    ledger = step.file.ledger
    until = ledger.runs()["follow_up"][-1].last.due if runs(ledger, "follow_up") else None
    errand = Errand("follow_up", until, not_by_owner=step.has("severity") in GRAVE)
    sampled = bool(step.given("sampled"))
    return Outcome({"sampled": sampled}, step.file.ledger, errands=(errand,) if sampled else ())


def _close(step: Step) -> Outcome:
    ledger = step.stop(step.file.ledger, ("follow_up", "resolve", "answer"), "closed", **_asked(step))
    action: Mapping[str, Any] = step.given("corrective_action") or {}
    changed = {
        **_ids(step, "survey_id"),
        "closed_at": step.at,
        "declined": bool(step.given("declined")),
        "cause": step.given("root_cause") or step.has("cause"),
        "corrective_action": action.get("decided"),
        "corrective_reason": action.get("reason", ""),
    }
    window = step.at + timedelta(days=step.rules.targets.reopen_days)
    return Outcome(changed, step.until(ledger, "reopen_window", window, "closed"))


def _asked(step: Step) -> dict[str, str]:
    """Return when the customer was tried first since it was resolved, as far as the step tells."""
    resolved_at = step.has("resolved_at")
    times = [datetime.fromisoformat(each["time"]) for each in step.given("attempts") or ()]
    tried = [at for at in times if resolved_at is not None and at >= resolved_at]
    return {ASKED: min(tried).astimezone(UTC).isoformat()} if tried else {}


def _not_satisfied(step: Step) -> Outcome:
    ledger = step.stop(step.file.ledger, ("follow_up",), "not_satisfied")
    changed = {**_reopened(step), "score": step.given("score")}
    return Outcome(changed, _again(step, ledger, "not_satisfied", halved=True))


def _withdraw(step: Step) -> Outcome:
    changed = {"ended_why": step.given("words"), "ended_channel": step.given("channel")}
    asked = step.operation_id.int % SURVEY_EVERY == 0
    errands = (Errand("survey"),) if asked else ()
    return Outcome(changed, step.stop_all(step.file.ledger, "withdrawn"), errands=errands)


def _merge(step: Step) -> Outcome:
    ledger = step.stop_all(step.file.ledger, "merged")
    changed = {"merged_into": UUID(step.given("target_id"))}
    return Outcome(changed, ledger, target=_merged_into(step, step.file.target))


def _merged_into(step: Step, target: ComplaintFile | None) -> Outcome | None:
    """Return the target with the earlier receipt of both, None when it had the earlier one."""
    if target is None or step.has("received_at") >= target.fields["received_at"]:
        return None
    earlier = step.has("received_at")
    return Outcome({"received_at": earlier}, replace(step, file=target).count_from(earlier, "merged"))


def _reopen(step: Step) -> Outcome:
    ledger = step.stop(step.file.ledger, ("follow_up", "reopen_window"), "reopened")
    changed = {**_reopened(step), "reopen_why": step.given("reason")}
    return Outcome(changed, _again(step, ledger, "reopened", halved=True))


def _appeal(step: Step) -> Outcome:
    ledger = step.stop(step.file.ledger, ("appeal_window",), "appealed")
    severity, received = step.has("severity"), step.has("received_at")
    ledger = step.start(ledger, "assess", severity, step.at, "appealed")
    for clock in FROM_RECEIPT[1:]:
        ledger = step.start(ledger, clock, severity, received, "appealed")
    return Outcome({"acknowledged_at": step.at, "ended_why": ""}, ledger)


def _tell_standing(step: Step) -> Outcome:
    """Begin the clock of updates anew, if it runs; while the customer is waited for it stands still."""
    ledger = step.file.ledger
    if not runs(ledger, "update"):
        return Outcome({}, ledger)
    ledger = step.stop(ledger, ("update",), "told")
    ledger = step.start(ledger, "update", step.has("severity"), step.at, "told")
    return Outcome({}, ledger.wait(step.at, step.has("wait_for") or "", step.why("waiting")))


def _escalate(step: Step) -> Outcome:
    level = step.given("to_level")
    called = (Errand("escalated"),) if level > (step.has("level") or 0) else ()
    return Outcome({"level": level}, step.file.ledger, errands=called)


def _go_external(step: Step) -> Outcome:
    body, deadline, ledger = step.given("body"), step.moment("their_deadline"), step.file.ledger
    decided = step.given(DECIDED)
    if deadline is not None:
        ledger = step.until(ledger, f"{body}/answer", deadline, "external")
    elif decided is not None:
        ledger = step.stop(ledger, (f"{body}/answer",), "external")
    against = decided in FINDINGS_UPHELD and step.has("state") in ENDED_HERE
    changed = {
        "external": body,
        "external_reference": step.given("reference"),
        "external_at": step.moment("date"),
    }
    errands = (Errand(ERRAND, not_by_owner=True),) if against else ()
    return Outcome(changed, ledger, errands=errands)


def _hand_over(step: Step) -> Outcome:
    changed = {
        "owner_id": UUID(step.given("to")),
        "handed_over_by": step.has("owner_id"),
        "hand_overs": (step.has("hand_overs") or 0) + 1,
    }
    return Outcome(changed, step.file.ledger, errands=(Errand("taken_over"),))


def _undo(step: Step) -> Outcome:
    last = step.file.last
    if last is None:
        return Outcome({}, step.file.ledger)
    ledger = step.file.ledger.undo(last.lines, step.at, step.why("undone"))
    # A version is used once: else a yes to the proposal taken back would count for the next one.
    before = {name: value for name, value in last.before.items() if name != "proposal_version"}
    return Outcome(before, ledger, taken_back=last.remedies, target=_parted_from(step, step.file.target))


def _parted_from(step: Step, target: ComplaintFile | None) -> Outcome | None:
    """Return the complaint merged into as it is without this one, None when the merge had not moved it."""
    last = step.file.last
    received = last.target_received if last else None
    if last is None or target is None or received in (None, target.fields["received_at"]):
        return None
    mark = ("operation", str(last.operation_id))
    brought = [line.n for line in target.ledger.active() if mark in line.why.values]
    return Outcome({"received_at": received}, target.ledger.undo(brought, step.at, step.why("undone")))


def _administer(step: Step) -> Outcome:
    corrected: Row = step.given("corrections") or {}
    handed = _hand_over(step) if step.given("to") else Outcome({}, step.file.ledger)
    return replace(handed, changed={**handed.changed, **corrected})


def _resolved(step: Step, severity: str, ledger: Any) -> Outcome:
    """Begin the follow-up: the customer is asked from the opening of the day at whose end it is due."""
    ledger = step.start(ledger, "follow_up", severity, step.at, "resolved")
    return Outcome({"resolved_at": step.at, "follow_up_at": _asked_from(step, ledger, step.at)}, ledger)


def _asked_from(step: Step, ledger: Ledger, resolved_at: datetime) -> datetime:
    due_at = ledger.standings(step.at, step.measures)["follow_up"].due
    return max(resolved_at, step.rules.time.opening(due_at))


def _reopened(step: Step) -> Row:
    count = (step.has("reopen_count") or 0) + 1
    level = step.has("level") or 0
    return {
        "reopen_count": count,
        "level": max(level, 1) if count >= REOPENS_BEFORE_LEVEL else level,
        "closed_at": None,
        "resolved_at": None,
        "follow_up_at": None,
        "responded_at": None,
    }


def _again(step: Step, ledger: Any, why: str, *, halved: bool) -> Any:
    """Return *ledger* with deciding, resolving and telling begun anew; a regime goes on from the receipt."""
    severity = step.has("severity")
    for clock in ("decide", "resolve", "update"):
        ledger = step.start(ledger, clock, severity, step.at, why, halved=halved and clock != "update")
    regime, received = step.has("regime") or "none", step.has("received_at")
    return step.bind(ledger, regime, received, why, ("decide", "resolve"))


def _written(step: Step, regime: str | None) -> tuple[Errand, ...]:
    known = step.rules.regimes.get(regime or "")
    return (Errand("written_acknowledgement"),) if known and known.written_acknowledgement else ()


def _mark(line: Mapping[str, Any]) -> Row:
    return {key: line[key] for key in ("done_at", "order_id") if key in line}


def _is_done(row: Row, mark: Row) -> bool:
    return row["type"] == "none" or bool(row.get("done_at") or mark.get("done_at"))


def _plain(step: Step, *names: str) -> Row:
    return {name: step.given(name) for name in names if step.given(name) is not None}


def _ids(step: Step, *names: str) -> Row:
    return {name: UUID(step.given(name)) for name in names if step.given(name) is not None}


EFFECTS: Mapping[str, Callable[[Step], Outcome]] = MappingProxyType(
    {
        "T1": _log,
        "T2": _acknowledge,
        "T3": _reject,
        "T4": _assess,
        "T5": _start,
        "T6": _wait,
        "T7": _go_on,
        "T8": _propose,
        "T9": _tell,
        "T10": _send_back,
        "T11": _accept,
        "T12": _refused,
        "T13": _solve,
        "T14": _remedy_failed,
        "T15": _due,
        "T16": _close,
        "T17": _not_satisfied,
        "T18": _withdraw,
        "T19": _merge,
        "T20": _reopen,
        "T21": _appeal,
        "C1": _tell_standing,
        "E1": _escalate,
        "E2": _go_external,
        "H1": _hand_over,
        "D1": _administer,
        "U1": _undo,
    }
)
