"""Typesets letters in a process of its own: the library and the fonts keep Python busy for 330 ms.

The process is started with the first letter and kept until :meth:`Press.close`, so that a change of the text
is on the picture in the time that setting a page takes.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import Future
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from crmdesk.errors import FileFault
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor
    from pathlib import Path

    from crmdesk.services.complaints.letter_text import LetterText
    from crmdesk.services.complaints.letters import LetterCase
    from crmdesk.services.typesetting.pages import Page


@dataclass(frozen=True, slots=True)
class Printed:
    """A letter as it leaves the printer: its sheets to look at, the file, its SHA-256 in hex digits.

    ``unprintable`` holds the signs that no font has: □ stands for them.
    """

    pages: tuple[Page, ...]
    pdf: bytes
    digest: str
    unprintable: str = ""


class Press:
    """Prints letters, one after the other; any thread may ask."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._pool: ProcessPoolExecutor | None = None

    def print(self, kind: str, case: LetterCase, text: LetterText, *, kept: bool = False) -> Future[Printed]:
        """Print a letter; *kept*: one that was printed before, so nothing is asked of it any more.

        The future fails with InvalidInput when the letter lacks what it must say.
        """
        try:
            return self._made().submit(printed, kind, case, text, kept=kept)
        except RuntimeError:
            # The process died, by want of memory or by somebody's hand: another one is worth a try.
            self.close()
            return self._made().submit(printed, kind, case, text, kept=kept)

    def close(self) -> None:
        """End the process; the next letter starts another one."""
        with self._guard:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _made(self) -> ProcessPoolExecutor:
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        with self._guard:
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(max_workers=1, mp_context=context)
            return self._pool


def printed(kind: str, case: LetterCase, text: LetterText, *, kept: bool = False) -> Printed:
    """Print a letter in this process.

    Raises:
        InvalidInput: it lacks what it must say, and was not *kept* before.
    """
    from crmdesk.services.complaints import letters

    said = text if kept else letters.check_printable(kind, case, text)
    pages, pdf = letters.set_letter(kind, case, said)
    return Printed(pages, pdf, hashlib.sha256(pdf).hexdigest(), letters.unprintable(said.plain()))


def write_file(path: Path, content: bytes) -> None:
    """Write a printed letter to *path*, whole or not at all.

    Raises:
        FileFault: the folder takes no file.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    except OSError as error:
        with suppress(OSError):  # a name that is too long cannot be looked for either
            beside.unlink()
        raise FileFault(
            "The letter could not be written to {path}: {why}. Choose another folder.",
            path=path,
            why=error.strerror,
        ) from error
