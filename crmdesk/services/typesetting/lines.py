"""Breaking a text into lines: between words in Latin scripts, between signs in Chinese.

No line begins with a closing mark or ends with an opening one (禁则, as in GB/T 15834 and JIS X 4051). Lines
of Chinese but for the last are spaced to the full width, so that both edges are straight.
"""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter

from crmdesk.services.typesetting.faces import EAST_ASIAN, Faces
from crmdesk.services.typesetting.pages import Run, Style
from crmdesk.values import dataclass

_OPENING = "（《「『【〈〔“‘"
_CLOSING = "，。、；：？！）》」』】〉〕”’…—～·％"
_SPACE = " \t\n\u1680\u2000-\u2006\u2008-\u200a\u205f\u3000"
"""White space at which a line may end: all but what Unicode calls no-break."""
_WORD = rf"[^{_SPACE}{_OPENING}{_CLOSING}{EAST_ASIAN}][^{_SPACE}{_OPENING}{EAST_ASIAN}]*"
_ATOM = re.compile(rf"[{_SPACE}]+|[{_OPENING}]*(?:{_WORD}|.)[{_CLOSING},.;:!?)\]]*", re.DOTALL)
"""What is never divided: white space, a word, or a Chinese sign, with the marks that cling to it."""
_MOST_STRETCH = 4.0
"""How much a line is spaced at most, in sizes."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, not yet placed: its text, how wide it is, how much is added after each sign."""

    text: str
    width: float
    spacing: float = 0.0


@dataclass(frozen=True, slots=True)
class Setter:
    """Sets texts in one style; ``east``: the text is Chinese, with wide punctuation and straight edges."""

    faces: Faces
    style: Style
    east: bool = False

    def width(self, text: str) -> float:
        """Return how wide *text* is, in points."""
        chosen = self.faces.choose(text, bold=self.style.bold, east=self.east)
        shares = (self.faces.width(sign, face) for sign, face in zip(text, chosen, strict=True))
        return sum(shares) * self.style.size

    def lines(self, text: str, measure: float, indent: float = 0.0) -> list[Line]:
        """Break *text* into lines of at most *measure* points, the first one shorter by *indent*."""
        made: list[Line] = []
        begun, width, room = "", 0.0, measure - indent
        for atom in self._atoms(self.faces.shown(text.strip()), measure - indent):
            wide = self.width(atom)
            if begun and width + wide > room and not atom.isspace():
                made.append(self._filled(begun.rstrip(), room))
                begun, width, room = "", 0.0, measure
            if begun or not atom.isspace():
                begun, width = begun + atom, width + wide
        last = begun.rstrip()
        return [*made, Line(last, self.width(last))] if last else made

    def clipped(self, text: str, measure: float, most: int) -> list[Line]:
        """Break *text* into at most *most* lines; what does not fit is an ellipsis."""
        lines = self.lines(text, measure)
        if len(lines) <= most:
            return lines
        last = lines[most - 1].text
        while last and self.width(last + "…") > measure:
            last = last[:-1]
        return [*lines[: most - 1], Line(last + "…", self.width(last + "…"))]

    def runs(self, line: Line, x: float, y: float) -> list[Run]:
        """Return *line* with its left end at *x* on the base line *y*."""
        chosen = self.faces.choose(line.text, bold=self.style.bold, east=self.east)
        made = []
        for face, signs in groupby(zip(chosen, line.text, strict=True), itemgetter(0)):
            text = "".join(sign for _, sign in signs)
            made.append(Run(x, y, text, face, self.style, line.spacing))
            size = self.style.size
            x += sum(self.faces.width(sign, face) * size + line.spacing for sign in text)
        return made

    def _filled(self, text: str, measure: float) -> Line:
        width = self.width(text)
        missing = measure - width
        if not self.east or len(text) < 2 or not 0 < missing <= _MOST_STRETCH * self.style.size:
            return Line(text, width)
        return Line(text, measure, missing / (len(text) - 1))

    def _atoms(self, text: str, measure: float) -> list[str]:
        """Return what stays together; a word longer than a line falls into its signs."""
        atoms: list[str] = []
        for atom in _ATOM.findall(text):
            fits = len(atom) * self.style.size < measure or self.width(atom) <= measure
            atoms += [atom] if fits or atom.isspace() else list(atom)
        return atoms
