"""The files of the complaint shown: attached, opened with the program of the system, saved as."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from crmdesk.ui.itemmodels.file_lines import FileLines
from crmdesk.ui.presenters.given_files import GivenFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from uuid import UUID

    from crmdesk.services.attachments.filing import AttachedFile
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.files_desk import Given
    from crmdesk.ui.itemmodels.record_line import RecordLine
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.views.complaint_record import ComplaintView

T = TypeVar("T")
OPENED = frozenset(
    (
        *("pdf", "txt", "csv", "log", "eml"),
        *("png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "heic"),
        *("wav", "mp3", "m4a", "ogg", "opus", "amr", "mp4", "mov", "avi", "mkv", "webm", "3gp"),
        *("doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "wps", "et", "ofd"),
    )
)
"""Endings of what is looked at and not run: everything else is only saved."""


class ComplaintFiles(QObject):
    """Steers the files of a complaint.

    Signals:
        changed(): other lines are to be shown.
        progressed(UUID, int, int): so many bytes of a content have come, of so many; from any thread.
    """

    changed = Signal()
    progressed = Signal(object, int, int)

    def __init__(self, place: Workplace, view: ComplaintView, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._view = view
        self._record: ComplaintRecord | None = None
        self._files: tuple[AttachedFile, ...] = ()
        self._awaited: list[Given] = []
        self._coming: dict[object, int] = {}
        self._lines = FileLines(place.words, place.moments)
        self.given = GivenFiles(place, view, self)
        self.given.given.connect(self.add)
        self.progressed.connect(self._on_progressed, Qt.ConnectionType.QueuedConnection)
        self.open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl

    def know(self, record: ComplaintRecord) -> None:
        """Take in the complaint that is shown, and ask for its files."""
        if self._record is None or self._record.head.id != record.head.id:
            self._files, self._coming = (), {}
        self._record = record
        if record.body is not None:
            future = self._place.desk.files.of(record.head.id)
            self._place.operations.run(future, self._on_files, topic="files")

    def laid_in(self, lines: list[RecordLine]) -> list[RecordLine]:
        """Return the lines of the complaint with those of its files after what happened."""
        if self._record is None or self._record.body is None:
            return lines
        ours = [
            self._lines.section(len(self._files)),
            *self._lines.lines(self._files, self._coming),
            *self._lines.awaited(each.name for each in self._awaited),
        ]
        sections = [number for number, line in enumerate(lines) if line.kind == "section"]
        place = sections[1] if len(sections) > 1 else len(lines)
        return [*lines[:place], *ours, *lines[place:]]

    def add(self, given: tuple[Given, ...]) -> None:
        """Attach what a person gave, each by itself: what one is refused for keeps no other."""
        record = self._record
        if record is None or record.body is None:
            self._say(self._place.words.tr("Only who handles the complaint attaches files to it."))
            return
        for each in given:
            self._add(record.head.id, each)
        self.changed.emit()

    def open(self, file: AttachedFile) -> None:
        """Show a file with the program that the system has for it, from a copy that goes in the end."""
        if PurePath(file.name).suffix.lower().lstrip(".") not in OPENED:
            told = self._place.words.tr(
                "{name} may be a program, so it is not opened here. Ctrl+S saves it.", name=file.name
            )
            self._say(told)
            return
        future = self._place.desk.files.open_copy(file.id, self._hear(file))
        self._run(future, file, lambda path: self._show(file, path))

    def save(self) -> bool:
        """Let the person say where the file of the line chosen is saved; return whether there is one."""
        list_ = self._view.file.list
        row, lines = list_.current_row(), self._view.file.lines.rows
        file = file_of(lines[row]) if 0 <= row < len(lines) else None
        if file is None:
            return False
        from PySide6.QtWidgets import QFileDialog

        dialog = QFileDialog(self._view, self._place.words.tr("Save as"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(file.name)
        dialog.fileSelected.connect(lambda path: self._save(file, Path(path)))
        dialog.setModal(False)
        dialog.show()
        return True

    def _add(self, record_id: UUID, given: Given) -> None:
        self._awaited.append(given)

        def done(_file_id: UUID) -> None:
            self._awaited.remove(given)
            self._say(self._place.words.tr("Attached: {name}", name=given.name), "good")
            self._ask()

        def failed(error: BaseException) -> None:
            self._awaited.remove(given)
            self._say(self._place.words.error(error), "breach")
            self.changed.emit()

        self._place.operations.run(self._place.desk.files.add(record_id, given), done, failed=failed)

    def _save(self, file: AttachedFile, path: Path) -> None:
        told = self._place.words.tr("Saved: {path}", path=str(path))
        future = self._place.desk.files.save(file.id, path, self._hear(file))
        self._run(future, file, lambda _: self._say(told, "good"))

    def _show(self, file: AttachedFile, path: Path) -> None:
        if not self.open_url(QUrl.fromLocalFile(str(path))):
            told = self._place.words.tr("No program here opens {name}. Ctrl+S saves it.", name=file.name)
            self._say(told)

    def _run(self, future: Future[T], file: AttachedFile, done: Callable[[T], None]) -> None:
        """Wait for a content, which may have to come from the server first."""

        def arrived(result: T) -> None:
            self._coming.pop(file.id, None)
            self.changed.emit()
            done(result)

        def failed(error: BaseException) -> None:
            self._coming.pop(file.id, None)
            self._say(self._place.words.error(error), "breach")
            self.changed.emit()

        self._place.operations.run(future, arrived, failed=failed)

    def _hear(self, file: AttachedFile) -> Callable[[int, int], None]:
        return lambda here, total: self.progressed.emit(file.id, here, total)

    def _on_progressed(self, file_id: object, here: int, total: int) -> None:
        self._coming[file_id] = here * 100 // max(1, total)
        self.changed.emit()

    def _on_files(self, files: tuple[AttachedFile, ...]) -> None:
        if files != self._files:
            self._files = files
        self.changed.emit()

    def _ask(self) -> None:
        if self._record is not None:
            self.know(self._record)

    def _say(self, text: str, tone: str = "due") -> None:
        self._place.parts.messages.say(text, tone)


def file_of(line: RecordLine) -> AttachedFile | None:
    """Return the file that a line is about, None when it is about something else."""
    return line.source if line.kind == "file" else None  # type: ignore[return-value]  # by its kind
