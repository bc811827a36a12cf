"""The files of a record in words: what each is called, how large, by whom, and where its content is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crmdesk.ui.itemmodels.record_line import RecordLine
from crmdesk.ui.painting import plain
from crmdesk.ui.translation import word
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmdesk.services.attachments.filing import AttachedFile
    from crmdesk.services.complaints.intake_sheet import HeldFile
    from crmdesk.ui.files_desk import Left
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.translation import Words

KIB = 1024
STATES = {
    "here": word("here"),
    "not_sent": word("not yet sent"),
    "only_there": word("only on the server"),
    "refused": word("refused by the server"),
}
_TONES = {"not_sent": "due", "refused": "breach"}


def size_word(size: int) -> str:
    """Return *size* in bytes as people say it: ``12 KB`` or ``3.4 MB``."""
    if size < KIB * KIB:
        return f"{max(1, round(size / KIB))} KB" if size else "0 KB"
    return f"{size / KIB / KIB:.1f} MB"


class FileLines:
    """Words the lines of files."""

    def __init__(self, words: Words, moments: Moments) -> None:
        self._words = words
        self._moments = moments

    def section(self, count: int) -> RecordLine:
        """Return the heading above the files."""
        tr = self._words.tr
        aside = tr("Enter opens · Ctrl+S saves as") if count else tr("Drop one here, or Ctrl+Shift+F")
        return RecordLine("section", tr("Files"), aside=aside, icon="note")

    def left(self, files: Iterable[Left]) -> list[RecordLine]:
        """Return a heading and the lines of what could not be attached; none at all without such files."""
        words = self._words
        lines = [replace(held_line(each.file), aside=words.text(each.why), tone="breach") for each in files]
        aside = words.tr("Delete takes it away")
        heading = RecordLine("section", words.tr("Not attached"), aside=aside, icon="warning")
        return [heading, *lines] if lines else []

    def lines(self, files: Iterable[AttachedFile], coming: Mapping[object, int]) -> list[RecordLine]:
        """Return a line for each file; *coming* tells of those being fetched how many percent are here."""
        return [self._line(file, coming.get(file.id)) for file in files]

    def awaited(self, names: Iterable[str]) -> list[RecordLine]:
        """Return the lines of what is being attached just now."""
        tr = self._words.tr
        told = tr("is being kept …")
        return [RecordLine("file", plain(name), aside=told, icon="note", tone="accent") for name in names]

    def _line(self, file: AttachedFile, percent: int | None) -> RecordLine:
        words = self._words
        state = said(words, STATES, file.state)
        if percent is not None:
            state = words.tr("is being fetched, {percent} % · Esc breaks off", percent=percent)
        elif file.state == "refused" and file.why is not None:
            state = f"{state}: {words.text(file.why)}"
        who = words.pick(file.author.name_en, file.author.name_zh) if file.author is not None else ""
        when = self._moments.day_and_time(file.at)
        return RecordLine(
            "file",
            plain(file.name),
            label=size_word(file.size),
            aside=" · ".join(part for part in (state, who, when) if part),
            icon="note",
            tone="accent" if percent is not None else _TONES.get(file.state, "plain"),
            percent=percent or 0,
            source=file,
        )


def held_line(file: HeldFile) -> RecordLine:
    """Return the line of a file that waits for its complaint to be saved."""
    return RecordLine("file", plain(file.name), label=size_word(file.size), icon="note", source=file)
