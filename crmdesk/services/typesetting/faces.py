"""How wide signs are, and which of the shipped faces has them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from crmdesk.resources import resource
from crmdesk.services.typesetting.pages import BOLD, CJK, FILES, LATIN

if TYPE_CHECKING:
    from collections.abc import Iterator

EAST_ASIAN = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
"""For a character class: scripts that break anywhere between two signs."""
MISSING = "□"
"""Printed instead of a sign that no face has, so that a reader sees that something stood there."""
_BOTH_WIDTHS = frozenset("“”‘’…—·")
"""Punctuation that is wide among Chinese and narrow among Latin letters."""


class Faces:
    """The shipped fonts as a printer knows them.

    Making one reads the files: 200 ms of CPU, and 100 more the first time for the PDF library. It does not
    change afterwards, any thread may ask it.
    """

    def __init__(self) -> None:
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont

        self._widths: dict[str, dict[int, float]] = {}
        self._usual: dict[str, float] = {}
        for face, file in FILES.items():
            font: Any = TTFont(font_name(face), str(resource("fonts", file)), subfontIndex=0)
            pdfmetrics.registerFont(font)
            self._widths[face] = font.face.charWidths
            self._usual[face] = font.face.defaultWidth

    def width(self, sign: str, face: str) -> float:
        """Return the width of *sign* as a share of the size."""
        return self._widths[face].get(ord(sign), self._usual[face]) / 1000

    def has(self, sign: str) -> bool:
        """Return whether any face can show *sign*."""
        return ord(sign) in self._widths[LATIN] or ord(sign) in self._widths[CJK]

    def shown(self, text: str) -> str:
        """Return *text* with :data:`MISSING` for every sign that no face has."""
        return "".join(sign if self.has(sign) else MISSING for sign in text)

    def choose(self, text: str, *, bold: bool, east: bool) -> Iterator[str]:
        """Yield the face of each sign of *text*; ``east``: the text around it is Chinese."""
        latin = BOLD if bold else LATIN
        latin_signs = self._widths[latin]
        for place, sign in enumerate(text):
            wide = east and sign in _BOTH_WIDTHS and not _inside_word(text, place)
            yield latin if ord(sign) in latin_signs and not wide else CJK


def _inside_word(text: str, place: int) -> bool:
    """Return whether Latin letters stand on both sides, as in ``isn’t``."""
    around = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
    return len(around) == 2 and around.isascii() and around.isalnum()


def font_name(face: str) -> str:
    """Return by what name the PDF library knows *face*."""
    return f"crmdesk-{face}"


@cache
def shipped_faces() -> Faces:
    """Return the faces, read once in a process."""
    return Faces()
