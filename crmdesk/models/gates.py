"""What must hold before a step of the procedure: a closed list of named predicates.

Each looks at one :class:`Case` and returns None when it holds, else the sentence that says what is missing.
The server has the same predicates under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmdesk.models.payload import CHECKLIST
from crmdesk.models.text import Text, say
from crmdesk.models.wire import Json, Row
from crmdesk.values import dataclass

FACTS_AT_LEAST = 10
"""Characters of "what happened"."""
CLOCKS_DIFFER = timedelta(minutes=2)
"""So much later than now may be what has happened, by a clock that is not quite right."""
UNDO_WITHIN = timedelta(seconds=60)
ATTEMPTS_BEFORE_START = 2
ATTEMPTS_BEFORE_CLOSING = 3
DISSATISFIED_FROM = -30
FREQUENT_CAUSE = 3
"""Complaints of one cause in 90 days from which on a corrective action has to be decided."""
MINOR = ("S3", "S4")
GRAVE = ("S1", "S2")


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be granted, in the smallest unit of the site's currency, and how long a case may come back.

    Attributes:
        agent: up to this an agent decides on his own proposal.
        supervisor: up to this one supervisor decides; above it two.
        reopen_days: days after resolving or closing in which an agent may reopen.
    """

    agent: int = 200_00
    supervisor: int = 2_000_00
    reopen_days: int = 30


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wants to do it; the system's id is None."""

    id: UUID | None
    role: str
    device: str = ""
    teams: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class LastStep:
    """The last operation on the complaint, as undoing asks for it.

    Attributes:
        can_undo: the procedure lets it be undone.
        left_the_house: a letter or mail went out by it.
    """

    operation_id: UUID
    actor_id: UUID | None
    device: str
    at: datetime
    can_undo: bool
    left_the_house: bool


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the gates may look at.

    Attributes:
        complaint: the row of head and body, empty before it is logged.
        payload: cleaned by :func:`crmdesk.models.payload.checked`.
        remedies: rows of the complaint's remedy lines.
        approvals: (approver, proposal version) of the approvals made until now.
        granted: the sum of all remedy lines of this complaint and those linked as its repeats, smallest unit.
        csm: satisfaction of the survey named or, if that is less, of the latest; None without.
        wording_missing: sentences the regime demands and the letter lacks.
        cause_seen: complaints of the cause in the last 90 days, as far as known here.
        target: row of the complaint named by ``target_id``, None when there is none.
    """

    complaint: Row
    actor: Actor
    payload: Mapping[str, Json]
    now: datetime
    limits: Limits
    remedies: tuple[Row, ...] = ()
    approvals: frozenset[tuple[UUID, int]] = frozenset()
    granted: int = 0
    csm: int | None = None
    wording_missing: tuple[str, ...] = ()
    cause_seen: int = 0
    target: Row | None = None
    last: LastStep | None = None
    open_states: frozenset[str] = frozenset()

    @property
    def yeses_needed(self) -> int:
        """How many supervisors have to approve what its maker may not decide alone."""
        return 1 if self.granted <= self.limits.supervisor else 2

    @property
    def said_yes(self) -> frozenset[UUID]:
        """Who approved the proposal as it is, and did not make it."""
        version, proposer = self.has("proposal_version"), self.has("proposer_id")
        return frozenset(who for who, of in self.approvals if of == version and who != proposer)

    def given(self, name: str) -> Any:
        """Return a field of the payload, None when it was not given."""
        return self.payload.get(name)

    def moment(self, name: str) -> datetime | None:
        """Return a time of the payload."""
        value = self.payload.get(name)
        return None if value is None else datetime.fromisoformat(value)

    def has(self, name: str) -> Any:
        """Return a field of the complaint, None when it has none."""
        return self.complaint.get(name)


Gate = Callable[[Case], Text | None]


def _complainant_told(case: Case) -> Text | None:
    if case.given("customer_id"):
        return None
    if not case.given("unidentified"):
        return say("Say who complains, or choose: not identified.")
    return None if case.given("call_id") else say("A complaint of somebody not identified needs the call.")


def _is_over(case: Case, moment: Any) -> bool:
    """Whether it was told when something was, and that does not lie ahead."""
    return bool(moment) and datetime.fromisoformat(moment) <= case.now + CLOCKS_DIFFER


def _received_not_later(case: Case) -> Text | None:
    received = case.moment("received_at")
    if received is not None and received <= case.now + CLOCKS_DIFFER:
        return None
    return say("It cannot have been received later than now. Check the time of receipt.")


def _facts_told(case: Case) -> Text | None:
    if len(case.given("what_happened") or "") >= FACTS_AT_LEAST:
        return None
    return say("Tell what happened in {count} characters at least.", count=FACTS_AT_LEAST)


def _checklist_holds(case: Case) -> Text | None:
    given = case.given("checklist") or {}
    missing = [key for key in CHECKLIST if not given.get(key)]
    if not missing:
        return None
    return say(
        "The check-list of acceptance does not hold: {names}. Reject it instead.", names=", ".join(missing)
    )


def _containment_for_safety(case: Case) -> Text | None:
    if case.given("severity") != "S1" or case.given("containment"):
        return None
    return say("With severity S1, say what was done at once so that nothing worse happens.")


def _owner_reached_out(case: Case) -> Text | None:
    tried = {datetime.fromisoformat(each) for each in case.given("attempts") or () if _is_over(case, each)}
    if _is_over(case, case.given("contacted_at")) or len(tried) >= ATTEMPTS_BEFORE_START:
        return None
    return say("The owner has to have spoken with the customer, or tried twice. Enter when.")


def _until_ahead(case: Case) -> Text | None:
    until = case.moment("until")
    return None if until is not None and until > case.now else say("Wait until a time that is still to come.")


def _wait_over_for_system(case: Case) -> Text | None:
    until = case.has("wait_until")
    if case.actor.role != "system" or (until is not None and until <= case.now):
        return None
    return say("The wait is not over yet.")


def _cause_is_leaf(case: Case) -> Text | None:
    return None if case.given("cause") else say("Choose the cause that was found.")


def _remedies_named(case: Case) -> Text | None:
    lines = case.given("remedies") or ()
    if not lines:
        return say("Name what the customer gets; choose none if it is nothing.")
    if len(lines) > 1 and any(line["type"] == "none" for line in lines):
        return say("Either no remedy or some: take the line none out.")
    return None


def _proposal_current(case: Case) -> Text | None:
    if case.given("proposal_version") == case.has("proposal_version"):
        return None
    return say("The proposal was changed meanwhile. Look at it again before you approve it.")


def _told_by_letter_or_call(case: Case) -> Text | None:
    if case.given("letter_id") or case.given("call_id"):
        return None
    return say("Make the letter, or name the call in which the decision was told.")


def _approvals_enough(case: Case) -> Text | None:
    """One's own up to one's limit if minor; else a supervisor's yes, above his limit two; no proposer's.

    With the yes of all who are needed, whoever handles the complaint tells the decision.
    """
    role, granted = case.actor.role, case.granted
    own = case.actor.id == case.has("proposer_id")
    limit = case.limits.agent if role == "agent" else case.limits.supervisor
    alone = own and case.has("severity") in MINOR and granted <= limit
    ours = {case.actor.id} if role != "agent" and not own else set()
    if alone or len(case.said_yes | ours) >= case.yeses_needed:
        return None
    if role == "agent":
        return say("This needs the approval of a supervisor.")
    if own:
        return say("Nobody approves a proposal of his own beyond his limit. Ask another supervisor.")
    return say("Above the limit two supervisors approve; yours is kept as the first.")


def _regime_wording_present(case: Case) -> Text | None:
    if not case.wording_missing:
        return None
    return say("The letter lacks what the regime demands: {names}.", names=" · ".join(case.wording_missing))


def _answer_known(case: Case) -> Text | None:
    if case.given("how") != "window_over":
        return None if case.given("accepted_by") else say("Say who accepted it.")
    until = case.has("answer_until")
    if until is not None and until <= case.now:
        return None
    return say("The customer can still answer. Wait until the window is over, or enter the answer.")


def _remedies_done_or_ordered(case: Case) -> Text | None:
    told = {UUID(line["id"]): line for line in case.given("remedies_state") or ()}
    for row in case.remedies:
        line = told.get(row["id"], {})
        done = row.get("done_at") or _is_over(case, line.get("done_at"))
        if row["type"] != "none" and not (done or line.get("order_id")):
            return say("Each remedy has to be done or ordered first.")
    return None


def _severity_minor_given(case: Case) -> Text | None:
    if case.given("severity") in MINOR:
        return None
    return say("Only S3 and S4 are solved on the call. Accept it and assess it.")


def _customer_agreed(case: Case) -> Text | None:
    return None if case.given("customer_agreed") else say("The customer has to agree.")


def _remedies_within_own_limit(case: Case) -> Text | None:
    limit = case.limits.supervisor if case.actor.role == "supervisor" else case.limits.agent
    if case.granted + sum(line["value"] for line in case.given("remedies") or ()) <= limit:
        return None
    return say("This is more than you may grant alone. Propose it instead.")


def _remedy_known(case: Case) -> Text | None:
    if case.given("remedy_id") in {str(row["id"]) for row in case.remedies}:
        return None
    return say("Choose the remedy that failed.")


def _follow_up_due(case: Case) -> Text | None:
    at = case.has("follow_up_at")
    return None if at is not None and at <= case.now else say("The follow-up is not due yet.")


def _score_not_below_zero(case: Case) -> Text | None:
    if case.csm is None or case.csm >= 0:
        return None
    return say("With a score below zero a supervisor closes.")


def _not_sampled(case: Case) -> Text | None:
    return None if case.has("sampled") is False else say("The customer is still to be asked.")


def _customer_asked_or_tried(case: Case) -> Text | None:
    parts = {each["part"] for each in case.given("attempts") or () if _is_over(case, each["time"])}
    tried = len(parts) >= ATTEMPTS_BEFORE_CLOSING
    left_out = case.actor.role == "system" and _not_sampled(case) is None
    if case.given("survey_id") or case.given("declined") or tried or left_out:
        return None
    return say("Ask the customer first, or try three times: in the morning, the afternoon and the evening.")


def _cause_is_leaf_confirmed(case: Case) -> Text | None:
    left_out = case.actor.role == "system" and _not_sampled(case) is None
    return None if case.given("root_cause") or left_out else say("Confirm the cause before closing.")


def _corrective_action_decided(case: Case) -> Text | None:
    if case.has("severity") not in GRAVE or case.given("corrective_action"):
        return None
    return say("With severity S1 or S2, decide on a corrective action, and say why.")


def _corrective_action_for_frequent_cause(case: Case) -> Text | None:
    if case.cause_seen < FREQUENT_CAUSE or case.given("corrective_action"):
        return None
    return say(
        "This cause came {count} times in 90 days: decide on a corrective action, and say why.",
        count=case.cause_seen,
    )


def _dissatisfied(case: Case) -> Text | None:
    score = case.given("score")
    if case.given("asked") or (score is not None and score <= DISSATISFIED_FROM):
        return None
    return say("It goes on when the score is -30 or less, or the customer asks for it.")


def _target_fits(case: Case) -> Text | None:
    target = case.target
    if target is None or target["id"] == case.has("id") or target["state"] not in case.open_states:
        return say("Choose another complaint that is still open.")
    same = case.has("customer_id") is not None and target["customer_id"] == case.has("customer_id")
    if same or case.given("class_action"):
        return None
    return say("The other complaint is of somebody else. Merge it only as a matter of many people.")


def _within_reopen_window(case: Case) -> Text | None:
    ended = case.has("closed_at") or case.has("resolved_at")
    days = case.limits.reopen_days
    if ended is not None and case.now <= ended + timedelta(days=days):
        return None
    return say("It ended more than {days} days ago. A supervisor can reopen it.", days=days)


def _not_who_rejected(case: Case) -> Text | None:
    if case.actor.id != case.has("rejected_by"):
        return None
    return say("Somebody else than who rejected it has to decide on the appeal.")


def _level_falls_only_by_supervisor(case: Case) -> Text | None:
    level, wanted = case.has("level") or 0, case.given("to_level") or 0
    if wanted == level:
        return say("It has this level already.")
    if wanted > level or case.actor.role == "supervisor":
        return None
    return say("Only a supervisor lowers the level.")


def _other_owner(case: Case) -> Text | None:
    if case.given("to") != str(case.has("owner_id")):
        return None
    return say("He owns it already. Choose somebody else.")


def _open_for_new_owner(case: Case) -> Text | None:
    if case.given("to") is None or case.has("state") in case.open_states:
        return None
    return say("What has ended keeps its owner. Leave the new owner out.")


def _corrected_facts_told(case: Case) -> Text | None:
    facts = (case.given("corrections") or {}).get("what_happened")
    if facts is None or len(facts) >= FACTS_AT_LEAST:
        return None
    return say("Tell what happened in {count} characters at least.", count=FACTS_AT_LEAST)


def _last_operation_is_ours(case: Case) -> Text | None:
    last = case.last
    ours = last is not None and last.actor_id == case.actor.id and last.device == case.actor.device
    if last is not None and ours and last.can_undo and str(last.operation_id) == case.given("operation_id"):
        return None
    return say("Only your own last step, made at this desk, can be undone.")


def _within_undo_window(case: Case) -> Text | None:
    if case.last is not None and case.now - case.last.at <= UNDO_WITHIN:
        return None
    return say("A step can be undone for a minute. Correct it by another step.")


def _nothing_left_the_house(case: Case) -> Text | None:
    if case.last is not None and not case.last.left_the_house:
        return None
    return say("A letter or mail went out by this step, so it cannot be undone.")


GATES: Mapping[str, Gate] = MappingProxyType(
    {
        gate.__name__.removeprefix("_"): gate
        for gate in (
            *(_complainant_told, _received_not_later, _facts_told, _checklist_holds),
            *(_containment_for_safety, _owner_reached_out, _until_ahead, _wait_over_for_system),
            *(_cause_is_leaf, _remedies_named, _proposal_current, _told_by_letter_or_call),
            *(_approvals_enough, _regime_wording_present, _answer_known, _remedies_done_or_ordered),
            *(_severity_minor_given, _customer_agreed, _remedies_within_own_limit, _remedy_known),
            *(_follow_up_due, _score_not_below_zero, _not_sampled, _customer_asked_or_tried),
            *(_cause_is_leaf_confirmed, _corrective_action_decided, _corrective_action_for_frequent_cause),
            *(_dissatisfied, _target_fits, _within_reopen_window, _not_who_rejected),
            *(_level_falls_only_by_supervisor, _other_owner, _last_operation_is_ours),
            *(_within_undo_window, _nothing_left_the_house, _open_for_new_owner, _corrected_facts_told),
        )
    }
)
"""All predicates there are, by the names that ``workflow.toml`` uses."""
