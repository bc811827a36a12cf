"""The files of one record: listed, attached, opened with the program of the system, saved as."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from crmdesk.services.attachments.names import harmless
from crmdesk.services.stop import Stop
from crmdesk.ui.itemmodels.file_lines import FileLines
from crmdesk.ui.presenters.given_files import GivenFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from uuid import UUID

    from PySide6.QtWidgets import QWidget

    from crmdesk.services.attachments.filing import AttachedFile
    from crmdesk.ui.files_desk import Given
    from crmdesk.ui.itemmodels.record_line import RecordLine
    from crmdesk.ui.presenters.workplace import Workplace

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
_ELSEWHERE = "only_there"


class RecordFiles(QObject):
    """Steers the files of the record that is shown in one view.

    Args:
        view: takes what is dropped on it.

    Signals:
        changed(): other lines are to be shown.
        progressed(UUID, int, int): so many bytes of a content have come, of so many; from any thread.
    """

    changed = Signal()
    progressed = Signal(object, int, int)

    def __init__(self, place: Workplace, view: QWidget, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._view = view
        self._record_id: UUID | None = None
        self._files: tuple[AttachedFile, ...] = ()
        self._awaited: list[tuple[UUID, Given]] = []
        self._coming: dict[object, int] = {}
        self._stops: dict[UUID, Stop] = {}
        self._lines = FileLines(place.words, place.moments)
        self.given = GivenFiles(place, view, self)
        self.given.given.connect(self.add)
        self.progressed.connect(self._on_progressed, Qt.ConnectionType.QueuedConnection)
        self.open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl

    def of_record(self, record_id: UUID | None) -> None:
        """Take in whose files are shown, and ask for them; None: nobody's, and nothing is attached."""
        if record_id != self._record_id:
            self._files = ()
        self._record_id = record_id
        if record_id is not None:
            future = self._place.desk.files.of(record_id)
            self._place.operations.run(future, self._on_files, topic=type(self).__name__)

    def lines(self) -> list[RecordLine]:
        """Return a heading, and a line for each file; none at all without a record."""
        if self._record_id is None:
            return []
        awaited = (each.name for record_id, each in self._awaited if record_id == self._record_id)
        return [
            self._lines.section(len(self._files)),
            *self._lines.lines(self._files, self._coming),
            *self._lines.awaited(awaited),
        ]

    def refusal(self) -> str:
        """Return why nothing can be attached while no record takes anything."""
        return self._place.words.tr(
            "Open a customer or a complaint first, or write one down with F8: files go there."
        )

    def add(self, given: tuple[Given, ...]) -> None:
        """Attach what a person gave, each by itself: what one is refused for keeps no other."""
        if self._record_id is None:
            self._say(self.refusal())
            return
        for each in given:
            self._add(self._record_id, each)
        self.changed.emit()

    def open(self, file: AttachedFile) -> None:
        """Show a file with the program that the system has for it, from a copy that goes in the end."""
        if not is_looked_at(file.name):
            told = self._place.words.tr(
                "{name} may be a program, so it is not opened here. Ctrl+S saves it.", name=file.name
            )
            self._say(told)
            return
        stop = self._begin(file)
        future = self._place.desk.files.open_copy(file.id, self._hear(file), stop)
        self._run(future, file, stop, lambda path: self._show(file, path))

    def save_as(self, file: AttachedFile) -> None:
        """Let the person say where a file is saved, beside the window: a call may come meanwhile."""
        from PySide6.QtWidgets import QFileDialog

        dialog = QFileDialog(self._view, self._place.words.tr("Save as"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(file.name)
        dialog.fileSelected.connect(lambda path: self._save(file, Path(path)))
        dialog.setModal(False)
        dialog.show()

    def stop(self) -> bool:
        """Esc: break off what is being fetched for the record shown; return whether anything was."""
        coming = [file for file in self._files if file.id in self._coming]
        for file in coming:
            self._stops[file.id].ask()
            self._over(file)
        if coming:
            names = ", ".join(file.name for file in coming)
            self._say(self._place.words.tr("Broken off: {name}. Enter fetches the rest.", name=names))
            self.changed.emit()
        return bool(coming)

    def _add(self, record_id: UUID, given: Given) -> None:
        entry = record_id, given
        self._awaited.append(entry)

        def done(_file_id: UUID) -> None:
            self._awaited.remove(entry)
            self._say(self._place.words.tr("Attached: {name}", name=given.name), "good")
            self.of_record(self._record_id)

        def failed(error: BaseException) -> None:
            self._awaited.remove(entry)
            self._say(self._place.words.error(error), "breach")
            self.changed.emit()

        self._place.operations.run(self._place.desk.files.add(record_id, given), done, failed=failed)

    def _save(self, file: AttachedFile, path: Path) -> None:
        told, stop = self._place.words.tr("Saved: {path}", path=str(path)), self._begin(file)
        future = self._place.desk.files.save(file.id, path, self._hear(file), stop)
        self._run(future, file, stop, lambda _: self._say(told, "good"))

    def _show(self, file: AttachedFile, path: Path) -> None:
        """Show a copy, unless its record was left meanwhile: nobody waits for it any more."""
        if file not in self._files:
            self._say(self._place.words.tr("{name} is here by now.", name=file.name), "good")
        elif not self.open_url(QUrl.fromLocalFile(str(path))):
            told = self._place.words.tr("No program here opens {name}. Ctrl+S saves it.", name=file.name)
            self._say(told)

    def _begin(self, file: AttachedFile) -> Stop:
        """Show that a content is awaited which has to come from the server first."""
        stop = self._stops[file.id] = Stop()
        if file.state == _ELSEWHERE:
            self._coming.setdefault(file.id, 0)
            self.changed.emit()
        return stop

    def _over(self, file: AttachedFile) -> None:
        self._coming.pop(file.id, None)
        self._stops.pop(file.id, None)

    def _run(self, future: Future[T], file: AttachedFile, stop: Stop, done: Callable[[T], None]) -> None:
        """Wait for a content; what was broken off is told already."""

        def arrived(result: T) -> None:
            if not stop.asked:
                self._over(file)
                self.of_record(self._record_id)
                done(result)

        def failed(error: BaseException) -> None:
            if not stop.asked:
                self._over(file)
                self._say(self._place.words.error(error), "breach")
                self.changed.emit()

        self._place.operations.run(future, arrived, failed=failed)

    def _hear(self, file: AttachedFile) -> Callable[[int, int], None]:
        return lambda here, total: self.progressed.emit(file.id, here, total)

    def _on_progressed(self, file_id: UUID, here: int, total: int) -> None:
        if file_id in self._stops:
            self._coming[file_id] = here * 100 // max(1, total)
            self.changed.emit()

    def _on_files(self, files: tuple[AttachedFile, ...]) -> None:
        self._files = files
        self.changed.emit()

    def _say(self, text: str, tone: str = "due") -> None:
        self._place.parts.messages.say(text, tone)


def is_looked_at(name: str) -> bool:
    """Whether a file of that *name*, as it will lie in a folder, is looked at and not run."""
    return PurePath(harmless(name)).suffix.lower().lstrip(".") in OPENED


def file_of(line: RecordLine | None) -> AttachedFile | None:
    """Return the file that a line is about, None when it is about something else."""
    return line.source if line is not None and line.kind == "file" else None  # type: ignore[return-value]  # by its kind
