"""Loggers by topic, and a log file that holds no personal data.

Telephone numbers, e-mail addresses, number plates and VINs are masked wherever they stand, also in
tracebacks; names while they are given to :func:`hidden`. Complaint texts and notes are never handed to a log.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import IO

ROOT = "crmdesk"
FILE_NAME = "crmdesk.log"
FILE_BYTES = 1_000_000
FILES_KEPT = 5
LINE = "%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s"

_hidden: ContextVar[tuple[str, ...]] = ContextVar("hidden", default=())

_HIDES = "_crmdesk_hides"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"


@cache
def _personal() -> re.Pattern[str]:
    """Return what finds personal data; compiled by the first line that is logged."""
    return re.compile(
        "|".join(
            (
                r"(?P<id>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)",
                r"(?P<time>\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)",
                r"(?P<mail>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})",
                r"(?P<vin>\b(?=[A-HJ-NPR-Z0-9]{0,16}\d)[A-HJ-NPR-Z0-9]{17}\b)",
                rf"(?P<plate>[{_PROVINCES}][A-Z][·\s-]?[A-Z0-9]{{4,6}}[挂学警港澳]?)",
                r"(?P<phone>(?<![A-Za-z0-9_.])[+(]?\d(?:[\s().-]{0,2}\d){6,}(?![A-Za-z0-9_]))",
            )
        )
    )


def logger(topic: str) -> logging.Logger:
    """Return the logger of *topic*, e.g. ``telephony``."""
    return logging.getLogger(f"{ROOT}.{topic}")


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """Mask *names* in what this thread or task logs inside of the block, and in errors that leave it.

    An error remembers them, so that its traceback is masked wherever it is logged.
    """
    kept = tuple(name for name in names if name.strip())
    mark = _hidden.set(_hidden.get() + kept)
    try:
        yield
    except Exception as error:
        setattr(error, _HIDES, (*getattr(error, _HIDES, ()), *kept))
        raise
    finally:
        _hidden.reset(mark)


def _names_of(error: BaseException | None) -> tuple[str, ...]:
    """Return the names that *error*, and those it came from, must not show."""
    found: tuple[str, ...] = ()
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        found += getattr(error, _HIDES, ())
        error = error.__cause__ or error.__context__
    return found


def masked(text: str, names: tuple[str, ...] = ()) -> str:
    """Return *text* without personal data: what is left tells kind and last two digits of a number."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(re.escape(name), "‹name›", text, flags=re.IGNORECASE)
    return _personal().sub(_mark, text)


def _mark(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind in ("id", "time"):
        return found.group()
    if kind == "phone":
        return f"‹phone…{found.group()[-2:]}›"
    return f"‹{kind}›"


class MaskingFormatter(logging.Formatter):
    """Formats a record, then masks all but its time, level, topic and thread."""

    def __init__(self) -> None:
        super().__init__(LINE)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with a traceback below it when there is one."""
        held = (record.msg, record.args, record.exc_text)
        error = record.exc_info[1] if record.exc_info else None
        names = _hidden.get() + _names_of(error)
        record.msg, record.args = masked(record.getMessage(), names), None
        record.exc_text = masked(self.formatException(record.exc_info), names) if record.exc_info else None
        try:
            return super().format(record)
        finally:
            record.msg, record.args, record.exc_text = held


class PrivateFile(logging.FileHandler):
    """A log file only its owner can read; older ones are kept as ``.1`` (the newest) to ``.5``.

    What the standard library's rotating handler does, without the network modules that come with it.
    """

    def __init__(self, folder: Path, file_bytes: int = FILE_BYTES) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(folder / FILE_NAME, encoding="utf-8", delay=True)
        self._file_bytes = file_bytes
        self.setFormatter(MaskingFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*, into a new file when this one is full."""
        try:
            if self.stream is not None and self.stream.tell() + len(record.getMessage()) > self._file_bytes:
                self.stream.close()
                self.stream = None
                self._keep_as_older()
        except OSError:
            self.handleError(record)
        super().emit(record)

    def _keep_as_older(self) -> None:
        path = Path(self.baseFilename)
        for n in range(FILES_KEPT, 0, -1):
            older = path.with_name(f"{path.name}.{n - 1}") if n > 1 else path
            if older.exists():
                older.replace(path.with_name(f"{path.name}.{n}"))

    def _open(self) -> IO[str]:  # type: ignore[override]  # the base class promises its own text wrapper
        return open(self.baseFilename, "a", encoding="utf-8", opener=_owner_only)


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def log_file(folder: Path, level: int = logging.INFO, file_bytes: int = FILE_BYTES) -> Iterator[Path]:
    """Write what crmdesk logs into *folder* while the block runs; give the path of the file."""
    root = logging.getLogger(ROOT)
    handler = PrivateFile(folder, file_bytes)
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield Path(handler.baseFilename)
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        handler.close()


def forget_words(folder: Path, words: Iterable[str]) -> int:
    """Take *words* (names, numbers) out of the log files in *folder*; return how many lines had one.

    Phone numbers and the like are masked when they are written; this is for names that a line told all the
    same. Very short words would take half of the log along and are left.
    """
    wanted = [re.escape(word) for word in words if len(word) > (1 if not word.isascii() else 3)]
    found = re.compile("|".join(wanted), re.IGNORECASE) if wanted else None
    count = 0
    for path in sorted(folder.glob(f"{FILE_NAME}*")) if found else ():
        with open(path, "r+", encoding="utf-8", errors="replace", newline="") as file:
            lines = file.readlines()
            clean = [found.sub("‹erased›", line) for line in lines] if found else lines
            changed = sum(before != after for before, after in zip(lines, clean, strict=True))
            if changed:
                # In place: whoever writes this file has it open.
                file.seek(0)
                file.writelines(clean)
                file.truncate()
            count += changed
    return count
