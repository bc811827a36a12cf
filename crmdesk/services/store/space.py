"""Room on the disk: said before a save fails, and a reserve that lets the last words be kept.

The reserve is a file of real blocks beside the store. When a save finds the disk full it is given up and the
save is made again; it must be larger than what a pending checkpoint of the write-ahead log may eat.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from crmdesk.models.text import Text, say

RESERVE_BYTES = 64 << 20
LOW_BYTES = 256 << 20
LOOK_EVERY_SECONDS = 10.0
_CHUNK = bytes(1 << 20)
_log = logging.getLogger("crmdesk.space")


def free_bytes(folder: Path) -> int:
    """Return the bytes a normal person may still write where *folder* lies."""
    return shutil.disk_usage(folder).free


class Space:
    """Watches the disk below one profile. Used by the store lane only.

    Args:
        folder: the profile's.
        reserve_bytes: size of the reserve.
        low_bytes: with less than this free, people are told.
        free: tells the free bytes.
        elapsed: seconds that passed, to look not more than every ten of them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        reserve_bytes: int = RESERVE_BYTES,
        low_bytes: int = LOW_BYTES,
        free: Callable[[Path], int] = free_bytes,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._file = folder / "reserve"
        self._reserve_bytes = reserve_bytes
        self._low_bytes = low_bytes
        self._free = free
        self._elapsed = elapsed
        self._next_look = 0.0
        self.trouble: Text | None = None
        """What people should be told of the disk; None when there is room."""

    def hold(self) -> bool:
        """Make the reserve when there is room for it and it is not there; return whether it is."""
        if self._file.exists() and self._file.stat().st_size >= self._reserve_bytes:
            return True
        try:
            if self._free(self._folder) < self._reserve_bytes + self._low_bytes:
                return False
            self._fill()
        except OSError:
            self._file.unlink(missing_ok=True)
            return False
        return True

    def release(self) -> bool:
        """Give the reserve up; return whether there was one."""
        try:
            self._file.unlink()
        except OSError:
            return False
        _log.warning("the disk is full; the reserve was given up")
        self._next_look = 0.0
        return True

    def look(self) -> bool:
        """Look how much is free, now and then; return whether what people should be told has changed."""
        now = self._elapsed()
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_EVERY_SECONDS
        before = self.trouble
        free = self._free(self._folder)
        self.trouble = None
        if free < self._low_bytes:
            self.trouble = say(
                "The disk is nearly full ({megabytes} MB left). Free some space, or nothing can be saved.",
                megabytes=free >> 20,
            )
        return (self.trouble is None) != (before is None)

    def _fill(self) -> None:
        handle = os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, self._reserve_bytes)
                return
            for start in range(0, self._reserve_bytes, len(_CHUNK)):
                os.write(handle, _CHUNK[: self._reserve_bytes - start])
        finally:
            os.close(handle)
