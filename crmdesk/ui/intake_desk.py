"""What the window asks while a complaint is written down, answered by the services of this desk.

Loaded in spare time; what makes sense of words (a tenth of a second) is made on a reader, never for a key.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Protocol

from crmdesk.models.screen_pop import NoteDraft

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from datetime import datetime
    from uuid import UUID

    from crmdesk.models.operations import Author
    from crmdesk.models.types import CallId
    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.intake import Assessment, Logged, Offer, Sense
    from crmdesk.services.complaints.intake_sheet import Sheet
    from crmdesk.services.complaints.procedure import House
    from crmdesk.services.store.drafts import Drafts
    from crmdesk.services.store.store import Store

_KEY = "intake/"


class Intakes(Protocol):
    """Writing complaints down, as the window sees it. Any thread may complete the futures."""

    def warm(self) -> Future[None]:
        """Load what the first form will ask for."""
        ...

    def offer(self, sheet: Sheet) -> Future[Offer]:
        """Ask what the form is filled with and chooses from."""
        ...

    def assess(self, sheet: Sheet) -> Future[Assessment]:
        """Ask again what words and history say of it."""
        ...

    def log(self, sheet: Sheet) -> Future[Logged]:
        """Keep the complaint, at most once for each id of a sheet; fails with a sentence, keeping nothing."""
        ...

    def keep(self, about: str, content: Mapping[str, Json]) -> Future[None]:
        """Keep what stands in the form *about* a call or customer, durably; the latest wins."""
        ...

    def unfinished(self) -> Future[tuple[Mapping[str, Json], ...]]:
        """Ask for the forms that are kept, the newest first."""
        ...

    def from_forms(self, ids: tuple[UUID, ...]) -> Future[tuple[Logged, ...]]:
        """Ask which complaints were saved of those that forms gave *ids* to."""
        ...

    def with_call(self, call_id: CallId) -> Future[tuple[Logged, ...]]:
        """Ask which complaints were written down with a call, the first one first."""
        ...

    def open_calls(self) -> Future[tuple[CallId, ...]]:
        """Ask for the calls of the last day that became complaints here and were never wrapped up."""
        ...

    def forget(self, about: str) -> Future[None]:
        """Forget the form about something: it was saved."""
        ...


class LocalIntakes:
    """The services of one desk behind :class:`Intakes`.

    Args:
        store: the desk's store.
        drafts: keeps what stands in forms.
        house: tells where complaints are handled.
        tag: gives this desk's part of numbers.
    """

    def __init__(
        self, store: Store, drafts: Drafts, house: Callable[[], House], tag: Callable[[], str]
    ) -> None:
        self._store = store
        self._drafts = drafts
        self._house = house
        self._tag = tag
        self._guard = threading.Lock()
        self._made: Sense | None = None

    def warm(self) -> Future[None]:
        """Load what the first form will ask for."""
        return self._store.read(self._warm)

    def offer(self, sheet: Sheet) -> Future[Offer]:
        """Ask what the form is filled with and chooses from."""
        return self._store.read(self._offer, sheet, self._store.author)

    def assess(self, sheet: Sheet) -> Future[Assessment]:
        """Ask again what words and history say of it."""
        return self._store.read(self._assess, sheet)

    def log(self, sheet: Sheet) -> Future[Logged]:
        """Keep the complaint."""
        from crmdesk.services.complaints.intake import log_complaint
        from crmdesk.ui.local_desk import then

        kept = self._store.write(log_complaint, sheet, self._house(), self._tag())
        return then(kept, lambda outcome: outcome.result)

    def keep(self, about: str, content: Mapping[str, Json]) -> Future[None]:
        """Keep what stands in a form."""
        from crmdesk.services.store.drafts import FORM

        draft_id, now = f"{FORM}{_KEY}{about}", self._store.author.now()
        return self._drafts.save(NoteDraft(draft_id, draft_id, json.dumps(dict(content)), 0, now))

    def unfinished(self) -> Future[tuple[Mapping[str, Json], ...]]:
        """Ask for the forms that are kept."""
        from crmdesk.ui.local_desk import then

        found = self._drafts.open_forms(_KEY)
        return then(found, lambda drafts: tuple(json.loads(draft.text) for draft in drafts))

    def forget(self, about: str) -> Future[None]:
        """Forget a form that was saved."""
        from crmdesk.services.store.drafts import FORM

        return self._drafts.forget(f"{FORM}{_KEY}{about}")

    def from_forms(self, ids: tuple[UUID, ...]) -> Future[tuple[Logged, ...]]:
        """Ask which complaints were saved of those that forms gave *ids* to."""
        return self._store.read(self._from_forms, ids, self._store.author.now())

    def with_call(self, call_id: CallId) -> Future[tuple[Logged, ...]]:
        """Ask which complaints were written down with a call."""
        return self._store.read(self._with_call, call_id, self._store.author.now())

    def open_calls(self) -> Future[tuple[CallId, ...]]:
        """Ask for the calls that became complaints here and were never wrapped up."""
        return self._store.read(self._open_calls, self._store.author)

    def _sense(self) -> Sense:
        from crmdesk.services.complaints.intake import starter_sense

        with self._guard:
            if self._made is None:
                self._made = starter_sense()
            return self._made

    def _warm(self, connection: Any) -> None:
        from crmdesk.services.complaints.intake import warm

        warm(connection, self._sense(), self._house())

    def _offer(self, connection: Any, sheet: Sheet, author: Author) -> Offer:
        from crmdesk.services.complaints.intake import offer, spelt

        return offer(connection, sheet, self._sense(), self._house(), author, spelt)

    def _assess(self, connection: Any, sheet: Sheet) -> Assessment:
        from crmdesk.services.complaints.intake import assess

        return assess(connection, sheet, self._sense())

    def _from_forms(self, connection: Any, ids: tuple[UUID, ...], now: datetime) -> tuple[Logged, ...]:
        from crmdesk.services.complaints.written import from_forms

        return from_forms(connection, ids, now, self._house())

    def _with_call(self, connection: Any, call_id: CallId, now: datetime) -> tuple[Logged, ...]:
        from crmdesk.services.complaints.written import with_call

        return with_call(connection, call_id, now, self._house())

    def _open_calls(self, connection: Any, author: Author) -> tuple[CallId, ...]:
        from crmdesk.services.complaints.written import open_calls

        return open_calls(connection, author)
