"""A disk of a desk that is full for a while: a small one of its own as root, else a limit on its files."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

MEGABYTES = 64
LEFT_BYTES = 16 << 10


class LimitedFiles:
    """No file of a process may grow for a while; anybody may set that for his own processes."""

    mode = "file size limit"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, pid: int) -> None:
        """Let no file of the process *pid* grow beyond the largest one here."""
        sizes = [path.stat().st_size for path in self.folder.rglob("*") if path.is_file()]
        self._limit(pid, max(sizes, default=0))

    def free(self, pid: int) -> None:
        """Let them grow again."""
        self._limit(pid, resource.RLIM_INFINITY)

    def close(self) -> None:
        """Nothing is left behind."""

    def _limit(self, pid: int, size: int) -> None:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


class SmallDisk(LimitedFiles):
    """A small disk in memory, mounted at *folder*."""

    mode = "tmpfs"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.mkdir()
        options = f"size={MEGABYTES}m,mode=700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)

    def fill(self, pid: int) -> None:
        """Leave a few pages of room."""
        room = os.statvfs(self.folder)
        size = max(1, room.f_bavail * room.f_frsize - LEFT_BYTES)
        with (self.folder / "films").open("wb") as films:
            os.posix_fallocate(films.fileno(), 0, size)

    def free(self, pid: int) -> None:
        """Make room again."""
        (self.folder / "films").unlink(missing_ok=True)

    def close(self) -> None:
        """Take the disk away with all that is on it."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


def small_disk(folder: Path, *, mounted: bool) -> LimitedFiles:
    """Return a disk at *folder* (made here) that can be full; *mounted* needs root."""
    if mounted:
        return SmallDisk(folder)
    folder.mkdir()
    return LimitedFiles(folder)
