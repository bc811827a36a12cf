"""What an agent sees of a caller: immutable views, made once by the services and only drawn by the window.

All times are aware UTC; texts meant for a person are :class:`~crmdesk.models.text.Text`; names, subjects and
notes are data and shown as they are.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from crmdesk.models.text import Text
from crmdesk.models.types import ArticleId, AssetId, CallId, ContactPointId, CustomerId
from crmdesk.models.worklist import Answer
from crmdesk.values import dataclass


@dataclass(frozen=True, slots=True)
class CallerNumber:
    """The number of a call as sent and as understood.

    ``raw`` is None when the number was withheld or not sent; ``e164`` is None when it is no dialable number;
    ``kind`` is one of mobile, fixed, tollfree, short, extension, withheld, unknown, invalid.
    """

    raw: str | None
    e164: str | None
    kind: str
    display: str
    place_en: str = ""
    place_zh: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One customer the caller may be; ``confidence`` between 0 and 1, ``reasons`` say why, best first."""

    customer_id: CustomerId
    name: str
    name_alt: str
    kind: str
    tier: str
    confidence: float
    reasons: tuple[Text, ...]
    contact_name: str = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """A short mark beside a name; ``tone`` is one of plain, good, due, breach."""

    key: str
    text: Text
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Counters:
    """How often this customer was in contact, and what is still open."""

    contacts_30: int = 0
    contacts_90: int = 0
    contacts_365: int = 0
    open_issues: int = 0
    call_in_30: int = 0
    """Which call within thirty days the present one is (1 = first)."""
    open_complaints: int = 0
    complaint: str = ""
    """Number of the only open complaint, or of the latest one."""
    grave: bool = False
    """Whether an open complaint is of severity S1 or escalated."""


@dataclass(frozen=True, slots=True)
class ContactPointView:
    """One number or address; ``sharing`` is own, shared or unknown; ``warned`` after a wrong pop."""

    id: ContactPointId
    kind: str
    display: str
    label: str
    sharing: str
    warned: bool


@dataclass(frozen=True, slots=True)
class ContactView:
    """A person of a company."""

    name: str
    role: str
    phone: str


@dataclass(frozen=True, slots=True)
class RepeatFault:
    """The same fault on the same asset: its name in the data, how many times in how many days."""

    code: str
    name_en: str
    name_zh: str
    times: int
    days: int


@dataclass(frozen=True, slots=True)
class AssetCard:
    """What the caller owns, with what is due next."""

    id: AssetId
    model: str
    model_name: str
    plate: str
    vin: str
    mileage_km: int | None
    built_on: date | None
    warranty_until: date | None
    last_visit_at: datetime | None
    last_visit: str
    last_oil_change: str
    next_service_on: date | None
    next_service_km: int | None
    repeat_faults: tuple[RepeatFault, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """Who calls: the head of the record."""

    id: CustomerId
    version: int
    kind: str
    name: str
    name_alt: str
    tier: str
    key_account: bool
    language: str
    preferred_channel: str
    do_not_call: bool
    hint: str
    since: date | None
    external_id: str
    numbers: tuple[ContactPointView, ...]
    contacts: tuple[ContactView, ...]
    assets: tuple[AssetCard, ...]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the history; ``kind`` is call, visit, note, task, complaint, order or letter."""

    id: str
    kind: str
    at: datetime
    direction: str
    subject: str
    summary: str
    who: str
    state: str
    asset_id: AssetId | None = None


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Part of a time line, newest first; ``after`` fetches the next part, None at the end.

    ``complete`` is False when older history exists on the server only; ``everywhere`` then counts the entries
    there are altogether, 0 when that is not known. ``total`` counts those here.
    """

    items: tuple[TimelineEntry, ...]
    after: str | None
    total: int
    complete: bool = True
    everywhere: int = 0


@dataclass(frozen=True, slots=True)
class Article:
    """An article as it is read: safety line first, then what to say and what to do."""

    article_id: ArticleId
    external_id: str
    title: str
    lang: str
    safety: str
    say_this: str
    do_this: str
    body: str
    models: tuple[str, ...]
    topics: tuple[str, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ScreenPop:
    """All a window needs to show a call, made in one read transaction.

    ``customer`` is None while nobody or more than one person may be calling; then ``matches`` is the chooser
    (empty: nobody known). ``reason`` is ringing, transfer, pickup or parking.
    """

    call_id: CallId
    call_key: str
    extension: str
    direction: str
    reason: str
    rang_at: datetime
    number: CallerNumber
    caller_name: str
    dialled: str
    queue: str
    matches: tuple[Match, ...]
    customer: CustomerCard | None
    badges: tuple[Badge, ...]
    counters: Counters
    timeline: TimelinePage
    answers: tuple[Answer, ...]
    verify: tuple[Text, ...] = ()
    warning: Text | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One hit of "find anything": a customer and why it was found."""

    customer_id: CustomerId
    name: str
    name_alt: str
    kind: str
    tier: str
    why: Text
    detail: str


@dataclass(frozen=True, slots=True)
class FoundComplaint:
    """A complaint whose number was typed, its state in both languages, the customer's name."""

    id: UUID
    number: str
    state_en: str
    state_zh: str
    customer: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Hits, best first; ``more`` when there are further ones than were asked for; complaints by number."""

    items: tuple[Found, ...]
    more: bool
    complaints: tuple[FoundComplaint, ...] = ()


@dataclass(frozen=True, slots=True)
class NoteDraft:
    """What was typed and is not yet a note. ``draft_id`` becomes the note's id."""

    draft_id: str
    call_id: str
    text: str
    cursor: int
    saved_at: datetime
