"""A page of a letter as a picture, to look at before it is printed.

Drawn at the same places as in the PDF, with the same fonts, so what is seen is what is printed; nothing reads
the PDF back. Any thread may paint on a ``QImage``: 30 ms of CPU a page, 40 more to pack it as PNG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QImageWriter, QPainter, QPainterPath, QPen

from crmdesk.services.typesetting.pages import BOLD, CJK, HEIGHT, LATIN, STROKE, WIDTH

if TYPE_CHECKING:
    from crmdesk.services.typesetting.pages import Page, Run

FAMILIES = {LATIN: "Roboto", BOLD: "Roboto", CJK: "WenQuanYi Micro Hei"}
_DESIGN_PX = 200
"""Fonts are set this large and scaled down: Qt rounds the advance of a sign to whole pixels of its font."""


def letter_picture(page: Page, width_px: int) -> QImage:
    """Return *page* on white paper, *width_px* wide; the fonts are those the window has loaded."""
    scale = width_px / WIDTH
    image = QImage(width_px, round(HEIGHT * scale), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    painter.scale(scale, scale)
    for rule in page.rules:
        painter.setPen(QPen(QColor(rule.colour), rule.width))
        painter.drawLine(QPointF(rule.x1, rule.y1), QPointF(rule.x2, rule.y2))
    for run in page.runs:
        _paint(painter, run)
    painter.end()
    return image


def letter_png(page: Page, width_px: int) -> bytes:
    """Return :func:`letter_picture` as the bytes of a PNG file."""
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(letter_picture(page, width_px))
    buffer.close()
    return bytes(content.data())


def _paint(painter: QPainter, run: Run) -> None:
    size, colour = run.style.size / _DESIGN_PX, QColor(run.style.colour)
    font = _font(run)
    painter.save()
    painter.translate(run.x, run.y)
    painter.scale(size, size)
    if run.style.bold and run.face == CJK:
        path = QPainterPath()
        path.addText(QPointF(), font, run.text)
        painter.setBrush(colour)
        painter.setPen(QPen(colour, STROKE * _DESIGN_PX))
        painter.drawPath(path)
    else:
        painter.setFont(font)
        painter.setPen(colour)
        painter.drawText(QPointF(), run.text)
    painter.restore()


def _font(run: Run) -> QFont:
    font = QFont(FAMILIES[run.face])
    font.setPixelSize(_DESIGN_PX)
    font.setBold(run.face == BOLD)
    font.setKerning(False)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, run.spacing * _DESIGN_PX / run.style.size)
    return font
