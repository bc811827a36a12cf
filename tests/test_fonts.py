"""The bundled fonts: Qt knows them by the names we use, they have the characters, a PDF can embed them."""

from pathlib import Path

import pytest
from PySide6.QtGui import QFont, QFontDatabase, QRawFont
from pytestqt.qtbot import QtBot
from reportlab.pdfbase.ttfonts import TTFont

from crmdesk.resources import resource

FONTS = sorted(path.name for path in resource("fonts").iterdir() if path.suffix in {".ttf", ".ttc"})
FAMILIES = {"Roboto", "WenQuanYi Micro Hei"}
SIMPLIFIED = "您好，客户投诉：保养到期、发动机异响。沪浙"
TRADITIONAL = "您好，客戶投訴：保養到期、發動機異響。滬浙"


@pytest.mark.parametrize("name", FONTS)
def test_qt_loads_the_font_under_a_family_we_use(qtbot: QtBot, name: str) -> None:
    number = QFontDatabase.addApplicationFont(str(resource("fonts", name)))
    try:
        assert FAMILIES & set(QFontDatabase.applicationFontFamilies(number))
    finally:
        QFontDatabase.removeApplicationFont(number)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wqy-microhei.ttc", SIMPLIFIED),
        ("wqy-microhei.ttc", TRADITIONAL),
        ("Roboto-Regular.ttf", "Zoë Müller–Łódź €150 № 7"),
        ("Roboto-Medium.ttf", "Zoë Müller"),
        ("Roboto-Bold.ttf", "Zoë Müller"),
    ],
)
def test_every_character_has_a_glyph(qtbot: QtBot, name: str, text: str) -> None:
    font = QRawFont(str(resource("fonts", name)), 15, QFont.HintingPreference.PreferDefaultHinting)
    missing = [char for char in text if not font.supportsCharacter(ord(char))]
    assert font.isValid()
    assert not missing


def test_digits_have_one_width(qtbot: QtBot) -> None:
    font = QRawFont(str(resource("fonts", "Roboto-Regular.ttf")), 100)
    widths = {point.x() for point in font.advancesForGlyphIndexes(font.glyphIndexesForString("0123456789"))}
    assert len(widths) == 1


@pytest.mark.parametrize("name", FONTS)
def test_a_pdf_can_embed_the_font(name: str) -> None:
    assert TTFont(f"probe-{name}", str(resource("fonts", name)), subfontIndex=0).face.defaultWidth > 0


def test_licence_and_origin_travel_along() -> None:
    text = resource("fonts", "FONTS.md").read_text(encoding="utf-8")
    assert all(name in text for name in FONTS)
    assert "Apache License" in Path(resource("fonts", "LICENSE.txt")).read_text(encoding="utf-8")
