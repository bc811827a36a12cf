"""Reading a file that somebody gave: whatever lies at a path, and whatever happens to it meanwhile."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from crmdesk.errors import FileFault, InvalidInput
from crmdesk.models.attachment import refuse_too_large

if TYPE_CHECKING:
    from pathlib import Path

_HOW = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
"""A pipe that takes the place of a file after the first look would keep us waiting for its writer."""


def read_given(path: Path, name: str, limit: int) -> bytes:
    """Return what the file at *path* holds, *limit* bytes at most; *name* is what it is called in sentences.

    Raises:
        InvalidInput: it is gone, no file, empty or too large.
        FileFault: it cannot be read, or was changed while it was.
    """
    try:
        _refuse_no_file(path.stat(), name)
        with os.fdopen(os.open(path, _HOW), "rb") as file:
            before = os.fstat(file.fileno())
            _refuse_no_file(before, name)
            refuse_too_large(name, before.st_size, limit)
            content = file.read(limit + 1)
            after = os.fstat(file.fileno())
    except FileNotFoundError as error:
        raise InvalidInput(
            "{name} is not there any more. Look where it went, and attach it from there.",
            fields=("path",),
            name=name,
        ) from error
    except ValueError as error:
        # A sign that no name can have, e.g. NUL.
        raise _no_file(name) from error
    except OSError as error:
        raise FileFault(
            "{name} cannot be read: {words}.", name=name, words=error.strerror or error
        ) from error
    if not (before.st_mtime_ns == after.st_mtime_ns and before.st_size == after.st_size == len(content)):
        raise FileFault(
            "{name} was changed while it was read. Attach it again when it is finished.", name=name
        )
    if not content:
        raise InvalidInput(
            "{name} is empty. Look whether it was saved, and attach it again.", fields=("path",), name=name
        )
    return content


def _refuse_no_file(found: os.stat_result, name: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise InvalidInput(
            "{name} is a folder. Attach the files in it, or pack it into one file.",
            fields=("path",),
            name=name,
        )
    if not stat.S_ISREG(found.st_mode):
        raise _no_file(name)


def _no_file(name: str) -> InvalidInput:
    return InvalidInput("{name} is no file. Choose one.", fields=("path",), name=name)
