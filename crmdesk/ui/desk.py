"""What the window asks of the services: requests that answer by futures, and the plain values they take.

The window knows nobody else. Every method returns at once; the work is done on a lane or a reader of the
services and the result crosses back in :mod:`crmdesk.ui.bridge`. A future fails with a
:class:`crmdesk.errors.CrmdeskError`, whose sentence is shown; anything else is shown as a bug.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from datetime import datetime
    from uuid import UUID

    from crmdesk.models.screen_pop import (
        Article,
        Badge,
        Counters,
        CustomerCard,
        FoundPage,
        NoteDraft,
        ScreenPop,
        TimelinePage,
    )
    from crmdesk.models.sync_views import (
        AuthoritySeen,
        Choices,
        Helper,
        HelpRequest,
        HelpWanted,
        JoinFields,
        Membership,
        PendingLine,
        PresenceLine,
        RefusedLine,
        SyncStatus,
    )
    from crmdesk.models.text import Text
    from crmdesk.models.types import ArticleId, CallId, CustomerId, TaskId
    from crmdesk.models.worklist import Answer, DispositionChoice, Worklist
    from crmdesk.services.customers.duplicates import Duplicate
    from crmdesk.services.stop import Stop
    from crmdesk.ui.aftercare_desk import Aftercare
    from crmdesk.ui.complaint_desk import Complaints
    from crmdesk.ui.files_desk import Files
    from crmdesk.ui.intake_desk import Intakes


@dataclass(frozen=True, slots=True)
class CallState:
    """What the telephone did: ``state`` is ringing, talking, held, ended, missed or cut_off.

    ``missed`` ends a call that this desk never answered; ``cut_off`` ends one that broke off. ``at`` is
    aware UTC. ``call_key`` is the one of the :class:`ScreenPop`.
    """

    call_key: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A customer opened by hand: what a pop shows, without the call."""

    customer: CustomerCard
    badges: tuple[Badge, ...]
    counters: Counters
    timeline: TimelinePage
    answers: tuple[Answer, ...]
    verify: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A promise made in a call: ``kind`` is callback or task, ``due_at`` aware UTC."""

    kind: str
    subject: str
    due_at: datetime
    customer_id: CustomerId | None
    call_id: CallId | None
    number: str


@dataclass(frozen=True, slots=True)
class WrapUp:
    """All that closes a call, kept in one transaction.

    The text becomes a note with the id of the draft when it is not blank; ``follow_up`` becomes a task.
    ``seconds`` is the wrap-up time, None while it is not known; ``stretched`` the code of why it was longer.
    """

    call_id: CallId
    disposition: str
    customer_id: CustomerId | None
    draft_id: str
    text: str
    articles: tuple[ArticleId, ...]
    follow_up: FollowUp | None
    seconds: int | None = None
    stretched: str = ""


@dataclass(frozen=True, slots=True)
class PersonFields:
    """What a form knows of a person or company: ``phone`` as typed, ``plate`` and ``model`` of a first car.

    The fields from ``preferred_channel`` on belong to a customer who is there already.
    """

    kind: str = "person"
    name: str = ""
    name_alt: str = ""
    phone: str = ""
    language: str = "zh"
    tier: str = ""
    plate: str = ""
    model: str = ""
    preferred_channel: str = ""
    do_not_call: bool = False
    hint: str = ""


class Sharing(Protocol):
    """Sharing one database with other desks, as the window sees it. Any thread may complete the futures.

    News come by themselves through :class:`~crmdesk.ui.bridge.Bridge`: ``sync_changed`` with each
    :class:`~crmdesk.models.sync_views.SyncStatus`, the first soon after the window is there; ``help_changed``
    with all requests for help that concern this desk; ``history_progressed`` while older history comes.
    """

    def sync_status(self) -> Future[SyncStatus]:
        """Ask how this desk and the server stand."""
        ...

    def pending(self) -> Future[tuple[PendingLine, ...]]:
        """Ask for what is still to be sent, oldest first."""
        ...

    def refused(self) -> Future[tuple[RefusedLine, ...]]:
        """Ask for what the server did not accept and nobody put away, newest first."""
        ...

    def resolve(self, op_id: UUID, choices: Choices) -> Future[None]:
        """Settle the fields in conflict of a refused operation.

        What was chosen or typed anew is sent as a new operation over the server's present revision; the
        fields where the server's value is taken are not. Fails with Conflict when they changed again.
        """
        ...

    def dismiss(self, op_id: UUID) -> Future[None]:
        """Put a refused operation out of the list; it stays in the store."""
        ...

    def send_as_note(self, op_id: UUID, customer_id: CustomerId) -> Future[None]:
        """Write the text of a refused operation as a note of this customer; then it leaves the list."""
        ...

    def load_history(self, customer_id: CustomerId) -> Future[None]:
        """Fetch all older history of a customer from the server."""
        ...

    def load_file(self, complaint_id: UUID, told: Callable[[int, int], object], stop: Stop) -> Future[None]:
        """Fetch the file of a complaint from the server, if it is for this person; told like any change.

        *told* hears from another thread how much of it is here, and of how much; *stop* breaks it off.
        """
        ...

    def tell_presence(self, state: str, customer_id: CustomerId | None, doing: str) -> None:
        """Say what is done at this desk; never waits, and nobody is told when it fails.

        Called on changes and every ten seconds. *state* is ready, talking, wrap_up or paused; *doing* what is
        done at the record that is open: open, note, record or call, empty without one.
        """
        ...

    def presence(self, customer_id: CustomerId) -> Future[tuple[PresenceLine, ...]]:
        """Ask which colleagues have this customer open; a window that shows it asks every two seconds."""
        ...

    def helpers(self) -> Future[tuple[Helper, ...]]:
        """Ask who can be asked for help: supervisors first, then teams and colleagues."""
        ...

    def help_requests(self) -> Future[tuple[HelpRequest, ...]]:
        """Ask for the requests for help that concern this desk, newest first."""
        ...

    def ask_help(self, wanted: HelpWanted) -> Future[HelpRequest]:
        """Ask a colleague or a team for help."""
        ...

    def cancel_help(self, request_id: UUID) -> Future[None]:
        """Take back a request of this desk."""
        ...

    def take_help(self, request_id: UUID) -> Future[None]:
        """Say that the person at this desk comes; fails with Conflict when somebody was quicker."""
        ...

    def authority(self, path: str) -> Future[AuthoritySeen]:
        """Look at the certificate at *path*; fails with a sentence that says what the file is instead."""
        ...

    def join(self, fields: JoinFields) -> Future[None]:
        """Put this desk on a shared database; done when the server took it, before the first copy is here.

        Fails with a sentence; ``fields`` of the error name address, user, password or ca_file.
        """
        ...

    def membership(self) -> Future[Membership | None]:
        """Ask which database this desk shares and as whom, None while it works alone."""
        ...

    def leave(self, *, unsent: bool) -> Future[None]:
        """Send what waits, then work alone.

        Fails when something cannot be sent, unless *unsent* says that it may stay on this PC only.
        """
        ...

    def keep_text(self, path: str, text: str) -> Future[None]:
        """Write *text* into a file of the person's own."""
        ...


class Desk(Protocol):
    """The services as the window sees them. Any thread may complete the futures."""

    @property
    def sharing(self) -> Sharing:
        """What other desks have to do with this one; answers for a PC that works alone, too."""
        ...

    @property
    def complaints(self) -> Complaints:
        """What is asked about one complaint."""
        ...

    @property
    def intakes(self) -> Intakes:
        """What is asked while a complaint is written down."""
        ...

    @property
    def aftercare(self) -> Aftercare:
        """What is done around a complaint: letters, follow-up calls, corrective actions, figures."""
        ...

    @property
    def files(self) -> Files:
        """What is attached to records."""
        ...

    def worklist(self) -> Future[Worklist]:
        """Ask for what waits for this agent."""
        ...

    def dispositions(self) -> Future[tuple[DispositionChoice, ...]]:
        """Ask for the ways a call can end, the usual ones first."""
        ...

    def drafts(self) -> Future[tuple[NoteDraft, ...]]:
        """Ask for notes that were typed and never became notes, e.g. after a power cut."""
        ...

    def call(self, call_id: CallId) -> Future[ScreenPop]:
        """Ask for an earlier call as its pop would look now."""
        ...

    def choose(self, pop: ScreenPop, customer_id: CustomerId) -> Future[ScreenPop]:
        """Say who calls; the pop comes back with that customer. The choice is remembered for the number."""
        ...

    def not_him(self, pop: ScreenPop, customer_id: CustomerId | None) -> Future[ScreenPop]:
        """Say that the wrong person popped; call, notes and article use move (None: to nobody yet)."""
        ...

    def always_ask(self, e164: str) -> Future[None]:
        """Ask who calls whenever this number rings."""
        ...

    def only_this(self, e164: str, customer_id: CustomerId) -> Future[None]:
        """This number belongs to this customer and nobody else."""
        ...

    def customer_record(self, customer_id: CustomerId) -> Future[CustomerRecord]:
        """Ask for a customer opened by hand."""
        ...

    def similar(self, person: PersonFields) -> Future[tuple[Duplicate, ...]]:
        """Ask who may be this person, surest first; a number that is none yet counts for nothing."""
        ...

    def open_customer(self, person: PersonFields) -> Future[CustomerId]:
        """Open a record for somebody new, with number and car if given."""
        ...

    def change_customer(
        self, customer_id: CustomerId, changes: Mapping[str, object], version: int
    ) -> Future[None]:
        """Change fields of a customer seen at *version*; fails with Conflict when others changed the same."""
        ...

    def timeline(
        self, customer_id: CustomerId, after: str | None, kinds: tuple[str, ...]
    ) -> Future[TimelinePage]:
        """Ask for a page of the time line; no kinds means all of them."""
        ...

    def find(self, text: str) -> Future[FoundPage]:
        """Search names, pinyin, numbers, plates and VINs."""
        ...

    def answers(self, query: str, models: tuple[str, ...]) -> Future[tuple[Answer, ...]]:
        """Search the knowledge base; articles about the models come first."""
        ...

    def article(self, article_id: ArticleId) -> Future[Article]:
        """Ask for one article as it is read."""
        ...

    def mark_article(self, article_id: ArticleId, mark: str, call_id: CallId | None) -> Future[None]:
        """Remember that an article was ``used`` or ``unhelpful``."""
        ...

    def save_draft(self, draft: NoteDraft) -> Future[None]:
        """Keep what was typed, durably; the latest of a draft id wins."""
        ...

    def append_note(self, call_id: CallId, text: str, draft_id: str) -> Future[None]:
        """Turn a draft into a note, at most once for each draft id."""
        ...

    def wrap_up(self, wrap_up: WrapUp) -> Future[None]:
        """Close the call."""
        ...

    def open_task(self, follow_up: FollowUp) -> Future[None]:
        """Write down a task or a call-back outside of a wrap-up."""
        ...

    def finish_task(self, task_id: TaskId, version: int) -> Future[None]:
        """Mark a task as done."""
        ...

    def verify(self, call_id: CallId, fact: str, ticked: bool) -> Future[None]:
        """Store that the caller knew a fact; *fact* is the template of the sentence shown."""
        ...

    def call_back(self, number: str, customer_id: CustomerId | None) -> Future[None]:
        """Dial a number from this desk's telephone."""
        ...

    def set_ready(self, ready: bool) -> Future[None]:
        """Take calls, or pause."""
        ...
