"""The folder of one desk: encrypted store, drafts, attachments, logs, settings, and who this desk is.

``profile.json`` names profile and device and is written last, so a folder without it holds no profile. One
process at a time has a profile open; the operating system gives the lock back when that process ends, however
it ends.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from crmdesk.errors import FileFault, InvalidInput, KeyUnavailable, StoreBusy, StoreFault, WrongKey
from crmdesk.models.operations import Author
from crmdesk.models.types import TAG_SIGNS
from crmdesk.services.clock import CLOCK_VARIABLE, DeskClock
from crmdesk.services.machine import machine_mark
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.drafts import Drafts, drafts_key
from crmdesk.services.store.files import FileLock, set_aside, worded, write_whole
from crmdesk.services.store.keys import KEY_FILE_VARIABLE, STORE_KEY, Secrets, new_key, secrets_of
from crmdesk.services.store.schema import ensure_schema, refuse_unknown
from crmdesk.services.store.space import Space
from crmdesk.services.store.store import Store
from crmdesk.services.store.values import from_micros
from crmdesk.settings import Settings, Who, policy_path, read_policy, read_settings
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.attachments.cabinet import Cabinet
    from crmdesk.services.store.unit_of_work import Follower

PROFILE_VARIABLE = "CRMDESK_PROFILE"
FORMAT = 1
TAG_LENGTH = 4
_log = logging.getLogger("crmdesk.profile")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things lie in the folder of a profile."""

    path: Path

    @property
    def identity(self) -> Path:
        """Who this profile and desk are."""
        return self.path / "profile.json"

    @property
    def store(self) -> Path:
        """The encrypted store."""
        return self.path / "store.db"

    @property
    def drafts(self) -> Path:
        """What was typed and is not yet a note, encrypted."""
        return self.path / "drafts.db"

    @property
    def settings(self) -> Path:
        """What was changed in the settings."""
        return self.path / "settings.json"

    @property
    def recovery(self) -> Path:
        """The store's key, wrapped by the recovery code."""
        return self.path / "recovery.json"

    @property
    def authority(self) -> Path:
        """The certificate of the authority behind the shared server's, copied when this desk joined."""
        return self.path / "server-ca.pem"

    @property
    def attachments(self) -> Path:
        """Folder of attachments."""
        return self.path / "attachments"

    @property
    def logs(self) -> Path:
        """Folder of the logs."""
        return self.path / "logs"

    @property
    def lock(self) -> Path:
        """The file whose lock says that the profile is open."""
        return self.path / "profile.lock"

    @property
    def all(self) -> tuple[Path, ...]:
        """Everything."""
        files = (self.identity, self.store, self.drafts, self.settings, self.recovery, self.lock)
        return (*files, self.authority, self.attachments, self.logs)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a profile and its desk are: ``tag`` goes into numbers told to callers, ``machine`` marks the PC."""

    id: str
    test: bool
    device: str
    tag: str
    machine: str

    @staticmethod
    def fresh(*, test: bool) -> Identity:
        """Return a new profile's identity on this computer."""
        return Identity(str(uuid.uuid4()), test, str(uuid.uuid4()), _new_tag(), machine_mark())

    def on_another_machine(self, machine: str) -> Identity:
        """Return the identity of a copy: a desk of its own, so that no number is told twice."""
        return replace(self, device=str(uuid.uuid4()), tag=_new_tag(), machine=machine)


def _new_tag() -> str:
    from secrets import choice

    return "".join(choice(TAG_SIGNS) for _ in range(TAG_LENGTH))


class Profile:
    """An open profile; close it, or use it as a context manager. Made by :func:`open_profile`."""

    def __init__(
        self,
        layout: Layout,
        identity: Identity,
        key: bytes,
        secrets: Secrets,
        settings: Settings,
        lock: FileLock,
    ) -> None:
        self.layout = layout
        self.identity = identity
        self.key = key
        self.secrets = secrets
        self.settings = settings
        self.clock = DeskClock(settable=identity.test)
        self._lock = lock

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    @property
    def path(self) -> Path:
        """The folder."""
        return self.layout.path

    @property
    def id(self) -> str:
        """The profile's id, under which its secrets are kept."""
        return self.identity.id

    @property
    def test(self) -> bool:
        """Whether this is a test profile, whose clock can be set."""
        return self.identity.test

    @property
    def store_path(self) -> Path:
        """The encrypted store."""
        return self.layout.store

    @property
    def drafts_path(self) -> Path:
        """What was typed and is not yet a note."""
        return self.layout.drafts

    @property
    def logs_path(self) -> Path:
        """Folder of the logs."""
        return self.layout.logs

    @property
    def attachments_path(self) -> Path:
        """Folder of attachments."""
        return self.layout.attachments

    @cached_property
    def cabinet(self) -> Cabinet:
        """The contents of attachments, loaded when first wanted; no plain copy outlives a crash."""
        from crmdesk.services.attachments.cabinet import Cabinet

        made = Cabinet(self.attachments_path)
        made.tidy()
        return made

    def author(self, actor: str = "") -> Author:
        """Return who acts at this desk: *actor* is the agent's id as text."""
        return Author(actor, self.identity.device, self.clock)

    def open_store(
        self, actor: str = "", followers: Callable[[], Sequence[Follower]] = tuple, readers: int = 2
    ) -> Store:
        """Return the store, its changes signed by *actor*."""
        return Store(self.store_path, self.key, self.author(actor), followers, readers, Space(self.path))

    def open_drafts(self) -> Drafts:
        """Return what was typed and is not yet a note; only the window opens it."""
        return Drafts(self.drafts_path, drafts_key(self.key), Space(self.path).release)

    def change_settings(self, who: Who, values: Mapping[str, object]) -> Settings:
        """Change settings and keep them; return all of them.

        Raises:
            InvalidInput, Denied: nothing was changed.
            StoreFault: they cannot be kept.
        """
        changed = self.settings.changed_by(who, values)
        with worded(self.path):
            write_whole(self.layout.settings, changed.as_json())
        self.settings = changed
        return changed

    def close(self) -> None:
        """Let another process open the profile."""
        self._lock.release()


@dataclass(frozen=True, slots=True)
class FirstStart:
    """A new profile, open, and its recovery code: shown to the person once, kept nowhere."""

    profile: Profile
    recovery_code: str


def profile_path(named: Path | None, environment: Mapping[str, str]) -> Path:
    """Return the folder *named* on the command line, else by ``CRMDESK_PROFILE``, else the usual one."""
    if named is not None:
        return named
    if environment.get(PROFILE_VARIABLE):
        return Path(environment[PROFILE_VARIABLE])
    import platformdirs

    return platformdirs.user_data_path("crmdesk", appauthor=False)


def is_profile(path: Path) -> bool:
    """Whether *path* holds a profile."""
    return Layout(path).identity.is_file()


def read_identity(path: Path) -> Identity:
    """Return who the profile at *path* is, without opening it.

    Raises:
        StoreFault: there is none, or its file is damaged.
    """
    file = Layout(path).identity
    try:
        held = json.loads(file.read_bytes())
        if held.pop("format") > FORMAT:
            raise StoreFault("A newer crmdesk made the profile {path}. Install that one.", path=path)
        return Identity(**held)
    except FileNotFoundError as error:
        raise StoreFault("There is no profile at {path}.", path=path) from error
    except OSError as error:
        raise StoreFault("The profile {path} cannot be read.", path=path) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreFault("{path} is damaged; restore the profile from a backup.", path=file) from error


def new_profile(
    path: Path,
    *,
    test: bool = False,
    settings: Mapping[str, object] | None = None,
    secrets: Secrets | None = None,
    environment: Mapping[str, str] = os.environ,
) -> FirstStart:
    """Make a profile at *path*, with an empty store, and open it.

    Raises:
        InvalidInput: there is one already, other things lie there, or *settings* do not fit.
        StoreFault: no keyring, no space, or the folder cannot be written.
    """
    layout = Layout(path)
    keeper = secrets or secrets_of(environment)
    chosen = Settings().changed_by("it", settings or {})
    with worded(path):
        _refuse_foreign(layout, environment.get(KEY_FILE_VARIABLE, ""))
        for folder in (path, layout.attachments, layout.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
    lock = _locked(layout, 0.0)
    try:
        if is_profile(path):
            raise InvalidInput("There is a profile at {path} already.", path=path)
        code = _furnish(layout, Identity.fresh(test=test), keeper, chosen)
    finally:
        lock.release()
    return FirstStart(open_profile(path, secrets=keeper, environment=environment), code)


def _refuse_foreign(layout: Layout, key_file: str) -> None:
    """Refuse a folder in which anything lies but what an earlier attempt left, or the key file."""
    if not layout.path.exists() or is_profile(layout.path):
        return
    own = tuple(each.name for each in layout.all)
    if key_file and Path(key_file).absolute().parent == layout.path.absolute():
        own += (Path(key_file).name,)
    if any(not each.name.startswith(own) for each in layout.path.iterdir()):
        raise InvalidInput(
            "The folder {path} holds other things. Take a new or an empty one.",
            fields=("path",),
            path=layout.path,
        )


def _furnish(layout: Layout, identity: Identity, secrets: Secrets, settings: Settings) -> str:
    """Fill the folder, ``profile.json`` last. What an earlier attempt left is set aside, not deleted."""
    from crmdesk.services.store.recovery import new_code, write_recovery

    key, code = new_key(), new_code()
    with worded(layout.path):
        for left in (layout.store, layout.drafts):
            if left.exists():
                set_aside(left, "left")
    secrets.set(identity.id, STORE_KEY, key.hex())
    if secrets.get(identity.id, STORE_KEY) != key.hex():
        raise KeyUnavailable("The keyring did not keep the key of the new store. Unlock it and try again.")
    write_recovery(layout.recovery, identity.id, key, code)
    ensure_schema(layout.store, key)
    with worded(layout.path):
        write_whole(layout.settings, settings.as_json())
        write_identity(layout, identity)
    return code


def write_identity(layout: Layout, identity: Identity) -> None:
    """Keep *identity*; the caller words failures."""
    content = {"format": FORMAT, **asdict(identity)}
    write_whole(layout.identity, json.dumps(content, indent=1).encode())


def open_profile(
    path: Path,
    *,
    secrets: Secrets | None = None,
    environment: Mapping[str, str] = os.environ,
    wait_seconds: float = 0.0,
    policy: Path | None = None,
) -> Profile:
    """Open the profile at *path* and bring its store to this program's schema.

    Args:
        path: the folder.
        secrets: where its key is; by default the key file or keyring of *environment*.
        environment: ``CRMDESK_KEY_FILE``, and ``CRMDESK_CLOCK`` for test profiles.
        wait_seconds: how long to wait for another process to close it.
        policy: IT's file; the usual place by default.

    Raises:
        StoreFault: no profile, no key, a key that does not fit, a newer schema, a folder that cannot be
            written, or another process has it open.
        FileFault: IT's policy is wrong.
    """
    layout = Layout(path)
    identity = read_identity(path)
    lock = _locked(layout, wait_seconds)
    try:
        keeper = secrets or secrets_of(environment)
        key = _store_key(identity, keeper)
        ensure_schema(layout.store, key, existing=True)
        settings = _read_settings(layout, policy or policy_path())
        profile = Profile(layout, _at_home(layout, identity), key, keeper, settings, lock)
        _set_clock(profile, environment)
    except BaseException:
        lock.release()
        raise
    return profile


def check_profile(
    path: Path, *, secrets: Secrets | None = None, environment: Mapping[str, str] = os.environ
) -> None:
    """Refuse a profile that cannot be opened, whoever has it open now; quick, and changes nothing.

    Raises:
        StoreFault: no profile, no key, a key that does not fit, a newer schema, or no store.
        FileFault: IT's policy is wrong.
    """
    identity = read_identity(path)
    key = _store_key(identity, secrets or secrets_of(environment))
    refuse_unknown(Layout(path).store, key)
    read_policy(policy_path())


def recover(path: Path, code: str, secrets: Secrets) -> None:
    """Put the key of the store at *path*, made again from the recovery *code*, into *secrets*.

    Raises:
        InvalidInput: a slip of the pen in the code.
        StoreFault: another profile's code, a damaged store, or no keyring.
    """
    from crmdesk.services.store.recovery import recovered_key

    layout = Layout(path)
    key = recovered_key(layout.recovery, code)
    open_connection(layout.store, key, role="reader").close()
    secrets.set(read_identity(path).id, STORE_KEY, key.hex())


def _locked(layout: Layout, wait_seconds: float) -> FileLock:
    lock = FileLock(layout.lock)
    with worded(layout.path):
        if not lock.acquire(wait_seconds):
            raise StoreBusy(
                "The profile {path} is open in another crmdesk. Close it, or use that one.", path=layout.path
            )
    return lock


def _store_key(identity: Identity, secrets: Secrets) -> bytes:
    held = secrets.get(identity.id, STORE_KEY)
    if held is None:
        raise KeyUnavailable(
            "The key of this store is not in the keyring. Type the recovery code that was shown at the first"
            " start, or restore a backup."
        )
    try:
        return bytes.fromhex(held)
    except ValueError as error:
        raise WrongKey("The key of this store is damaged. Restore the profile from a backup.") from error


def _at_home(layout: Layout, identity: Identity) -> Identity:
    """Return the identity; a copy on another computer becomes a desk of its own first."""
    machine = machine_mark()
    if identity.machine == machine:
        return identity
    moved = identity.on_another_machine(machine)
    with worded(layout.path):
        write_identity(layout, moved)
    _log.warning("this profile came from another computer; it has a device id of its own now")
    return moved


def _read_settings(layout: Layout, policy: Path) -> Settings:
    fixed = read_policy(policy)
    with worded(layout.path):
        content = layout.settings.read_bytes() if layout.settings.exists() else None
        try:
            return read_settings(content, fixed)
        except FileFault:
            aside = set_aside(layout.settings, "damaged")
            _log.error("the settings were damaged; they lie in %s, the defaults hold", aside.name)
            return read_settings(None, fixed)


def _set_clock(profile: Profile, environment: Mapping[str, str]) -> None:
    """Set a test profile's clock; let any other give no moment before the last one written down."""
    words = environment.get(CLOCK_VARIABLE, "")
    if profile.test:
        if words:
            profile.clock.set(words)
        return
    last = last_moment(profile.store_path, profile.key)
    if last is not None:
        profile.clock.not_before(from_micros(last))


def last_moment(store: Path, key: bytes) -> Any:
    """Return when the store's last operation was made, in microseconds since 1970; None without any."""
    connection = open_connection(store, key, role="reader")
    try:
        row = connection.execute("SELECT at FROM operation ORDER BY n DESC LIMIT 1").fetchone()
        return row[0] if row else None
    finally:
        connection.close()
