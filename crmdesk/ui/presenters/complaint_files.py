"""The files of the complaint shown, laid into its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.ui.presenters.record_files import RecordFiles, file_of

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.itemmodels.record_line import RecordLine
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.views.complaint_record import ComplaintView


class ComplaintFiles(RecordFiles):
    """Steers the files of a complaint."""

    def __init__(self, place: Workplace, view: ComplaintView, parent: QObject) -> None:
        super().__init__(place, view, parent)
        self._page = view

    def know(self, record: ComplaintRecord) -> None:
        """Take in the complaint that is shown, and ask for its files."""
        self.of_record(record.head.id if record.body is not None else None)

    def refusal(self) -> str:
        """Return why nothing can be attached."""
        return self._place.words.tr("Only who handles the complaint attaches files to it.")

    def laid_in(self, lines: list[RecordLine]) -> list[RecordLine]:
        """Return the lines of the complaint with those of its files after what happened."""
        sections = [number for number, line in enumerate(lines) if line.kind == "section"]
        place = sections[1] if len(sections) > 1 else len(lines)
        return [*lines[:place], *self.lines(), *lines[place:]]

    def save(self) -> bool:
        """Let the person say where the file of the line chosen is saved; return whether there is one."""
        file = file_of(self._page.file.current_line())
        if file is not None:
            self.save_as(file)
        return file is not None
