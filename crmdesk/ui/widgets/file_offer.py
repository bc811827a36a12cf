"""Files and pictures that a person offers: dropped, or in the clipboard. Only looks, never reads a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QDropEvent, QImage

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtWidgets import QWidget

_PNG, _PNG_BEGINS = "image/png", b"\x89PNG\r\n\x1a\n"
_DRAGGED = frozenset({QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop})


def files_of(mime: QMimeData) -> tuple[Path, ...]:
    """Return the files of this computer among what is offered; folders are told from files elsewhere."""
    return tuple(Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile())


def offers_files(mime: QMimeData | None) -> bool:
    """Whether files are offered, or a picture and no words beside it, as tables bring along."""
    return mime is not None and (bool(files_of(mime)) or (mime.hasImage() and not mime.hasText()))


def png_of(mime: QMimeData) -> bytes:
    """Return the picture offered as whoever copied it encoded it, empty when it is no PNG.

    It is not looked into: a small one may unfold to more than there is memory.
    """
    content = bytes(mime.data(_PNG).data()) if mime.hasFormat(_PNG) else b""
    return content if content.startswith(_PNG_BEGINS) else b""


def picture_of(mime: QMimeData) -> QImage | None:
    """Return the picture offered, None when it is none after all."""
    picture = mime.imageData()
    return picture if isinstance(picture, QImage) and not picture.isNull() else None


class DropTarget(QObject):
    """Takes what is dropped on a widget or on anything in it that does not want it itself.

    Signals:
        dropped(QMimeData): files or a picture; valid only while the signal is handled.
    """

    dropped = Signal(object)

    def __init__(self, place: QWidget) -> None:
        super().__init__(place)
        place.setAcceptDrops(True)
        place.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: take files, leave everything else."""
        if event.type() not in _DRAGGED or not isinstance(event, QDropEvent):
            return super().eventFilter(watched, event)
        if not offers_files(event.mimeData()):
            event.ignore()
            return True
        # What is dropped is copied, whatever the source proposes: a moved file would be gone there.
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if event.type() == QEvent.Type.Drop:
            self.dropped.emit(event.mimeData())
        return True
