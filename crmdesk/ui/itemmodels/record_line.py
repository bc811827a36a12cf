"""A line of a complaint's file or trail, in words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST = 800
"""Characters of a text that one line shows; where nothing else is narrower they stay below a screen."""
_BREAK = 20
"""So many characters a line break counts for."""
_ENDS = (re.compile(r"[。！？；]|[.!?;]\s"), re.compile(r"\s"))
"""Of sentences, of words."""
_GOES_ON = {"log": "text", "alert": "text"}


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One line.

    ``kind`` is section, text, quiet, line, remedy, link, letter, mark, file, log, clock, detail, event or
    alert; ``label`` stands before, ``aside`` at the right of ``text``. ``percent`` fills the bar of a clock,
    -1: it has stopped, or of a file that is being fetched. ``source`` is what a key on the line is about:
    opened, unfolded, marked as done.
    """

    kind: str
    text: str
    label: str = ""
    aside: str = ""
    icon: str = ""
    tone: str = "plain"
    percent: int = 0
    source: object = None
    unfolded: bool = False

    def spoken(self) -> str:
        """Return the line as it is read aloud."""
        percent = f"{self.percent} %" if self.kind == "clock" and self.percent >= 0 else ""
        return ", ".join(part for part in (self.label, self.text, percent, self.aside) if part)


def passages(text: str) -> Iterator[str]:
    """Yield *text* in passages that can be painted and read one by one; together they are the text.

    A passage ends with a line where it can, else with a sentence or a word.
    """
    begin = 0
    while (end := _reach(text, begin)) < len(text):
        cut = _cut(text, begin, end)
        yield text[begin:cut]
        begin = cut
    yield text[begin:]


def whole(lines: Iterable[RecordLine]) -> Iterator[RecordLine]:
    """Yield *lines*; one with a long text goes on in lines below it, so that nothing of it is cut."""
    for line in lines:
        first, *others = passages(line.text)
        yield line if not others else replace(line, text=first)
        kind = _GOES_ON.get(line.kind, line.kind)
        for text in others:
            yield RecordLine(kind, text, tone=line.tone, source=line.source)


def _reach(text: str, begin: int) -> int:
    """Return where a passage that begins at *begin* has to end."""
    room = end = 0
    for end in range(begin, min(len(text), begin + _MOST)):
        room += _BREAK if text[end] == "\n" else 1
        if room > _MOST:
            return end
    return min(len(text), begin + _MOST)


def _cut(text: str, begin: int, end: int) -> int:
    """Return the best place between *begin* and *end* to end a passage."""
    line = text.rfind("\n", begin + 1, end)
    if line > 0:
        return line + 1
    for kind in _ENDS:
        found = [each.end() for each in kind.finditer(text, begin + _MOST // 2, end)]
        if found:
            return found[-1]
    return end
