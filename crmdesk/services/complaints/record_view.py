"""What an agent sees of one complaint: immutable views, made by the services and only drawn by the window.

Moments are aware UTC; money is whole numbers of the smallest unit of the house's currency. Names come in both
languages, whoever shows them picks one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from crmdesk.models.sending import TOLD_BY
from crmdesk.models.wire import Json
from crmdesk.services.complaints.allowed import Allowed
from crmdesk.services.complaints.letter_due import LetterDue
from crmdesk.values import dataclass


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a name in two languages: a person of the house, a team, a category."""

    key: str
    name_en: str
    name_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What everybody may know of a complaint; fields as in :class:`crmdesk.models.complaint.Complaint`.

    Of a restricted one that another team handles only number, state and whom to ask are there.
    """

    id: UUID
    rev: int
    number: str
    state: str
    severity: str
    provisional: bool
    level: int
    external: str
    regime: str
    channel: str
    language: str
    customer_id: UUID | None
    call_id: UUID | None
    outlet: str
    unidentified: bool
    received_at: datetime
    logged_at: datetime
    wait_for: str
    wait_until: datetime | None
    answer_until: datetime | None
    follow_up_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    reopen_count: int
    first_contact: bool
    restricted: bool
    imported: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What was said, found and decided; fields as in :class:`crmdesk.models.complaint.ComplaintBody`."""

    complainant: str
    third_party: str
    what_happened: str
    remedy_wanted: str
    acknowledged_at: datetime | None
    contacted_at: datetime | None
    cause_class: str
    persons: int
    money: int
    containment: str
    wait_what: str
    finding: str
    reason_text: str
    internal_reason: str
    proposal_version: int
    remedy_total: int
    missing: str
    responded_at: datetime | None
    sent_via: str
    refused_why: str
    accepted_by: str
    accepted_how: str
    what_was_done: str
    csm: int | None
    score: int | None
    declined: bool
    corrective_action: bool | None
    corrective_reason: str
    ended_why: str
    other_route: str
    external_reference: str


@dataclass(frozen=True, slots=True)
class EventLine:
    """A step that was done; ``changed`` holds (field, before, after) as JSON values, ``words`` its reason."""

    id: UUID
    transition: str
    name: Named
    from_state: str
    to_state: str
    at: datetime
    who: Named | None
    words: str
    changed: tuple[tuple[str, Json, Json], ...]
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """A note of the investigation."""

    id: UUID
    at: datetime
    who: Named | None
    text: str


@dataclass(frozen=True, slots=True)
class RemedyView:
    """Something the customer gets or got."""

    id: UUID
    type: str
    value: int
    due: datetime | None
    granted_at: datetime | None
    order_id: str
    done_at: datetime | None
    failed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """A yes; ``current`` when it is of the proposal as it stands now."""

    who: Named | None
    at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class LetterView:
    """A letter made for the complaint; ``sent_at`` None: it has not left the house."""

    id: UUID
    kind: str
    language: str
    made_at: datetime
    sent_at: datetime | None
    sent_via: str

    @property
    def tells(self) -> bool:
        """Whether it tells the customer what was decided."""
        return any(self.kind in kinds for kinds in TOLD_BY.values())


@dataclass(frozen=True, slots=True)
class TaskView:
    """Something to do for it; ``errand`` is the procedure's key, empty when people thought of it."""

    id: UUID
    errand: str
    subject: str
    owner: Named | None
    due_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line of a clock's ledger; ``by`` is the calendar's version, empty by the wall.

    ``calendar``: its name with the edition as key, None where this desk does not know that version.
    ``provisional``: ``due`` counts a year whose holidays are not announced.
    """

    n: int
    event: str
    at: datetime
    due: datetime
    why: str
    by: str
    undone: bool
    provisional: bool = False
    calendar: Named | None = None


@dataclass(frozen=True, slots=True)
class ClockView:
    """How a clock stands (see :class:`crmdesk.models.clock.Standing`), with its ledger, oldest first."""

    clock: str
    state: str
    verdict: str
    breach: str
    percent: int
    due: datetime
    paused_seconds: int
    lines: tuple[LedgerLine, ...]
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Another complaint: ``relation`` is repeats, repeated_by, merged_into or merged_from."""

    id: UUID
    relation: str
    number: str
    state: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class CauseView:
    """A leaf of the tree of causes with the groups above it, the class first."""

    key: str
    cause_class: str
    path: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class ActionView:
    """What is done so that the cause does not come back."""

    id: UUID
    what: str
    owner_id: UUID | None
    state: str
    due_at: datetime | None
    check_at: datetime | None
    result: str


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """Who complains, and with what: ``asset`` is model and plate in one line, ``language`` his own."""

    id: UUID | None
    name: str
    name_alt: str
    asset: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintRecord:
    """All the window shows of a complaint.

    Attributes:
        body: None when another team handles it; ``owner`` and ``team`` say whom to ask.
        elsewhere: None for another reason: it ended so long ago that its file lies at the server only.
        category: its head, then itself; empty when it is not to be seen.
        looked_at: whose affairs it tells: the customer's, else his whose call or car it is; None: nobody's.
        clocks: what runs first, by due date; then what stopped.
        steps: in the order of the procedure, those too that are refused; none without the body.
        letter_due: the letter that is to be sent, or written and sent, before anything else is done.
        next_step: id of the obvious next step by state, empty when it is nobody's turn here.
        decided_outside: a body outside decided against us, and it was not taken up again since.
        closes: closing times of the next business days, today's first, for hints at dates.
        granted: remedies of this complaint and of its repeats, against which limits count.
        yes_wanted: who looks at it has to say yes to what is proposed; ``yeses_wanted``: so many in all.
    """

    head: Head
    body: Body | None
    state: Named
    owner: Named | None
    team: Named | None
    category: tuple[Named, ...]
    customer: CustomerLine
    looked_at: UUID | None = None
    cause: CauseView | None = None
    events: tuple[EventLine, ...] = ()
    log: tuple[LogLine, ...] = ()
    remedies: tuple[RemedyView, ...] = ()
    approvals: tuple[ApprovalView, ...] = ()
    letters: tuple[LetterView, ...] = ()
    tasks: tuple[TaskView, ...] = ()
    actions: tuple[ActionView, ...] = ()
    clocks: tuple[ClockView, ...] = ()
    links: tuple[Link, ...] = ()
    steps: tuple[Allowed, ...] = ()
    letter_due: LetterDue | None = None
    next_step: str = ""
    decided_outside: bool = False
    causes: tuple[CauseView, ...] = ()
    states: Mapping[str, Named]
    read_at: datetime
    closes: tuple[datetime, ...] = ()
    currency: str = ""
    limit_own: int = 0
    limit_supervisor: int = 0
    granted: int = 0
    supervisor: bool = False
    yes_wanted: bool = False
    yeses_wanted: int = 0
    elsewhere: bool = False

    def step(self, transition: str) -> Allowed | None:
        """Return a step by its id, None when the complaint knows none of that id."""
        return next((step for step in self.steps if step.transition == transition), None)

    @property
    def next_clock(self) -> ClockView | None:
        """The clock that is due next, of those that run."""
        return next((clock for clock in self.clocks if clock.state != "stopped"), None)
