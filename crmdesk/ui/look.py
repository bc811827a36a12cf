"""How the program looks: style, fonts, icons, colours and words, read once at start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.resources import resource
from crmdesk.ui.icons import Icons
from crmdesk.ui.painting import Ink
from crmdesk.ui.theme import THEMES, Fonts, load_fonts, palette
from crmdesk.ui.translation import Words, load_catalogue
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

_LATIN, _CHINESE = "Roboto", "WenQuanYi Micro Hei"
STYLE = ("-style", "Fusion")
"""Arguments for Qt's application. Set later, a style has Python make all of its enumerations: 10 ms."""


@dataclass(frozen=True)
class Look:
    """Words and ink, shared by everything shown."""

    words: Words
    ink: Ink


def dress(app: QApplication, language: str, theme: str) -> Look:
    """Give *app* its colours and fonts and return what the window needs.

    Args:
        app: the program, made with :data:`STYLE`; its palette and font are set.
        language: ``en`` or ``zh``.
        theme: ``light`` or ``dark``.
    """
    fonts_folder = resource("fonts")
    found = load_fonts(sorted(f for f in fonts_folder.iterdir() if f.suffix in {".ttf", ".otf", ".ttc"}))
    fonts = Fonts.of([name for name in (_LATIN, _CHINESE) if name in found] or found)
    app.setPalette(palette(THEMES[theme]))
    app.setFont(fonts.body)
    app.setApplicationName("crmdesk")
    words = Words(load_catalogue(resource("i18n", "zh_CN.json")), language)
    return Look(words, Ink(THEMES[theme], fonts, Icons.read(resource("icons"))))
