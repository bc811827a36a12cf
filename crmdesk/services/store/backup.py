"""The whole profile in one file under a passphrase, made while people work; and back again.

The file holds store and drafts as the consistent, still encrypted copies SQLite makes of them, the settings,
the attachments that no server has, and the store's key. No plain text touches the disk on either way.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from crmdesk.errors import DiskFull, FileFault, InvalidInput, KeyUnavailable, StoreFault
from crmdesk.services.profile import Layout, Profile, is_profile, read_identity, write_identity
from crmdesk.services.store.connection import DATABASE_ERRORS, explained, open_connection
from crmdesk.services.store.drafts import drafts_key
from crmdesk.services.store.files import file_trouble, sync_folder, worded
from crmdesk.services.store.frames import FrameReader, FrameWriter
from crmdesk.services.store.keys import STORE_KEY, Secrets
from crmdesk.services.store.schema import ensure_schema

SHORTEST_PASSPHRASE = 8
PAGES_AT_ONCE = 500
NIGHTLY = "backup"
"""Name of the nightly backup's passphrase among a profile's secrets."""

SUFFIX = ".crmdesk-backup"
ELSEWHERE = "restored"
"""Stands for the machine of a restored profile, so that it becomes a desk of its own when opened."""

Told = Callable[[float], object]
"""Is told how far a backup or restore has come, 0 to 1."""


def _nobody(done: float) -> None:
    """Tell nobody."""


def backup(profile: Profile, file: Path, passphrase: str, told: Told = _nobody) -> None:
    """Write the whole *profile* into *file*, sealed by *passphrase*; people go on working meanwhile.

    *file* appears when all of it is there, in place of an older one.

    Raises:
        InvalidInput: the passphrase is too short, or *file* would lie among the profile's own.
        StoreFault: no space, or a folder cannot be written.
    """
    if file.resolve().is_relative_to(profile.path.resolve()):
        raise InvalidInput(
            "A backup needs a place outside of the profile {path}.", fields=("file",), path=profile.path
        )
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise InvalidInput(
            "A passphrase has {count} characters at least.", fields=("passphrase",), count=SHORTEST_PASSPHRASE
        )
    beside = file.with_name(f"{file.name}.{os.getpid()}.new")
    with _scratch(profile.path) as scratch:
        try:
            members = _members(profile, scratch, told)
            with worded(file.parent), _new_file(beside) as sink:
                _seal(sink, profile, passphrase, members, told)
            with worded(file.parent):
                os.replace(beside, file)
                sync_folder(file.parent)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
    told(1.0)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    with worded(folder):
        scratch = Path(tempfile.mkdtemp(prefix=".copy-", dir=folder))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _members(profile: Profile, scratch: Path, told: Told) -> list[tuple[str, Path]]:
    """Return what goes into the backup, by name; the databases are copied into *scratch* first."""
    layout = profile.layout
    members: list[tuple[str, Path]] = []
    for source, key in ((layout.store, profile.key), (layout.drafts, drafts_key(profile.key))):
        if source.exists():
            _copy_database(source, scratch / source.name, key, lambda done: told(done / 2))
            members.append((source.name, scratch / source.name))
    contents = _contents(scratch / layout.store.name, profile.key)
    small = (layout.identity, layout.settings, layout.recovery, layout.authority)
    members += [(path.name, path) for path in small if path.exists()]
    members += [(f"{layout.attachments.name}/{name}", layout.attachments / name) for name in contents]
    return members


def _contents(store: Path, key: bytes) -> list[str]:
    """Return the files of attachments that nobody else has; the copy of the store forgets the others.

    Those can be fetched again from the server, so a backup does without them.
    """
    try:
        with closing(open_connection(store, key, role="bulk")) as connection:
            connection.execute("DELETE FROM attachment_file WHERE state IN ('there', 'coming')")
            found = connection.execute("SELECT id FROM attachment_file ORDER BY id").fetchall()
    except DATABASE_ERRORS as error:
        raise explained(error, store) from error
    return [held.hex() for (held,) in found]


def _copy_database(source: Path, target: Path, key: bytes, told: Told) -> None:
    """Copy an encrypted database as it is at one moment; writers are not held up."""
    try:
        with (
            closing(open_connection(source, key, role="reader")) as reader,
            closing(open_connection(target, key, role="bulk", create=True)) as writer,
        ):
            writer.execute("PRAGMA synchronous = OFF")
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
            reader.backup(
                writer,
                pages=PAGES_AT_ONCE,
                progress=lambda _status, left, total: told(1 - left / max(1, total)),
            )
            writer.execute("PRAGMA journal_mode = DELETE")
    except DATABASE_ERRORS as error:
        raise explained(error, source) from error


def _seal(
    sink: IO[bytes], profile: Profile, passphrase: str, members: list[tuple[str, Path]], told: Told
) -> None:
    # An attachment may have gone with its record since the store was copied.
    members = [(name, path) for name, path in members if path.exists()]
    size = sum(path.stat().st_size for _name, path in members)
    opening = {"profile": profile.id, "key": profile.key.hex(), "bytes": size}
    frames = FrameWriter(sink, passphrase, json.dumps(opening).encode())
    done = 0
    with tarfile.open(fileobj=cast("IO[bytes]", frames), mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for name, path in members:
            archive.add(path, name, recursive=False, filter=_anonymous)
            done += path.stat().st_size
            told(0.5 + 0.5 * done / max(1, size))
    frames.close()


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o600
    return entry


def restore(file: Path, passphrase: str, into: Path, secrets: Secrets, told: Told = _nobody) -> None:
    """Make the profile at *into*, which must be new or empty, from the backup *file*.

    Everything is unpacked beside it and checked first; *into* appears whole or not at all, and its key goes
    into *secrets*.

    Raises:
        InvalidInput: the passphrase does not fit, or *into* is in use.
        FileFault: no backup, cut off, altered, or not readable.
        StoreFault: no space, the folder cannot be written, or a newer program made the backup.
    """
    if is_profile(into) or (into.exists() and (not into.is_dir() or any(into.iterdir()))):
        raise InvalidInput("{path} is in use. Restore into a new folder.", fields=("into",), path=into)
    with worded(into.parent):
        into.parent.mkdir(parents=True, exist_ok=True)
    with _scratch(into.parent) as scratch:
        try:
            with file.open("rb") as source:
                profile_id, key = _unpack(source, passphrase, file, scratch, told)
        except OSError as error:
            raise _reading_trouble(error, file, into) from error
        _check(scratch, profile_id, key)
        secrets.set(profile_id, STORE_KEY, key.hex())
        with worded(into.parent):
            if into.exists():
                into.rmdir()
            os.rename(scratch, into)
            sync_folder(into.parent)
            scratch.mkdir()
    told(1.0)


def _reading_trouble(error: OSError, file: Path, into: Path) -> Exception:
    trouble = file_trouble(error, into.parent)
    if isinstance(trouble, DiskFull):
        return trouble
    return FileFault("{name} cannot be read: {words}.", name=file, words=error.strerror or error)


def _unpack(source: IO[bytes], passphrase: str, file: Path, scratch: Path, told: Told) -> tuple[str, bytes]:
    frames = FrameReader(source, passphrase, file.name)
    opening = json.loads(frames.opening)
    size, done = int(opening["bytes"]), 0
    for folder in (Layout(scratch).attachments, Layout(scratch).logs):
        folder.mkdir(mode=0o700)
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", frames), mode="r|") as archive:
            for entry in archive:
                archive.extract(entry, scratch, filter="data", set_attrs=False)
                done += entry.size
                told(done / max(1, size))
    except tarfile.TarError as error:
        raise FileFault("The backup {name} cannot be unpacked.", name=file.name) from error
    frames.finish()
    return str(opening["profile"]), bytes.fromhex(opening["key"])


def _check(scratch: Path, profile_id: str, key: bytes) -> None:
    """Refuse what would not open; bring an older store to this program's schema."""
    layout = Layout(scratch)
    identity = read_identity(scratch)
    if identity.id != profile_id:
        raise FileFault("This backup holds parts of different profiles.")
    ensure_schema(layout.store, key, existing=True)
    with closing(open_connection(layout.store, key, role="reader")) as connection:
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except DATABASE_ERRORS as error:
            raise explained(error, layout.store) from error
    if found != "ok":
        raise StoreFault("The store in this backup was damaged when it was made. Take an older backup.")
    with worded(scratch):
        write_identity(layout, replace(identity, machine=ELSEWHERE))


def nightly(
    profile: Profile, folder: Path, now: datetime, keep: int = 7, told: Told = _nobody
) -> Path | None:
    """Write today's backup into *folder* unless it is there, then drop all but the newest *keep* of ours.

    The passphrase is the one kept among the profile's secrets under ``backup``. Returns the new file, None
    when today's was there already.

    Raises:
        KeyUnavailable: no passphrase was chosen yet.
        StoreFault: no space, or *folder* cannot be written; older backups stay.
    """
    passphrase = profile.secrets.get(profile.id, NIGHTLY)
    if passphrase is None:
        raise KeyUnavailable(
            "Choose a passphrase for the nightly backup first: crmdesk backup --nightly FOLDER."
        )
    file = folder / f"{_beginning(profile)}{now:%Y-%m-%d}{SUFFIX}"
    if file.exists():
        return None
    _write_dated(profile, file, passphrase, told)
    with worded(folder):
        for old in sorted(folder.glob(f"{_beginning(profile)}*{SUFFIX}"))[: -max(1, keep)]:
            old.unlink()
    return file


def backup_anew(profile: Profile, folder: Path, now: datetime, since: float) -> int:
    """Write a fresh backup in the place of all nightly ones from before *since* (seconds); return how many.

    For what must not come back from any of them: the older ones go once the fresh one is there.

    Raises:
        KeyUnavailable: their passphrase is gone; they stay.
        StoreFault: no space, or *folder* cannot be written; they stay.
    """
    with worded(folder):
        old = [
            path for path in folder.glob(f"{_beginning(profile)}*{SUFFIX}") if path.stat().st_mtime < since
        ]
    if not old:
        return 0
    passphrase = profile.secrets.get(profile.id, NIGHTLY)
    if passphrase is None:
        raise KeyUnavailable(
            "Choose a passphrase for the nightly backup first: crmdesk backup --nightly FOLDER."
        )
    file = folder / f"{_beginning(profile)}{now:%Y-%m-%d}{SUFFIX}"
    _write_dated(profile, file, passphrase, _nobody)
    with worded(folder):
        for path in old:
            if path != file:
                path.unlink()
    return len(old)


def switch_on_nightly(profile: Profile, folder: Path, passphrase: str, keep: int | None = None) -> Path:
    """Write a backup into *folder* now, and let one follow every day; return its file.

    The passphrase goes among the profile's secrets. Today's file is written anew, so that it opens with the
    passphrase chosen last. *keep*: how many stay; None leaves that as it is.

    Raises:
        InvalidInput, Denied: the passphrase, the folder or *keep* do not fit, or IT's policy says otherwise.
        StoreFault: the folder cannot be written. In any case nothing was switched on.
    """
    chosen: dict[str, object] = {"backup_folder": str(folder)}
    if keep is not None:
        chosen["backup_keep"] = keep
    profile.settings.changed_by("agent", chosen)
    file = folder / f"{_beginning(profile)}{profile.clock():%Y-%m-%d}{SUFFIX}"
    _write_dated(profile, file, passphrase, _nobody)
    profile.secrets.set(profile.id, NIGHTLY, passphrase)
    profile.change_settings("agent", chosen)
    return file


def switch_off_nightly(profile: Profile) -> None:
    """Write no nightly backups any more and forget their passphrase; those that are there stay.

    Raises:
        Denied: IT's policy names the folder.
    """
    profile.change_settings("agent", {"backup_folder": ""})
    profile.secrets.delete(profile.id, NIGHTLY)


def _beginning(profile: Profile) -> str:
    return f"crmdesk-{profile.id[:8]}-"


def _write_dated(profile: Profile, file: Path, passphrase: str, told: Told) -> None:
    with worded(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
    backup(profile, file, passphrase, told)
