"""Where secrets are kept: the keyring of the operating system, or one file on servers and in containers.

Only keyrings that encrypt are used; which one is not left to the keyring library's configuration, because it
would silently fall back to plain text. ``CRMDESK_KEY_FILE`` names a JSON file, readable by its owner only,
that takes the keyring's place. The key of a store can be made again from the recovery code (see
:mod:`crmdesk.services.store.recovery`).
"""

from __future__ import annotations

import importlib
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from crmdesk.errors import Bug, KeyUnavailable
from crmdesk.services.store.files import locked_file, write_whole

KEY_FILE_VARIABLE = "CRMDESK_KEY_FILE"
VALUE_LIMIT = 1_280
"""Characters a secret may have: what the credential store of Windows holds."""

STORE_KEY = "store"
"""Name of the store's key among a profile's secrets."""

ALLOWED_BACKENDS = (
    ("keyring.backends.Windows", "WinVaultKeyring"),
    ("keyring.backends.macOS", "Keyring"),
    ("keyring.backends.SecretService", "Keyring"),
    ("keyring.backends.libsecret", "Keyring"),
    ("keyring.backends.kwallet", "DBusKeyring"),
    ("keyring.backends.kwallet", "DBusKeyringKWallet4"),
)
"""Modules and classes of the keyrings that encrypt, in the order they are tried."""

LOCKED = (
    "The keyring of this computer is locked. Unlock it (sign out and in again does) and start crmdesk again."
)
NOT_STARTED = (
    "The keyring of this computer does not answer. Start its service (GNOME Keyring or KWallet) or sign out"
    " and in again, then start crmdesk again."
)
NONE = (
    "This computer has no keyring that encrypts. Install GNOME Keyring or KWallet, or name a key file in"
    " CRMDESK_KEY_FILE."
)


class Secrets(Protocol):
    """Keeps short secrets by profile id and name. Any thread may call; a call may wait for a dialog."""

    def get(self, profile: str, name: str) -> str | None:
        """Return the secret, None when there is none; raise KeyUnavailable when nobody can say."""

    def set(self, profile: str, name: str, value: str) -> None:
        """Keep *value* (fewer than 1 280 characters); raise KeyUnavailable when that fails."""

    def delete(self, profile: str, name: str) -> None:
        """Forget the secret; nothing happens when there is none."""


def secrets_of(environment: Mapping[str, str]) -> Secrets:
    """Return the key file that *environment* names, else the keyring of the operating system."""
    named = environment.get(KEY_FILE_VARIABLE, "")
    return KeyFileSecrets(Path(named)) if named else KeyringSecrets()


def new_key() -> bytes:
    """Return a new key of a store, 32 bytes."""
    return os.urandom(32)


def checked_value(value: str) -> str:
    """Return *value*; refuse one that not every keyring can hold."""
    if len(value) >= VALUE_LIMIT:
        raise Bug("A secret may have fewer than {limit} characters.", limit=VALUE_LIMIT)
    return value


class MemorySecrets:
    """Secrets that end with the process: for throw-away profiles."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], str] = {}

    def get(self, profile: str, name: str) -> str | None:
        """Return the secret, None when there is none."""
        return self._held.get((profile, name))

    def set(self, profile: str, name: str, value: str) -> None:
        """Keep *value*."""
        self._held[profile, name] = checked_value(value)

    def delete(self, profile: str, name: str) -> None:
        """Forget the secret."""
        self._held.pop((profile, name), None)


class KeyringSecrets:
    """Secrets in the keyring of the operating system; the library is loaded by the first call.

    Args:
        find_backend: returns the keyring to use; the default tries those of ALLOWED_BACKENDS.
    """

    SERVICE = "crmdesk"

    def __init__(self, find_backend: Callable[[], Any] | None = None) -> None:
        self._find = find_backend or encrypting_backend
        self._backend: Any = None

    def get(self, profile: str, name: str) -> str | None:
        """Return the secret, None when there is none."""
        with _keyring_failures():
            held: str | None = self._keyring().get_password(self.SERVICE, f"{profile}/{name}")
            return held

    def set(self, profile: str, name: str, value: str) -> None:
        """Keep *value*."""
        with _keyring_failures():
            self._keyring().set_password(self.SERVICE, f"{profile}/{name}", checked_value(value))

    def delete(self, profile: str, name: str) -> None:
        """Forget the secret."""
        from keyring.errors import PasswordDeleteError

        with _keyring_failures():
            try:
                self._keyring().delete_password(self.SERVICE, f"{profile}/{name}")
            except PasswordDeleteError:
                if self._keyring().get_password(self.SERVICE, f"{profile}/{name}") is not None:
                    raise

    def _keyring(self) -> Any:
        if self._backend is None:
            self._backend = self._find()
            refuse_foreign(self._backend)
        return self._backend


def refuse_foreign(backend: Any) -> None:
    """Refuse a keyring that is not among ALLOWED_BACKENDS: it may keep secrets in plain text."""
    kind = type(backend)
    if (kind.__module__, kind.__qualname__) not in ALLOWED_BACKENDS:
        raise KeyUnavailable(NONE)


def encrypting_backend() -> Any:
    """Return the first keyring of ALLOWED_BACKENDS that works here.

    Raises:
        KeyUnavailable: none does; the sentence says whether one is installed but not started.
    """
    reasons: list[str] = []
    for module, name in ALLOWED_BACKENDS:
        try:
            kind = getattr(importlib.import_module(module), name)
            _ = kind.priority
        except Exception as error:  # noqa: BLE001 - a keyring that cannot work here says so in its own ways
            reasons.append(str(error).lower())
            continue
        return kind()
    raise KeyUnavailable(NOT_STARTED if any("neither running" in why for why in reasons) else NONE)


@contextmanager
def _keyring_failures() -> Iterator[None]:
    from keyring.errors import InitError, KeyringError, KeyringLocked, NoKeyringError

    locked: tuple[type[Exception], ...] = (
        KeyringLocked,
        *_library_errors("LockedException", "PromptDismissedException"),
    )
    absent: tuple[type[Exception], ...] = (InitError, *_library_errors("SecretStorageException"))
    try:
        yield
    except locked as error:
        raise KeyUnavailable(LOCKED) from error
    except NoKeyringError as error:
        raise KeyUnavailable(NONE) from error
    except absent as error:
        raise KeyUnavailable(NOT_STARTED) from error
    except KeyringError as error:
        raise KeyUnavailable("The keyring refuses: {words}. Unlock it and try again.", words=error) from error


def _library_errors(*names: str) -> Iterator[type[Exception]]:
    """Yield those errors of SecretStorage, which the keyring library lets through, if it is in use."""
    library = sys.modules.get("secretstorage.exceptions")
    for name in names if library else ():
        yield getattr(library, name)


class KeyFileSecrets:
    """Secrets in one JSON file ``{profile id: {name: value}}`` that only its owner can read.

    Several processes may use it at once: each change is made under a lock and replaces the file as a whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, profile: str, name: str) -> str | None:
        """Return the secret, None when there is none."""
        return self._read().get(profile, {}).get(name)

    def set(self, profile: str, name: str, value: str) -> None:
        """Keep *value*; make the file when there is none."""
        with self._changing() as entries:
            entries.setdefault(profile, {})[name] = checked_value(value)

    def delete(self, profile: str, name: str) -> None:
        """Forget the secret, and the profile's entry with its last one."""
        with self._changing() as entries:
            held = entries.get(profile, {})
            held.pop(name, None)
            if not held:
                entries.pop(profile, None)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, dict[str, str]]]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with locked_file(self._path.with_name(self._path.name + ".lock")):
                entries = self._read()
                yield entries
                write_whole(self._path, json.dumps(entries, indent=1).encode())
        except OSError as error:
            raise KeyUnavailable("The key file {path} cannot be written.", path=self._path) from error

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            with self._path.open("rb") as file:
                self._refuse_readable_by_others(os.fstat(file.fileno()))
                held = json.loads(file.read())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise KeyUnavailable("The key file {path} cannot be read.", path=self._path) from error
        except ValueError as error:
            raise KeyUnavailable("{path} is no key file of crmdesk.", path=self._path) from error
        if not isinstance(held, dict) or not all(isinstance(entry, dict) for entry in held.values()):
            raise KeyUnavailable("{path} is no key file of crmdesk.", path=self._path)
        return held

    def _refuse_readable_by_others(self, status: os.stat_result) -> None:
        if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
            raise KeyUnavailable(
                "Others can read the key file {path}. Run: chmod 600 {path}", path=self._path
            )
