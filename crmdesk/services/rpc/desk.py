"""What the methods work on: one desk's store, calls, numbers and clock, and who listens to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from crmdesk.models.changes import ChangeSet
from crmdesk.models.screen_pop import CallerNumber, ScreenPop
from crmdesk.services.call_desk import CallDesk, caller_number
from crmdesk.services.codes import agent_of
from crmdesk.services.store.store import Store
from crmdesk.services.sync.desk import SharedDesk
from crmdesk.services.sync.viewing import Views
from crmdesk.services.telephony.numbers import NumberParser
from crmdesk.services.telephony.site import site_rules
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.models.sync_views import SyncStatus
    from crmdesk.services.complaints.letter_case import Sender
    from crmdesk.services.complaints.procedure import House
    from crmdesk.services.erasure import Erasure
    from crmdesk.services.profile import Profile

OnChange = Callable[[ChangeSet], None]
OnPop = Callable[[ScreenPop], None]
OnSync = Callable[["SyncStatus"], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a desk is made of. ``set_clock`` takes the words of ``CRMDESK_CLOCK``; test profiles only."""

    store: Store
    views: Views
    calls: CallDesk
    numbers: NumberParser
    set_clock: Callable[[str], datetime]
    login: Callable[[], str]
    zone: Callable[[], str]
    house: Callable[[], House]
    sender: Callable[[], Sender]
    """Gives the house as its letters name it."""

    tag: str
    """Begins the numbers this desk gives out, unless the server gave it another."""

    back_up: Callable[[Path, str], None]
    back_up_nightly: Callable[[Path | None, str, int | None], Path | None]
    """Takes folder (None: no more), passphrase and how many stay; returns the first file."""

    run_due: Callable[[], int]
    erasure: Callable[[], Erasure]
    """Gives what takes people out of this desk."""

    attach: Callable[[UUID, Path, str, UUID | None], UUID]
    """Takes a record, a file, what it is to be called and its id; returns the attachment's."""

    save_attachment: Callable[[UUID, Path], None]
    """Writes the content of an attachment to a file, or under its name into a folder."""

    sharing: SharedDesk
    test: bool
    considerate: bool
    """Somebody works at this desk: long work rests in between."""


class Desk:
    """One desk as the methods see it; any number of sessions share it.

    Listeners hear of each change on the store lane, of each pop on the thread that brought the call, and of
    the server on the one that talks to it, so they must only pass it on.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.store = parts.store
        self.calls = parts.calls
        self._listening = threading.Lock()
        self._on_change: tuple[OnChange, ...] = ()
        self._on_pop: tuple[OnPop, ...] = ()
        self._on_sync: tuple[OnSync, ...] = ()
        self.sharing = parts.sharing
        parts.store.on_change(self._changed)
        parts.calls.on_pop(self._popped)
        parts.sharing.on_status(self._synced)

    @property
    def test(self) -> bool:
        """Whether this is a test profile."""
        return self.parts.test

    def now(self) -> datetime:
        """Return the desk's present moment."""
        return self.store.author.now()

    def site_now(self) -> datetime:
        """Return the present moment as the site's clock shows it: for texts like "yesterday"."""
        return self.now().astimezone(ZoneInfo(self.parts.zone()))

    def number(self, raw: str | None) -> CallerNumber:
        """Return *raw* as understood by the site's rules."""
        return caller_number(self.parts.numbers.parse(raw))

    def listen(self, on_change: OnChange, on_pop: OnPop, on_sync: OnSync | None = None) -> None:
        """Tell changes, pops and how the server stands to these from now on."""
        with self._listening:
            self._on_change += (on_change,)
            self._on_pop += (on_pop,)
            self._on_sync += () if on_sync is None else (on_sync,)

    def forget(self, on_change: OnChange, on_pop: OnPop, on_sync: OnSync | None = None) -> None:
        """Tell these no more."""
        with self._listening:
            self._on_change = tuple(each for each in self._on_change if each != on_change)
            self._on_pop = tuple(each for each in self._on_pop if each != on_pop)
            self._on_sync = tuple(each for each in self._on_sync if each != on_sync)

    def _changed(self, changes: ChangeSet) -> None:
        for tell in self._on_change:
            tell(changes)

    def _popped(self, pop: ScreenPop) -> None:
        for tell in self._on_pop:
            tell(pop)

    def _synced(self, status: SyncStatus) -> None:
        for tell in self._on_sync:
            tell(status)


def desk_of(
    profile: Profile,
    store: Store,
    calls: CallDesk,
    numbers: NumberParser,
    sharing: SharedDesk | None = None,
    *,
    shown: bool = True,
) -> Desk:
    """Return the desk of an open *profile* over services that exist already.

    *shown*: a window shows it, so long work is considerate. Without *sharing* it talks to the server only
    when asked to.
    """
    parts = Parts(
        store=store,
        views=Views(store),
        calls=calls,
        numbers=numbers,
        set_clock=profile.clock.set,
        login=lambda: login_of(profile),
        zone=lambda: profile.settings.text("zone"),
        house=lambda: _house(profile),
        sender=lambda: _sender(profile),
        tag=profile.identity.tag,
        back_up=lambda file, passphrase: _back_up(profile, file, passphrase),
        back_up_nightly=lambda folder, passphrase, keep: _back_up_nightly(profile, folder, passphrase, keep),
        run_due=lambda: _run_due(profile, store),
        erasure=lambda: _erasure(profile, store),
        attach=lambda record, path, name, file_id: _attach(profile, store, record, path, name, file_id),
        save_attachment=lambda file_id, path: _save_attachment(profile, store, file_id, path),
        sharing=sharing or SharedDesk(profile, store),
        test=profile.test,
        considerate=shown,
    )
    return Desk(parts)


def open_desk(profile: Profile, *, live: bool = False) -> Desk:
    """Return the desk of an open profile that nobody else shows: for commands without a window.

    *live*: it keeps level with the server, if it shares one; otherwise it does when asked to.
    """
    from crmdesk.services.followers import followers

    agent = agent_of(profile)
    store = profile.open_store(str(agent.id) if agent else "", followers)
    numbers = NumberParser(site_rules(profile.settings))
    calls = CallDesk(
        store,
        numbers.parse,
        profile.id,
        lambda: profile.settings.text("language") or "zh",
        ZoneInfo(profile.settings.text("zone")),
    )
    calls.on_viewed(Views(store).opened)
    sharing = SharedDesk(profile, store, live=live)
    sharing.start()
    return desk_of(profile, store, calls, numbers, sharing, shown=False)


def close_desk(desk: Desk) -> None:
    """Finish open work and close the files."""
    desk.calls.close()
    desk.sharing.close()
    desk.store.close()


def login_of(profile: Profile) -> str:
    """Return the login of who works at this desk; empty when nobody is named."""
    agent = agent_of(profile)
    return agent.login if agent else profile.settings.text("agent")


def _back_up(profile: Profile, file: Path, passphrase: str) -> None:
    from crmdesk.services.store.backup import backup

    backup(profile, file, passphrase)


def _back_up_nightly(profile: Profile, folder: Path | None, passphrase: str, keep: int | None) -> Path | None:
    from crmdesk.services.store.backup import switch_off_nightly, switch_on_nightly

    if folder is not None:
        return switch_on_nightly(profile, folder, passphrase, keep)
    switch_off_nightly(profile)
    return None


def _erasure(profile: Profile, store: Store) -> Erasure:
    from crmdesk.services.erasure import Erasure

    return Erasure(profile, store)


def _attach(
    profile: Profile, store: Store, record: UUID, path: Path, name: str, file_id: UUID | None
) -> UUID:
    from crmdesk.services.attachments.desk import keep_file, limits_of

    limits = limits_of(profile.settings)
    return keep_file(store, profile.cabinet, limits, record, path, name, file_id)


def _save_attachment(profile: Profile, store: Store, file_id: UUID, path: Path) -> None:
    from crmdesk.services.attachments.desk import fetching, here

    sealed = here(store, profile.cabinet, file_id, fetching(profile, store))
    profile.cabinet.save(sealed, path / sealed.name if path.is_dir() else path)


def _house(profile: Profile) -> House:
    from crmdesk.services.complaints.procedure import house_of

    return house_of(profile.settings)


def _sender(profile: Profile) -> Sender:
    from crmdesk.services.complaints.letter_case import sender_of

    return sender_of(profile.settings)


def _run_due(profile: Profile, store: Store) -> int:
    from crmdesk.services.upkeep import run_due

    return run_due(profile, store)
