"""Files that are written whole or not at all, and locks that end with the process that holds them."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crmdesk.errors import CrmdeskError, DiskFull, StoreFault, StoreUnwritable

DISK_FULL = "The disk is full. Free some space; what you typed is kept and saved then."
UNWRITABLE = "The folder of the store cannot be written: {path}."
LOCK_POLL_SECONDS = 0.05


@contextmanager
def worded(path: Path) -> Iterator[None]:
    """Turn failures of the operating system at *path* into ours, with what to do."""
    try:
        yield
    except OSError as error:
        raise file_trouble(error, path) from error


def file_trouble(error: OSError, path: Path) -> CrmdeskError:
    """Return our failure for the operating system's *error* at *path*."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFull(DISK_FULL)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreUnwritable(UNWRITABLE, path=path)
    return StoreFault("{path} cannot be used: {words}.", path=path, words=error.strerror or error)


def set_aside(path: Path, mark: str) -> Path:
    """Rename *path* to ``name.mark-N`` so that something new can take its place; return the new path.

    Raises:
        OSError: the folder is not writable.
    """
    for n in range(1, 10_000):
        aside = path.with_name(f"{path.name}.{mark}-{n}")
        if not aside.exists():
            path.rename(aside)
            return aside
    raise FileExistsError(errno.EEXIST, "too many files set aside", str(path))


def write_whole(path: Path, content: bytes) -> None:
    """Replace *path* by *content*: after a crash it holds the old or the new, readable by its owner only.

    Raises:
        OSError: folder not writable, or no space; *path* is as it was.
    """
    # The name may be as long as names can be: it gives no more than its beginning.
    beside = path.with_name(f"{path.name[:40]}.{os.getpid()}.{threading.get_ident()}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* last through a power cut, where the system can."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class FileLock:
    """A lock on *path* for one holder in the whole machine; the system frees it when the process ends.

    The file stays; only the lock on it counts, so nothing is left behind by ``kill -9``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def acquire(self, wait_seconds: float = 0.0) -> bool:
        """Take the lock, waiting at most *wait_seconds*; return whether it is ours.

        Raises:
            OSError: the file cannot be made.
        """
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        pause = threading.Event()
        for _ in range(1 + int(wait_seconds / LOCK_POLL_SECONDS)):
            if _try_lock(handle):
                self._handle = handle
                return True
            if wait_seconds:
                pause.wait(LOCK_POLL_SECONDS)
        os.close(handle)
        return False

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not ours."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


@contextmanager
def locked_file(path: Path, wait_seconds: float = 10.0) -> Iterator[None]:
    """Hold the lock on *path*.

    Raises:
        OSError: the file cannot be made, or somebody else held the lock for *wait_seconds*.
    """
    lock = FileLock(path)
    if not lock.acquire(wait_seconds):
        raise TimeoutError(f"{path} is locked")
    try:
        yield
    finally:
        lock.release()


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
