"""A table that somebody saves to look at in a spreadsheet program: CSV that runs nothing when it is opened.

Unlike :mod:`~crmdesk.services.exchange.writing` nothing is meant to come back from it, so a cell that such a
program would take for a formula gets an apostrophe before it (OWASP, CSV Injection).
"""

from __future__ import annotations

import csv
import errno
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from crmdesk.errors import FileFault

_FORMULA = frozenset("=+-@＝＋－＠")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR})


def write_sheet(path: Path, rows: Iterable[Sequence[str]]) -> int:
    """Write *rows*, the head first, to *path*; return how many stand below the head.

    UTF-8 with a byte order mark and CRLF. The file appears when it is whole; one that was there before stays
    until then.

    Raises:
        FileFault: the disk is full, or the place takes no file.
    """
    beside, count = path.with_name(f".{path.name}.part"), -1
    try:
        with beside.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            for row in rows:
                writer.writerow([_harmless(cell) for cell in row])
                count += 1
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise _fault(path, error) from error
    finally:
        with suppress(OSError):
            beside.unlink()
    return max(0, count)


def _harmless(cell: str) -> str:
    """Return *cell* so that no spreadsheet program works it out."""
    return f"'{cell}" if cell.lstrip()[:1] in _FORMULA else cell


def _fault(path: Path, error: OSError) -> FileFault:
    if error.errno in _FULL:
        return FileFault(
            "The disk is full: {path} was not written. Free some space or choose another place.", path=path
        )
    if error.errno in _FORBIDDEN:
        return FileFault("You may not write to {folder}. Choose another folder.", folder=path.parent)
    if error.errno in _NOWHERE:
        return FileFault("There is no folder {folder}. Choose another one.", folder=path.parent)
    return FileFault("The file {path} cannot be written: {why}.", path=path, why=error.strerror or error)
