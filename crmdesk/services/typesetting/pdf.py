"""Pages as a PDF: fonts embedded, text that can be selected, the same bytes for the same pages."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from crmdesk.services.typesetting.faces import font_name, shipped_faces
from crmdesk.services.typesetting.pages import CJK, HEIGHT, STROKE, WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmdesk.services.typesetting.pages import Page, Run

FILLED_AND_DRAWN = 2
"""A text rendering mode (ISO 32000-1, 9.3.6)."""


def pdf_of(pages: Iterable[Page], *, title: str, author: str, language: str) -> bytes:
    """Return *pages* as a PDF.

    Args:
        pages: what to print.
        title: what a reader shows in its title bar.
        author: the company.
        language: ``en`` or ``zh``, for screen readers.
    """
    from reportlab.pdfgen.canvas import Canvas

    shipped_faces()
    file = BytesIO()
    canvas: Any = Canvas(file, pagesize=(WIDTH, HEIGHT), pageCompression=1, invariant=1)
    canvas.setTitle(title)
    canvas.setAuthor(author)
    canvas.setProducer("crmdesk")
    canvas.setCatalogEntry("Lang", "zh-CN" if language == "zh" else "en-GB")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    for page in pages:
        _print(canvas, page)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _print(canvas: Any, page: Page) -> None:
    for rule in page.rules:
        canvas.setStrokeColorRGB(*_rgb(rule.colour))
        canvas.setLineWidth(rule.width)
        canvas.line(rule.x1, HEIGHT - rule.y1, rule.x2, HEIGHT - rule.y2)
    for run in page.runs:
        _write(canvas, run)


@cache
def _rgb(colour: str) -> tuple[float, ...]:
    """Return the shares of red, green and blue in ``#rrggbb``."""
    return tuple(part / 255 for part in bytes.fromhex(colour[1:]))


def _write(canvas: Any, run: Run) -> None:
    thick = run.style.bold and run.face == CJK
    canvas.saveState()
    text = canvas.beginText(run.x, HEIGHT - run.y)
    text.setFont(font_name(run.face), run.style.size)
    colour = _rgb(run.style.colour)
    text.setFillColorRGB(*colour)
    if run.spacing:
        text.setCharSpace(run.spacing)
    if thick:
        text.setTextRenderMode(FILLED_AND_DRAWN)
        text.setStrokeColorRGB(*colour)
        canvas.setLineWidth(run.style.size * STROKE)
    text.textOut(run.text)
    canvas.drawText(text)
    canvas.restoreState()
