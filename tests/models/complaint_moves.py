"""Moves on complaints: real steps, decided as a desk decides them on what it remembers of each complaint.

What a desk does not hear of (one move in eight) it does not remember, so later steps are decided on what no
longer holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.models.attachment import attach_file
from crmdesk.models.complaint_file import ComplaintFile, Errand, Outcome, Rules, Step, next_due
from crmdesk.models.complaint_step import Decided, describe_step
from crmdesk.models.effects import apply
from crmdesk.models.gates import Actor, Limits
from crmdesk.models.metrics import csm
from crmdesk.models.operations import Author, Operation
from crmdesk.models.payload import checked
from crmdesk.models.sending import TOLD_BY
from crmdesk.models.steps import take
from crmdesk.models.types import AgentId, child_id
from crmdesk.models.verdict import verdict
from crmdesk.models.wire import Row
from crmdesk.models.workflow import Transition
from crmdesk.services.attachments.names import harmless
from crmdesk.services.complaints.files import case_of, file_of
from crmdesk.services.complaints.procedure import House, Procedure
from tests.models.cases import CODES, PAYLOADS, workflow
from tests.models.hours import regimes, shop, targets

if TYPE_CHECKING:
    from tests.models.moves import Dice, Hotline

SYSTEM = ("T15",)
ADMINISTRATORS = ("D1",)
SELDOM = frozenset({"T3", "T18", "T19", "C1", "E1", "E2", "H1", "U1", "D1"})
"""Steps that end a complaint or lead nowhere: taken when the dice say so."""
NOBODY = UUID(int=0)
TEAMS = (UUID(int=100), UUID(int=101))
LATEST = datetime(2026, 12, 10, tzinfo=UTC)
"""Until then days may pass."""


@cache
def rules() -> Procedure:
    """By what these complaints are handled."""
    time = shop()
    made = Rules(workflow(), targets(), regimes(), time, {time.version: time})
    return Procedure(made, Limits(), House(), CODES)


class NothingCounted:
    """Stands for the store where the procedure counts: a cause was never seen before."""

    def execute(self, _statement: str, _values: object = ()) -> NothingCounted:
        return self

    def fetchone(self) -> tuple[int]:
        return (0,)


def log_complaint(world: Hotline, dice: Dice, *, team: UUID | None = None) -> Operation:
    """A new complaint, of *team*, else of any; one in some hundred is sent twice."""
    again = dice.b == 0 and world.complaints
    made = child_id(world.customers[0], world.author.device, int(world.author.now().timestamp()))
    row_id = dice.pick(world.complaints) if again else made
    fields = {
        **PAYLOADS["T1"],
        "received_at": (world.now - timedelta(hours=dice.b)).isoformat(),
        "customer_id": str(dice.pick(world.customers)),
        "what_happened": f"It squeals: {dice.word} {'again ' * 3}",
        "severity": dice.one("S3", "S4", "S3", "S2"),
    }
    extra = {
        # One in eight carries the number of the one before.
        "number": f"C26-K7Q-{len(world.complaints) - (dice.b % 8 == 3):04}",
        "team_id": team or _team(dice.a),
        "complainant": dice.word,
        "restricted": dice.b % 7 == 0,
    }
    step, actor = workflow().transition("T1"), _actor(world, "T1")
    return _written(world, step, ComplaintFile({}), actor, fields, row_id, extra)


def take_step(world: Hotline, dice: Dice) -> Operation:
    """The next step of a complaint that may be done, as far as this desk remembers; else a new complaint."""
    known = [each for each in world.complaints if world.memory.get("complaint", each)]
    if not known or dice.b % 12 == 0:
        return log_complaint(world, dice)
    complaint = dice.pick(known)
    target = known[dice.b % len(known)]
    file = file_of(world.memory, complaint, target)
    steps = workflow().steps_from(file.fields["state"])
    wanted = [step for step in steps if step.id not in SELDOM or dice.b % 5 == 0]
    turn = dice.b // 5 % max(1, len(wanted))
    if dice.b % 9 == 0 and world.now < LATEST:
        world.now += timedelta(days=4)
    for step in (*wanted[turn:], *wanted[:turn]):
        fields = payload_for(world, dice, step, file, target)
        if fields is not None and _may(world, step, file, fields):
            extra = {"team_id": _team(dice.b)} if step.id == "T2" or "to" in fields else {}
            return _written(world, step, file, _actor(world, step.id), fields, complaint, extra)
    return log_complaint(world, dice)


def step_taken(world: Hotline, dice: Dice, complaint: UUID, key: str, extra: Row) -> Operation:
    """The step *key*, whatever is thought of it; *extra* goes over its payload, a team over its changes."""
    file, step = file_of(world.memory, complaint), workflow().transition(key)
    fields = {**(payload_for(world, dice, step, file, complaint) or {}), **extra}
    more = {"team_id": fields.pop("team_id")} if "team_id" in fields else {}
    return _written(world, step, file, _actor(world, key), fields, complaint, more, always=True)


def approve(world: Hotline, dice: Dice) -> Operation:
    """A yes to a proposal, mostly one that stands."""
    at = [each for each in world.complaints if _remembered(world, each).get("state") == "PROPOSED"]
    complaint = dice.pick(at or world.complaints or [NOBODY])
    version = dice.one(_remembered(world, complaint).get("proposal_version", 1), 1)
    values = {"id": world.author.new_id(), "complaint_id": complaint, "proposal_version": version}
    return _remember(world, world.author.describe("complaint.approve", values))


def make_letter(world: Hotline, dice: Dice) -> Operation:
    world.letters.append(world.author.new_id())
    fields = {
        "complaint_id": dice.pick(world.complaints or [NOBODY]),
        "kind": dice.one("decision", "acknowledgement", "rejection"),
        "language": "zh",
        "text": dice.word * 3,
        "digest": f"{dice.b:064x}",
    }
    payload = {"id": dice.pick(world.letters), "fields": fields}
    return _remember(world, world.author.describe("letter.make", payload))


def send_letter(world: Hotline, dice: Dice) -> Operation:
    letter = dice.pick(world.letters or [NOBODY])
    payload = {"id": letter, "sent_via": dice.one("mail", "letter")}
    return _remember(world, world.author.describe("letter.send", payload))


def record_survey(world: Hotline, dice: Dice) -> Operation:
    grades = dice.one((), (60,), (-30,), (90, 0, 0, 0), (30, 0, 0, 0))
    share = csm(grades).value
    fields = {
        "complaint_id": dice.one(None, dice.pick(world.complaints or [NOBODY])),
        "customer_id": dice.pick(world.customers),
        "answers": [text for n, grade in enumerate(grades) for text in (f"{dice.word} {n}", str(grade))],
        "csm": None if share is None else round(share),
        "again": dice.one("", "yes", "no", "unsure"),
        "defection": dice.one("", "price", "service"),
        "words": dice.word,
    }
    row_id = child_id(world.customers[0], "survey", dice.a)
    return _remember(world, world.author.describe("survey.record", {"id": row_id, "fields": fields}))


def attach(world: Hotline, dice: Dice) -> Operation:
    record = {"customer_id": dice.pick(world.customers)}
    if world.complaints and dice.b % 3:
        record = {"complaint_id": dice.pick(world.complaints)}
    file: dict[str, str | int] = {"name": harmless(dice.word), "media_type": "", "size": dice.b}
    row_id = child_id(world.customers[0], "attachment", dice.a)
    return attach_file(world.author, record, {**file, "digest": f"{dice.b:064x}"}, row_id)


def save_action(world: Hotline, dice: Dice) -> Operation:
    dates = dict.fromkeys(("due_at", "check_at"), world.now)
    plan = {"what": f"Visit {dice.word}", "owner_id": world.customers[0], **dates}
    fields: dict[str, Any] = plan | dice.one({"state": "done", "result": dice.word}, {"cause": "wrong_part"})
    if dice.b % 3 == 0:
        fields = {**fields, "complaint_id": dice.pick(world.complaints or [NOBODY])}
    row_id = child_id(world.customers[0], "action", dice.a)
    return world.author.describe("action.save", {"id": row_id, "fields": fields})


def mark_remedy(world: Hotline, dice: Dice) -> Operation:
    lines = sorted(world.memory.tables.get("remedy_line", ())) or [NOBODY]
    marks = dice.one({"done_at": world.now}, {"order_id": dice.word}, {"done_at": world.now, "order_id": "1"})
    payload = {"id": dice.pick(lines), "marks": marks}
    return _remember(world, world.author.describe("remedy.mark", payload))


def _written(
    world: Hotline,
    step: Transition,
    file: ComplaintFile,
    actor: Actor,
    fields: Mapping[str, Any],
    complaint: UUID,
    extra: Row,
    *,
    always: bool = False,
) -> Operation:
    """Take the step and describe what it came to; the desk remembers it, mostly or *always*."""
    payload = checked(step, fields, CODES)
    operation_id = child_id(
        complaint, f"{world.author.device}/{step.id}", int(world.author.now().timestamp())
    )
    taken = Step(file, actor, payload, world.author.now(), rules().rules, operation_id)
    outcome = _finished(take(step, taken), taken, extra)
    decided = Decided(
        complaint_id=complaint,
        transition=step.id,
        version=file.fields.get("rev", 0),
        from_state=file.fields.get("state", ""),
        fields=payload,
        outcome=outcome,
        before=file.ledger,
        tasks=tuple(_task(taken, outcome, n, errand) for n, errand in enumerate(outcome.errands)),
        target_id=file.target.fields["id"] if file.target else None,
        target_before=file.target.ledger if file.target else file.ledger,
    )
    author = world.author if step.id not in SYSTEM else Author("", "", world.author.clock)
    operation = describe_step(author, decided, operation_id)
    if complaint not in world.complaints:
        world.complaints.append(complaint)
    return _remember(world, operation, heard=always or operation_id.int % 8 != 0 or step.id == "T1")


def _finished(outcome: Outcome, taken: Step, extra: Row) -> Outcome:
    changed = {**outcome.changed, **extra}
    due = next_due(outcome.ledger)
    changed |= {"next_clock": due[0] if due else "", "next_due_at": due[1] if due else None}
    if outcome.granted:
        changed["remedy_total"] = sum(line["value"] for line in outcome.granted)
    return Outcome(
        changed,
        outcome.ledger,
        outcome.granted,
        outcome.marked,
        outcome.taken_back,
        outcome.errands,
        outcome.target,
    )


def _task(taken: Step, outcome: Outcome, n: int, errand: Errand) -> Row:
    held = {**taken.file.fields, **outcome.changed}
    return {
        "id": child_id(taken.operation_id, "task", n),
        "kind": "task",
        "errand": errand.kind,
        "subject": str(held.get("number") or ""),
        "customer_id": held.get("customer_id"),
        "owner_id": None if errand.not_by_owner else held.get("owner_id"),
        "due_at": errand.due or taken.at,
    }


def _may(world: Hotline, step: Transition, file: ComplaintFile, fields: Mapping[str, Any]) -> bool:
    """Whether a desk would let it through."""
    payload, actor = checked(step, fields, CODES), _actor(world, step.id)
    case = case_of(world.memory, NothingCounted(), rules(), file, actor, payload, world.now)
    return verdict(step, case).may


def payload_for(
    world: Hotline, dice: Dice, step: Transition, file: ComplaintFile, target: UUID
) -> dict[str, Any] | None:
    """Return a payload for *step* that fits the complaint, None where there is none."""
    filled = {**PAYLOADS[step.id]}
    for name in sorted({"what", "reason_text", "words", "missing", "open_points"} & filled.keys()):
        filled[name] = f"{name}: {dice.word}"
    fit = _FITTING.get(step.id)
    return fit(world, dice, file, target, filled) if fit else filled


Fields = dict[str, Any]
Fit = Callable[["Hotline", "Dice", ComplaintFile, UUID, Fields], Fields | None]


def _owner(world: Hotline, _dice: Dice, _file: ComplaintFile, _target: UUID, filled: Fields) -> Fields:
    return {**filled, "owner": world.author.actor}


def _ahead(world: Hotline, _dice: Dice, _file: ComplaintFile, _target: UUID, filled: Fields) -> Fields:
    return {**filled, "until": (world.now + timedelta(days=3)).isoformat()}


def _proposal(world: Hotline, _dice: Dice, file: ComplaintFile, _target: UUID, filled: Fields) -> Fields:
    """Told by a letter about this complaint, else on the telephone."""
    told = {name: value for name, value in filled.items() if name != "letter_id"}
    letters = _letters(world, file.fields["id"], "T9")
    how = {"letter_id": letters[0]} if letters else {"call_id": filled["letter_id"]}
    return {**told, **how, "proposal_version": file.fields["proposal_version"] or 1}


def _rejection(
    world: Hotline, _dice: Dice, file: ComplaintFile, _target: UUID, filled: Fields
) -> Fields | None:
    letters = _letters(world, file.fields["id"], "T3")
    return {**filled, "letter_id": letters[0]} if letters else None


def _letters(world: Hotline, complaint: UUID, step: str) -> list[str]:
    """Return the letters about a complaint that tell what *step* decides."""
    letters = world.memory.where("letter", "complaint_id", complaint)
    return sorted(str(row["id"]) for row in letters if row["kind"] in TOLD_BY[step])


def _remedies(world: Hotline, dice: Dice, file: ComplaintFile, _target: UUID, filled: Fields) -> Fields:
    mark = dice.one({"done_at": world.now.isoformat()}, {"order_id": "SO-1"})
    return {**filled, "remedies_state": [{"id": str(row["id"]), **mark} for row in file.remedies]}


def _failed(
    _world: Hotline, _dice: Dice, file: ComplaintFile, _target: UUID, filled: Fields
) -> Fields | None:
    return {**filled, "remedy_id": str(file.remedies[0]["id"])} if file.remedies else None


def _closing(_world: Hotline, dice: Dice, _file: ComplaintFile, _target: UUID, filled: Fields) -> Fields:
    action = {"decided": bool(dice.b % 2), "reason": dice.word + " once"}
    given = {name: value for name, value in filled.items() if name != "survey_id"}
    return {**given, "declined": True, "corrective_action": action}


def _other(_world: Hotline, _dice: Dice, file: ComplaintFile, target: UUID, filled: Fields) -> Fields | None:
    return {**filled, "target_id": str(target)} if target != file.fields["id"] else None


def _heir(world: Hotline, _dice: Dice, file: ComplaintFile, _target: UUID, filled: Fields) -> Fields:
    away = str(file.fields["owner_id"]) == world.author.actor
    return {**filled, "to": str(UUID(int=9)) if away else world.author.actor}


def _administered(world: Hotline, dice: Dice, file: ComplaintFile, target: UUID, filled: Fields) -> Fields:
    """A new owner, as long as it is open, or texts typed anew, or both, or a word alone."""
    texts: Fields = dice.one(
        {},
        {"what_happened": f"It rattles: {dice.word}", "third_party": ""},
        {"complainant": dice.word, "outlet": f"{dice.word} {dice.b}"},
    )
    given = {**filled, **({"corrections": texts} if texts else {})}
    to_another = dice.b % 2 and workflow().is_open(file.fields["state"])
    return _heir(world, dice, file, target, given) if to_another else given


def _last(_world: Hotline, _dice: Dice, file: ComplaintFile, _target: UUID, filled: Fields) -> Fields | None:
    return {**filled, "operation_id": str(file.last.operation_id)} if file.last else None


_FITTING: Mapping[str, Fit] = MappingProxyType(
    {
        "T2": _owner,
        "T3": _rejection,
        "T6": _ahead,
        "T9": _proposal,
        "T11": _remedies,
        "T14": _failed,
        "T16": _closing,
        "T19": _other,
        "H1": _heir,
        "D1": _administered,
        "U1": _last,
    }
)


def _actor(world: Hotline, transition: str) -> Actor:
    if transition in SYSTEM:
        return Actor(None, "system")
    role = "administrator" if transition in ADMINISTRATORS else "supervisor"
    return Actor(AgentId(UUID(world.author.actor)), role, world.author.device)


def _team(number: int) -> UUID | None:
    return TEAMS[number % 2] if number % 3 else None


def _remembered(world: Hotline, complaint: UUID) -> Row:
    head, body = world.memory.get("complaint", complaint), world.memory.get("complaint_body", complaint)
    return {**(body or {}), **(head or {})}


def _remember(world: Hotline, operation: Operation, *, heard: bool = True) -> Operation:
    """Have the desk remember what *operation* does, unless it did not hear of it."""
    if heard:
        world.memory.changed(apply(world.memory, operation))
    return operation


COMPLAINT_MOVES: Mapping[str, Callable[[Hotline, Dice], Operation]] = MappingProxyType(
    {
        "complaint.step": take_step,
        "complaint.approve": approve,
        "letter.make": make_letter,
        "letter.send": send_letter,
        "survey.record": record_survey,
        "action.save": save_action,
        "remedy.mark": mark_remedy,
        "attachment.add": attach,
    }
)
