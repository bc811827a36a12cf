"""The files of the customer whose card is shown, below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from crmdesk.ui.presenters.record_files import RecordFiles, file_of
from crmdesk.ui.translation import word

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from crmdesk.models.changes import ChangeSet
    from crmdesk.ui.itemmodels.record_line import RecordLine
    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.workplace import Tools, Workplace
    from crmdesk.ui.views.file_list import FileList

_SOON_MS = 150
"""A call is painted, and looked at, before its files are asked for."""
_MOST = 36 + 2 * 44 + 20
"""Pixels: the heading, two files, and a bit of the third that says there are more."""


class CustomerFiles(RecordFiles):
    """Steers the list below the card; it is made with the first customer."""

    def __init__(self, place: Workplace, tools: Tools, record: RecordPresenter, parent: QObject) -> None:
        super().__init__(place, place.parts.caller, parent)
        self._tools = tools
        self._record = record
        self._pane: FileList | None = None
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self._look)
        record.shown.connect(self._soon.start)
        self.changed.connect(self._draw)
        tools.bridge.changed.connect(self._on_changed)
        place.words.changed.connect(self._draw)

    @property
    def pane(self) -> FileList | None:
        """The list, None before the first customer."""
        return self._pane

    @property
    def waits(self) -> bool:
        """Whether the files of whoever is shown are still to be asked for."""
        return self._soon.isActive()

    def attach(self, *, pasted: bool) -> None:
        """Choose a file for the customer shown, or take what is *pasted*; say so when nobody is shown."""
        if self._record_id is None or self._place.parts.stage.shown is not self._place.parts.record:
            self._say(self.refusal())
        elif pasted:
            self.given.paste()
        else:
            self.given.choose()

    def save(self) -> bool:
        """Ctrl+S: save the file with the keyboard as; return whether there is one."""
        pane = self._pane
        file = file_of(pane.current_line()) if pane is not None and pane.list.hasFocus() else None
        if file is not None:
            self.save_as(file)
        return file is not None

    def controls(self) -> list[QWidget]:
        """Return what F6 goes through."""
        return [self._pane.list] if self._pane is not None and self._files else []

    def _look(self) -> None:
        """Ask for the files of whoever is shown now."""
        customer_id = self._record.customer_id
        self.of_record(customer_id)
        if customer_id is None:
            self._draw()

    def _draw(self) -> None:
        lines = self.lines()
        if lines or self._pane is not None:
            self._pane_there().show_lines(lines)

    def _pane_there(self) -> FileList:
        if self._pane is None:
            from crmdesk.ui.views.file_list import FileList

            caller = self._place.parts.caller
            tells = word("Enter opens, Ctrl+S saves as, Esc breaks off what is being fetched")
            self._pane = FileList(self._tools, caller, word("Files of the customer"), tells, _MOST)
            caller.add_below(self._pane)
            QWidget.setTabOrder(caller.list, self._pane.list)
            self._pane.entered.connect(self._on_entered)
        return self._pane

    def _on_entered(self, line: RecordLine) -> None:
        file = file_of(line)
        if file is not None:
            self.open(file)

    def _on_changed(self, changes: ChangeSet) -> None:
        if "attachment" in changes.kinds and self._record_id is not None:
            self._soon.start()
