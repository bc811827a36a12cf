"""A line of a complaint's file or trail, in words."""

from __future__ import annotations

from crmdesk.values import dataclass


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One line.

    ``kind`` is section, text, quiet, line, remedy, link, letter, mark, file, log, clock, detail, event or
    alert; ``label`` stands before, ``aside`` at the right of ``text``. ``percent`` fills the bar of a clock,
    -1: it has stopped. ``source`` is what a key on the line is about: opened, unfolded, marked as done.
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
