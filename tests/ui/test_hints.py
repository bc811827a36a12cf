"""What an empty list says can be read, however low the list is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter

from tests.ui.conftest import Seat

HINT = "No answer found.\nTry fewer words, another word, or the name of the part."


def drawn(seat: Seat, text: str, height: int) -> QImage:
    image = QImage(300, height, QImage.Format.Format_RGB32)
    image.fill(0xFFFFFFFF)
    painter = QPainter(image)
    seat.parts.timeline.ink.centred(painter, QRect(0, 0, 300, height), text, "#000000")
    painter.end()
    return image


@pytest.mark.parametrize(
    ("height", "shown"), [(100, HINT), (40, "No answer found."), (22, "No answer found.")]
)
def test_a_low_list_says_the_first_line_whole(seat: Seat, height: int, shown: str) -> None:
    assert drawn(seat, HINT, height) == drawn(seat, shown, height)
    assert drawn(seat, "No answer found.", height) != drawn(seat, "", height)
