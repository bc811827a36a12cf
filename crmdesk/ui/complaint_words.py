"""Words for the codes of the procedure; a code without a word is shown as it is."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from crmdesk.errors import CrmdeskError
from crmdesk.models.text import Text
from crmdesk.ui.translation import word
from crmdesk.ui.vocabulary import COMPLAINT_STATES, said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.record_view import LedgerLine
    from crmdesk.ui.translation import Words

SEVERITIES = {
    "S1": word("S1 safety, law, press"),
    "S2": word("S2 cannot use, high value, repeated"),
    "S3": word("S3 normal"),
    "S4": word("S4 minor"),
}
CHANNELS = {
    "phone": word("Telephone"),
    "mail": word("E-mail"),
    "visit": word("Visit in person"),
    "web": word("Web form"),
    "letter": word("Letter"),
    "other": word("Other"),
}
CHECKLIST = {
    "ours": word("It is about us or our product"),
    "facts": word("Facts are named"),
    "in_time": word("In time"),
    "undecided": word("Not decided before"),
    "not_query": word("A complaint, not a question"),
}
CAUSE_CLASSES = {
    "A": word("A · effect not reached"),
    "B": word("B · poor performance or mistake"),
    "C": word("C · need outside our scope"),
}
FINDINGS = {
    "upheld": word("Upheld"),
    "partly": word("Partly upheld"),
    "not_upheld": word("Not upheld"),
}
REMEDIES = {
    "apology": word("Apology"),
    "explanation": word("Explanation"),
    "repair": word("Repair"),
    "replacement": word("Replacement"),
    "refund": word("Refund"),
    "discount": word("Discount"),
    "compensation": word("Compensation"),
    "voucher": word("Voucher"),
    "gift": word("Gift"),
    "process_change": word("Change of process"),
    "none": word("No remedy"),
}
WANTED = {**REMEDIES, "none": word("None named")}
WAIT_FOR = {"customer": word("The customer"), "third_party": word("A third party")}
ACCEPTED_HOW = {
    "said": word("Said so"),
    "written": word("In writing"),
    "window_over": word("No answer in time: it stands"),
}
REJECT_REASONS = {
    "query": word("A question, no complaint"),
    "not_ours": word("Not about us"),
    "no_facts": word("No facts named"),
    "out_of_time": word("Too late"),
    "decided_before": word("Decided before"),
    "other": word("Another reason"),
}
REOPEN_REASONS = {
    "not_satisfied": word("Customer is not satisfied"),
    "recurred": word("It happened again"),
    "remedy_failed": word("A remedy failed"),
    "new_facts": word("New facts"),
    "external": word("Decided so outside"),
}
APPEAL_REASONS = {"new_facts": word("New facts"), "review": word("Looked at again")}
BODIES = {
    "12315": word("12315 hotline of the market authority"),
    "ombudsman": word("Ombudsman"),
    "adr": word("Body of arbitration (ADR)"),
    "court": word("Court"),
    "media": word("Press or media"),
}
DAY_PARTS = {"morning": word("Morning"), "afternoon": word("Afternoon"), "evening": word("Evening")}
GRADES = {
    "90": word("Very satisfied (90)"),
    "60": word("Satisfied (60)"),
    "30": word("Rather satisfied (30)"),
    "0": word("Neither nor (0)"),
    "-30": word("Rather dissatisfied (−30)"),
    "-60": word("Dissatisfied (−60)"),
    "-90": word("Very dissatisfied (−90)"),
}
LEVELS = {
    "1": word("1 · team supervisor"),
    "2": word("2 · duty manager"),
    "3": word("3 · executive list"),
}
REGIMES = {"none": word("No regime")}
CHOICES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "channel": CHANNELS,
        "severity": SEVERITIES,
        "cause_class": CAUSE_CLASSES,
        "finding": FINDINGS,
        "wait_for": WAIT_FOR,
        "accepted_how": ACCEPTED_HOW,
        "reject_reason": REJECT_REASONS,
        "reopen_reason": REOPEN_REASONS,
        "appeal_reason": APPEAL_REASONS,
        "external_body": BODIES,
        "score": GRADES,
        "level": LEVELS,
        "checklist": CHECKLIST,
        "remedies": REMEDIES,
        "remedy_wanted": WANTED,
        "attempts": DAY_PARTS,
        "regime": REGIMES,
    }
)
"""Of each type of a payload's fields the words of its values."""
CLOCKS = {
    "acknowledge": word("Acknowledge"),
    "assess": word("Assess"),
    "containment": word("Contain"),
    "contact": word("Speak with the customer"),
    "update": word("Tell how it stands"),
    "decide": word("Decide"),
    "resolve": word("Resolve"),
    "follow_up": word("Follow up"),
    "answer_window": word("Customer may answer"),
    "appeal_window": word("Customer may appeal"),
    "reopen_window": word("May be reopened"),
    "waiting": word("Waiting"),
    "summary": word("Written summary"),
    "answer": word("Answer the outside body"),
    "paper": word("Paper for the refund"),
    "accept": word("Authority accepts"),
    "outcome": word("Outcome of the authority"),
    "tell": word("Authority tells the parties"),
}
CLOCK_EVENTS = {
    "start": word("started"),
    "pause": word("paused"),
    "resume": word("went on"),
    "stop": word("stopped"),
    "recompute": word("worked out anew"),
    "extend": word("extended"),
    "undo": word("taken back"),
}
WHY = {
    "received": word("received"),
    "acknowledged": word("acknowledged"),
    "answered": word("outside body answered"),
    "rejected": word("not accepted"),
    "assessed": word("assessed"),
    "reassessed": word("severity assessed"),
    "contained": word("contained"),
    "contacted": word("spoken with the customer"),
    "started": word("investigation started"),
    "waiting": word("waiting began"),
    "continued": word("waiting over"),
    "decided": word("decision told"),
    "accepted": word("accepted"),
    "resolved": word("remedies done"),
    "told": word("told how it stands"),
    "refused": word("refused by the customer"),
    "solved_on_the_call": word("solved on the call"),
    "remedy_failed": word("a remedy failed"),
    "closed": word("closed"),
    "not_satisfied": word("customer not satisfied"),
    "withdrawn": word("withdrawn"),
    "merged": word("merged"),
    "reopened": word("reopened"),
    "appealed": word("appeal"),
    "external": word("outside body"),
    "undone": word("undone"),
    "calendar": word("new calendar"),
    "holding_reply": word("holding reply sent"),
}
CLOCK_STATES = {"running": word("running"), "paused": word("paused"), "stopped": word("stopped")}
VERDICTS = {
    "open": "",
    "met": word("met"),
    "breached": word("breached"),
    "void": word("not counted"),
}
BREACHES = {"late": word("late"), "by_reassessment": word("late by reassessment")}
LETTERS = {
    "acknowledgement": word("Acknowledgement"),
    "holding": word("Holding reply"),
    "decision": word("Decision"),
    "closing": word("Closing letter"),
    "summary": word("Written summary"),
    "rejection": word("Rejection"),
    "referral": word("To the outside body"),
}
RELATIONS = {
    "repeats": word("Repeats"),
    "repeated_by": word("Repeated by"),
    "merged_into": word("Merged into"),
    "merged_from": word("Merged from"),
}
FIELDS = {
    "checklist": word("Accepted because"),
    "ack_channel": word("Acknowledged by"),
    "owner": word("Owner"),
    "owner_id": word("Owner"),
    "team_id": word("Team"),
    "reason": word("Reason"),
    "other_route": word("Other route told"),
    "letter_id": word("Letter"),
    "severity": word("Severity"),
    "impact": word("Impact"),
    "persons": word("Persons concerned"),
    "money": word("Loss"),
    "regime": word("Regime"),
    "cause_class": word("Class of cause"),
    "containment": word("Done at once"),
    "contacted_at": word("Spoken with the customer"),
    "attempts": word("Tried to reach"),
    "wait_for": word("Waiting for"),
    "what": word("About what"),
    "until": word("Until"),
    "cause": word("Cause"),
    "finding": word("Finding"),
    "remedies": word("Remedies"),
    "reason_text": word("Reason for the customer"),
    "proposal_version": word("Proposal"),
    "call_id": word("Told in the call"),
    "sent_via": word("Told by"),
    "missing": word("What is missing"),
    "accepted_by": word("Accepted by"),
    "how": word("How"),
    "remedies_state": word("Remedies done or ordered"),
    "new_facts": word("New facts"),
    "customer_agreed": word("The customer said yes"),
    "what_was_done": word("What was done"),
    "remedy_id": word("Remedy that failed"),
    "sampled": word("Sampled"),
    "survey_id": word("Survey"),
    "declined": word("Customer does not want to be asked"),
    "root_cause": word("Cause confirmed"),
    "corrective_action": word("Corrective action"),
    "corrections": word("Mistyped, put right here"),
    "score": word("Score"),
    "asked": word("Customer asks for it"),
    "words": word("Words of the customer"),
    "channel": word("Channel"),
    "target_id": word("Merge into"),
    "class_action": word("A matter of many people"),
    "text": word("Reason in words"),
    "to_level": word("Level"),
    "level": word("Level"),
    "body": word("Outside body"),
    "external": word("Outside body"),
    "reference": word("Their reference"),
    "date": word("Date of their letter"),
    "their_deadline": word("Their deadline"),
    "to": word("New owner"),
    "open_points": word("Open points"),
    "note": word("Note"),
    "state": word("State"),
    "wait_until": word("Wait until"),
    "answer_until": word("Answer until"),
    "acknowledged_at": word("Acknowledged"),
    "responded_at": word("Decision told"),
    "resolved_at": word("Resolved"),
    "closed_at": word("Closed"),
    "follow_up_at": word("Follow-up"),
    "next_due_at": word("Due"),
    "remedy_total": word("Remedies together"),
    "reopen_count": word("Times reopened"),
    "customer_id": word("Customer"),
    "rejected_by": word("Rejected by"),
    "last_operation_id": word("Last step"),
    "csm": word("Score"),
    "reached": word("What came of the call"),
    "asked_result": word("What came of the complaint"),
    "asked_speed": word("How quickly it went"),
    "asked_manner": word("How he was treated"),
    "asked_information": word("How well he was kept informed"),
    "again": word("Would he buy again?"),
    "defection": word("What drives him away"),
    "what_is_done": word("What is done so that it does not come back"),
    "action_owner": word("Owner"),
    "due_at": word("Due"),
    "check_at": word("Look at the effect on"),
    "action_state": word("State"),
    "result": word("What the check found"),
    "received_at": word("Received"),
    "category": word("Category"),
    "what_happened": word("What happened"),
    "remedy_wanted": word("Wants"),
    "asset_id": word("Asset"),
    "unidentified": word("Not identified"),
    "operation_id": word("Step taken back"),
    "wait_what": word("About what"),
    "accepted_how": word("How"),
    "refused_why": word("Why the customer refused"),
    "corrective_reason": word("Corrective action"),
    "internal_reason": word("Reason for ourselves"),
    "reopen_why": word("Why it was taken up again"),
    "ended_why": word("Why it ended"),
    "ended_channel": word("Channel"),
    "decided": word("What they decided"),
    "external_at": word("Date of their letter"),
    "external_reference": word("Their reference"),
    "complainant": word("Complainant"),
    "third_party": word("Third party"),
    "outlet": word("Outlet"),
    "order_id": word("Order"),
}
"""Fields of payloads and of complaints as a form, a history and a refusal name them."""
HINTS = {
    "containment": word("S1 only: what was done so that nothing worse happens"),
    "reason_text": word("Goes into the letter: why we decided so"),
    "other_route": word("Where else the customer can turn, as it was told"),
    "open_points": word("What the new owner has to know"),
    "missing": word("What has to be found out before it can be approved"),
    "what": word("What we wait for"),
    "accepted_by": word("Who said yes"),
    "words": word("As the customer said it"),
    "note": word("What was found out, from whom"),
}
HINTS_OF_STEPS = {
    ("E2", "decided"): word("Only where their letter decides it: what they uphold is against us"),
    ("T14", "what"): word("What was promised and did not come"),
    ("D1", "what"): word("What is put right, in a few words"),
    ("D1", "reason"): word("Why, and who asked for it"),
}
"""What a field of one step is about, where it is something else than in others."""


_REASONS = {**REJECT_REASONS, **REOPEN_REASONS, **APPEAL_REASONS, **FINDINGS}
_BY_TIME = re.compile(r"Level (\d) by time")
"""How a desk and the server word the reason of a level that time brings."""


def clock_word(words: Words, clock: str) -> str:
    """Return the name of a clock; a regime's has the regime's key before it."""
    regime, _, name = clock.rpartition("/")
    told = said(words, CLOCKS, name)
    return f"{regime} · {told}" if regime and regime not in BODIES else told


def calendar_word(words: Words, line: LedgerLine) -> str:
    """Return by which calendar a line of a ledger was worked out, empty by the clock on the wall."""
    if line.calendar is None:
        return line.by
    name, edition = words.pick(line.calendar.name_en, line.calendar.name_zh), line.calendar.key
    return name if edition == "1" else words.tr("{name}, edition {n}", name=name, n=edition)


def step_words(words: Words, text: str) -> str:
    """Return why a step was taken: a reason's word, what time did, or *text* as somebody typed it."""
    by_time = _BY_TIME.fullmatch(text)
    if by_time is not None:
        return words.tr("Level {level} by time", level=by_time[1])
    return said(words, _REASONS, text)


def choice_word(words: Words, kind: str, value: Json) -> str:
    """Return the word of a *value* that a field of the type *kind* can have."""
    return said(words, dict(CHOICES.get(kind, {})), str(value))


def field_word(words: Words, name: str) -> str:
    """Return the name of a field."""
    return said(words, FIELDS, name)


def field_hint(words: Words, name: str, step: str = "") -> str:
    """Return what to write into a field of *step*, empty when it needs no hint."""
    hint = HINTS_OF_STEPS.get((step, name)) or HINTS.get(name, "")
    return words.tr(hint) if hint else ""


def refusal(
    words: Words, error: BaseException, called: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, str]:
    """Return *error* as a sentence that names fields as forms do, and the field it is about, empty for none.

    Args:
        words: of the screen.
        error: what a service refused with.
        called: what fields are called in a form, where that differs.
    """
    if not isinstance(error, CrmdeskError):
        return words.error(error), ""
    values, known = dict(error.values), {**CHECKLIST, **FIELDS}
    name, names = values.get("name"), values.get("names")
    if name in error.fields:
        values["name"] = field_word(words, called.get(str(name), str(name)))
    if isinstance(names, str):
        values["names"] = listed(words, [said(words, known, each) for each in names.split(", ")])
    field = error.fields[0] if error.fields else ""
    told = Text(error.sentence, tuple(values.items()))
    return words.text(with_state(words, told)), called.get(field, field)


def with_state(words: Words, text: Text) -> Text:
    """Return *text* with a state it tells as people call it."""
    values = dict(text.values)
    if "state" in values:
        values["state"] = said(words, COMPLAINT_STATES, str(values["state"]))
    return Text(text.template, tuple(values.items()))


def listed(words: Words, items: Iterable[str]) -> str:
    """Return *items* one after another, as a list is written."""
    return words.pick(", ", "、").join(items)


def money(amount: int, currency: str) -> str:
    """Return *amount* (smallest unit) as people read it: ``CNY 1,250`` or ``CNY 99.50``."""
    whole, rest = divmod(amount, 100)
    told = f"{whole:,}.{rest:02d}" if rest else f"{whole:,}"
    return f"{currency} {told}".strip()
