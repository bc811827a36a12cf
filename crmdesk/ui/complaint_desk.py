"""What the window asks about one complaint, answered by the services of this desk.

Loaded when the first complaint is opened; the modules of the procedure with the first request, on its lane.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

from crmdesk.models.screen_pop import NoteDraft
from crmdesk.models.types import CustomerId
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from crmdesk.models.operations import Author
    from crmdesk.models.screen_pop import FoundComplaint
    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.handing_over import HandOverOffer
    from crmdesk.services.complaints.listing import Listing
    from crmdesk.services.complaints.lists import Lines
    from crmdesk.services.complaints.procedure import House
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.services.store.drafts import Drafts
    from crmdesk.services.store.store import Store

T = TypeVar("T")
LIMIT = 5000
"""Lines that a list shows at most."""


@dataclass(frozen=True, slots=True)
class StepWanted:
    """A step as it was filled in: the payload, and the state and version it was decided on."""

    complaint_id: UUID
    transition: str
    fields: Mapping[str, Json]
    from_state: str
    version: int


class Complaints(Protocol):
    """Complaints as the window sees them. Any thread may complete the futures."""

    def listed(self, segment: str, *, by_regime: bool = False, limit: int = LIMIT) -> Future[Listing]:
        """Ask for one of the :data:`~crmdesk.services.complaints.listing.SEGMENTS`, by the next clock.

        *by_regime*: only those with a regime's deadline in two business days, by it; *limit*: lines at most.
        """
        ...

    def customer_names(self, lines: Lines) -> Future[Mapping[bytes, str]]:
        """Ask for the names of the customers of *lines*, by id: a long list comes without most of them."""
        ...

    def hand_over_offer(self, complaint_ids: Sequence[UUID]) -> Future[HandOverOffer]:
        """Ask who may take these complaints over, and which of them have to stay."""
        ...

    def record(self, complaint_id: UUID, *, opening: bool = False) -> Future[ComplaintRecord]:
        """Ask for all there is to show of a complaint; *opening*: who looks at whom is written down."""
        ...

    def numbered(self, text: str) -> Future[tuple[FoundComplaint, ...]]:
        """Ask which complaints have the number *text* means, typed in any way; none when it is no number."""
        ...

    def take(self, step: StepWanted) -> Future[None]:
        """Take a step; fails with a sentence, with Conflict when the complaint was changed meanwhile."""
        ...

    def approve(self, complaint_id: UUID, proposal_version: int) -> Future[None]:
        """Keep a supervisor's yes to a proposal; fails with Conflict when it is another one by now."""
        ...

    def add_note(self, complaint_id: UUID, text: str, note_id: UUID) -> Future[None]:
        """Write into the investigation log, at most once for each *note_id*."""
        ...

    def keep_form(self, key: str, content: Mapping[str, Json]) -> Future[None]:
        """Keep what stands in a form, durably; the latest of its *key* wins."""
        ...

    def kept_form(self, key: str) -> Future[Mapping[str, Json] | None]:
        """Ask for what was kept of a form, None when nothing was."""
        ...

    def forget_form(self, key: str) -> Future[None]:
        """Forget a form that was sent."""
        ...


class LocalComplaints:
    """The services of one desk behind :class:`Complaints`.

    Args:
        store: the desk's store.
        drafts: keeps forms.
        house: tells where complaints are handled.
        viewed: hears whose complaint was opened, and which, once it was read.
    """

    def __init__(
        self,
        store: Store,
        drafts: Drafts,
        house: Callable[[], House],
        viewed: Callable[[CustomerId, str], None] = lambda _customer_id, _why: None,
    ) -> None:
        self._store = store
        self._drafts = drafts
        self._house = house
        self._viewed = viewed

    def listed(self, segment: str, *, by_regime: bool = False, limit: int = LIMIT) -> Future[Listing]:
        """Ask for one of the segments of open complaints."""
        return self._store.read(_listed, segment, self._store.author, limit, self._house, by_regime)

    def customer_names(self, lines: Lines) -> Future[Mapping[bytes, str]]:
        """Ask for the names of the customers of *lines*."""
        from crmdesk.services.complaints.lists import customer_names

        return self._store.read(customer_names, lines)

    def hand_over_offer(self, complaint_ids: Sequence[UUID]) -> Future[HandOverOffer]:
        """Ask who may take these complaints over."""
        return self._store.read(_hand_over_offer, complaint_ids, self._house, self._store.author)

    def record(self, complaint_id: UUID, *, opening: bool = False) -> Future[ComplaintRecord]:
        """Ask for all there is to show of a complaint."""
        found = self._store.read(_record, complaint_id, self._house, self._store.author)
        if opening:
            found.add_done_callback(self._tell_viewed)
        return found

    def numbered(self, text: str) -> Future[tuple[FoundComplaint, ...]]:
        """Ask which complaints have the number *text* means."""
        return self._store.read(_numbered, text)

    def take(self, step: StepWanted) -> Future[None]:
        """Take a step."""
        from crmdesk.ui.local_desk import nothing

        return nothing(self._store.write(_take, self._house, step))

    def approve(self, complaint_id: UUID, proposal_version: int) -> Future[None]:
        """Keep a supervisor's yes to a proposal."""
        from crmdesk.ui.local_desk import nothing

        return nothing(self._store.write(_approve, self._house, complaint_id, proposal_version))

    def add_note(self, complaint_id: UUID, text: str, note_id: UUID) -> Future[None]:
        """Write into the investigation log, at most once for each *note_id*."""
        from crmdesk.ui.local_desk import nothing

        return nothing(self._store.write(_add_note, complaint_id, text, note_id))

    def keep_form(self, key: str, content: Mapping[str, Json]) -> Future[None]:
        """Keep what stands in a form."""
        from crmdesk.services.store.drafts import FORM

        draft_id, now = FORM + key, self._store.author.now()
        return self._drafts.save(NoteDraft(draft_id, draft_id, json.dumps(dict(content)), 0, now))

    def kept_form(self, key: str) -> Future[Mapping[str, Json] | None]:
        """Ask for what was kept of a form."""
        from crmdesk.services.store.drafts import FORM
        from crmdesk.ui.local_desk import then

        return then(self._drafts.load(FORM + key), lambda draft: json.loads(draft.text) if draft else None)

    def forget_form(self, key: str) -> Future[None]:
        """Forget a form that was sent."""
        from crmdesk.services.store.drafts import FORM

        return self._drafts.forget(FORM + key)

    def _tell_viewed(self, done: Future[ComplaintRecord]) -> None:
        found = done.result() if not done.cancelled() and done.exception() is None else None
        if found is not None and found.looked_at is not None:
            from crmdesk.services.complaints.looked_at import opened

            why = opened(found.head.number, restricted=found.head.restricted)
            self._viewed(CustomerId(found.looked_at), why)


def _listed(
    connection: Any,
    segment: str,
    author: Author,
    limit: int,
    house: Callable[[], House],
    by_regime: bool,
) -> Listing:
    from crmdesk.models.types import AgentId
    from crmdesk.services.complaints.listing import listing, regime_listing

    agent = AgentId(UUID(author.actor)) if author.actor else None
    if by_regime:
        return regime_listing(connection, segment, agent, author.now(), house())
    return listing(connection, segment, agent, author.now(), limit, house())


def _hand_over_offer(
    connection: Any, complaint_ids: Sequence[UUID], house: Callable[[], House], author: Author
) -> HandOverOffer:
    from crmdesk.services.complaints.handing_over import hand_over_offer
    from crmdesk.services.complaints.procedure import procedure

    now = author.now()
    return hand_over_offer(connection, procedure(connection, house()), author, complaint_ids, now)


def _record(
    connection: Any, complaint_id: UUID, house: Callable[[], House], author: Author
) -> ComplaintRecord:
    from crmdesk.services.complaints.record import complaint_record

    return complaint_record(connection, complaint_id, house(), author, author.now())


def _numbered(connection: Any, text: str) -> tuple[FoundComplaint, ...]:
    from crmdesk.models.complaint_number import read_number
    from crmdesk.services.complaints.record import numbered

    number = read_number(text)
    return numbered(connection, number) if number is not None else ()


def _take(work: Any, house: Callable[[], House], step: StepWanted) -> None:
    from crmdesk.services.complaints.procedure import procedure
    from crmdesk.services.complaints.taking import take_step

    rules = procedure(work.connection, house())
    take_step(work, rules, step.complaint_id, step.transition, step.fields, step.from_state, step.version)


def _approve(work: Any, house: Callable[[], House], complaint_id: UUID, proposal_version: int) -> None:
    from crmdesk.services.complaints.procedure import procedure
    from crmdesk.services.complaints.taking import approve

    rules = procedure(work.connection, house())
    approve(work, rules, complaint_id, proposal_version)


def _add_note(work: Any, complaint_id: UUID, text: str, note_id: UUID) -> None:
    from crmdesk.services.calls import append_note

    append_note(work, text, None, None, note_id, None, complaint_id)
