"""What stands where on a sheet of paper; whoever prints or paints it needs nothing else.

All lengths are points (1/72 inch), counted from the left and the upper edge of the sheet.
"""

from __future__ import annotations

from crmdesk.values import dataclass

MM = 72 / 25.4
WIDTH, HEIGHT = 210 * MM, 297 * MM
"""A4."""

LATIN, BOLD, CJK = "latin", "bold", "cjk"
"""The faces. The Chinese one has a single weight: its bold is drawn with :data:`STROKE`."""
FILES = {LATIN: "Roboto-Regular.ttf", BOLD: "Roboto-Bold.ttf", CJK: "wqy-microhei.ttc"}
STROKE = 0.03
"""Width of the line around a bold Chinese sign, as a share of its size."""


@dataclass(frozen=True, slots=True)
class Style:
    """How signs look: size in points, colour ``#rrggbb``."""

    size: float
    bold: bool = False
    colour: str = "#17212b"


@dataclass(frozen=True, slots=True)
class Run:
    """Signs of one face on one base line; ``spacing`` points are added after each of them."""

    x: float
    y: float
    text: str
    face: str
    style: Style
    spacing: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    colour: str


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet."""

    runs: tuple[Run, ...]
    rules: tuple[Rule, ...] = ()
