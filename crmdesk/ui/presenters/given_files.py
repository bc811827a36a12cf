"""What a person gives to a form or a record: chosen in a dialog, dropped, or pasted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication

from crmdesk.ui.files_desk import NO_PICTURE, Given
from crmdesk.ui.widgets.file_offer import DropTarget, files_of, picture_of, png_of

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.presenters.workplace import Workplace


class GivenFiles(QObject):
    """Takes files for one view; nothing of them is read here.

    Signals:
        given(tuple[Given, ...]): what is to be kept.
    """

    given = Signal(object)

    def __init__(self, place: Workplace, view: QWidget, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._view = view
        DropTarget(view).dropped.connect(self.take)

    def take(self, mime: QMimeData) -> None:
        """Take what is offered; say so when there is nothing in it."""
        paths = files_of(mime)
        if paths:
            self.given.emit(tuple(Given(path.name, path) for path in paths))
            return
        content = png_of(mime)
        picture = None if content else picture_of(mime)
        if content or picture is not None:
            self.given.emit((Given(self._name(), picture=picture, content=content),))
            return
        tr = self._place.words.tr
        told = tr(NO_PICTURE) if mime.hasImage() else tr("There is no file and no picture to take.")
        self._place.parts.messages.say(told, "due")

    def paste(self) -> None:
        """Take what is in the clipboard."""
        self.take(QApplication.clipboard().mimeData())

    def choose(self) -> None:
        """Let the person choose files, beside the window: a call may come meanwhile."""
        from PySide6.QtWidgets import QFileDialog

        dialog = QFileDialog(self._view, self._place.words.tr("Attach files"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._on_chosen)
        dialog.setModal(False)
        dialog.show()

    def _on_chosen(self, chosen: list[str]) -> None:
        paths = [Path(each) for each in chosen]
        self.given.emit(tuple(Given(path.name, path) for path in paths))

    def _name(self) -> str:
        """Return what a pasted picture is called: when it was taken from the clipboard."""
        moments = self._place.moments
        at = moments.local(moments.now()).strftime("%Y-%m-%d %H.%M.%S")
        return self._place.words.tr("Picture {time}.png", time=at)
