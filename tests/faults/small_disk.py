"""Disks of desks that are full for a while: small ones of their own as root, else a limit on files."""

from __future__ import annotations

import os
import resource
import subprocess
from contextlib import suppress
from pathlib import Path

MEGABYTES = 64
LEFT_BYTES = 16 << 10


def limit_files(pid: int, size: int = LEFT_BYTES) -> None:
    """Let the process *pid* write no file beyond *size* bytes, as over a quota; nothing when it is gone."""
    with suppress(ProcessLookupError):
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def unlimit_files(pid: int) -> None:
    """Let it write again."""
    limit_files(pid, resource.RLIM_INFINITY)


class Disk:
    """A folder on the disk of this machine, where only files can be limited."""

    mode = "file size limit"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def fill(self, pid: int) -> None:
        """Leave no room for the process *pid*."""
        limit_files(pid)

    def free(self, pid: int) -> None:
        """Make room again."""
        unlimit_files(pid)

    def close(self) -> None:
        """Nothing is left behind."""


class SmallDisk(Disk):
    """A small disk in memory, mounted at the folder."""

    mode = "tmpfs"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        options = f"size={MEGABYTES}m,mode=700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)

    def fill(self, pid: int) -> None:
        """Leave a few pages of room."""
        with (self.folder / "films").open("wb") as films:
            room = os.statvfs(self.folder)
            # Whoever works on may take the last room meanwhile: then it is full, too.
            with suppress(OSError):
                os.posix_fallocate(films.fileno(), 0, max(1, room.f_bavail * room.f_frsize - LEFT_BYTES))

    def free(self, pid: int) -> None:
        """Make room again."""
        (self.folder / "films").unlink(missing_ok=True)

    def close(self) -> None:
        """Take the disk away with all that is on it."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
