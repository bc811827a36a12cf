"""Fusion with two palettes of our own, two font sizes, two weights, steps of four pixels.

Colour carries meaning only (good, due, breach) and never alone. `tests/ui/test_theme.py` computes the
contrast of each pair used for text: at least 4.5:1 (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette

from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

BODY_PX = 14
HEAD_PX = 20


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of colours, ``#rrggbb``; the ``*_soft`` ones lie behind text of the same tone."""

    name: str
    window: str
    base: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    accent_soft: str
    on_accent: str
    good: str
    good_soft: str
    due: str
    due_soft: str
    breach: str
    breach_soft: str
    plain_soft: str
    selection: str

    def tone(self, tone: str) -> tuple[str, str]:
        """Return text and soft background colour of a tone: plain, accent, good, due or breach."""
        pairs = {
            "good": (self.good, self.good_soft),
            "due": (self.due, self.due_soft),
            "breach": (self.breach, self.breach_soft),
            "accent": (self.accent, self.accent_soft),
        }
        return pairs.get(tone, (self.text, self.plain_soft))


LIGHT = Theme(
    name="light",
    window="#eef1f4",
    base="#ffffff",
    raised="#f7f9fa",
    line="#d3dae1",
    text="#17212b",
    muted="#4c5966",
    accent="#0b5cad",
    accent_soft="#e0edfa",
    on_accent="#ffffff",
    good="#0c6b3e",
    good_soft="#ddf3e6",
    due="#7a4a00",
    due_soft="#fdeecb",
    breach="#a61b1b",
    breach_soft="#fce3e1",
    plain_soft="#e6ebf0",
    selection="#d5e6f8",
)
DARK = Theme(
    name="dark",
    window="#12171d",
    base="#1a2128",
    raised="#202932",
    line="#35414d",
    text="#e9eef3",
    muted="#a9b6c3",
    accent="#7ab8ff",
    accent_soft="#17324f",
    on_accent="#0c1520",
    good="#6ad79b",
    good_soft="#14382a",
    due="#ffc266",
    due_soft="#40300f",
    breach="#ff9c93",
    breach_soft="#4a1d1d",
    plain_soft="#2a3540",
    selection="#24425f",
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


def palette(theme: Theme) -> QPalette:
    """Return the palette that all widgets of Qt's own follow."""
    result = QPalette()
    role = QPalette.ColorRole
    for name, colour in (
        (role.Window, theme.window),
        (role.WindowText, theme.text),
        (role.Base, theme.base),
        (role.AlternateBase, theme.raised),
        (role.Text, theme.text),
        (role.Button, theme.raised),
        (role.ButtonText, theme.text),
        (role.BrightText, theme.breach),
        (role.ToolTipBase, theme.raised),
        (role.ToolTipText, theme.text),
        (role.PlaceholderText, theme.muted),
        (role.Highlight, theme.accent),
        (role.HighlightedText, theme.on_accent),
        (role.Link, theme.accent),
        (role.Accent, theme.accent),
        (role.Light, theme.raised),
        (role.Midlight, theme.line),
        (role.Mid, theme.line),
        (role.Dark, theme.line),
    ):
        result.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, name, QColor(theme.muted))
    return result


def load_fonts(files: Iterable[Path]) -> list[str]:
    """Register font files with the program and return the families they hold, in order."""
    families: list[str] = []
    for file in files:
        number = QFontDatabase.addApplicationFont(str(file))
        families += [name for name in QFontDatabase.applicationFontFamilies(number) if name not in families]
    return families


@dataclass(frozen=True)
class Fonts:
    """The two sizes and two weights there are."""

    body: QFont
    strong: QFont
    head: QFont

    @classmethod
    def of(cls, families: Sequence[str]) -> Fonts:
        """Return the fonts made of *families*: the Latin one first, then the one with Chinese."""

        def font(pixels: int, weight: QFont.Weight) -> QFont:
            made = QFont(list(families)) if families else QFont()
            made.setPixelSize(pixels)
            made.setWeight(weight)
            # A third less work for each text painted; scripts that need shaping still get it.
            # In shades of grey on every screen, as the pictures of words have to be.
            strategy = QFont.StyleStrategy
            made.setStyleStrategy(strategy.PreferNoShaping | strategy.NoSubpixelAntialias)
            return made

        return cls(
            body=font(BODY_PX, QFont.Weight.Normal),
            strong=font(BODY_PX, QFont.Weight.Bold),
            head=font(HEAD_PX, QFont.Weight.Bold),
        )


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours by WCAG 2.2: 1 (none) to 21."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    def linear(part: int) -> float:
        value = part / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
