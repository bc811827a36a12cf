"""Widths added up from characters are those that Qt measures."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QApplication

from crmdesk.ui.measures import ELLIPSIS, Measures

TEXTS = (
    "客户非常不满，三十天内第三次为漏油来电，要求主管答复并提供代步车。",
    "Gasket was replaced three weeks ago and it drips again. AVATAR To We",
    "26 700 km：更换机油机滤 · Oil filter",
    "i",
)


@pytest.fixture
def font(qapp: QApplication) -> QFont:
    font = QFont(qapp.font())
    font.setPixelSize(14)
    return font


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_as_wide_as_its_characters(font: QFont, text: str) -> None:
    whole = QFontMetrics(font).horizontalAdvance(text)
    assert abs(Measures(font).horizontalAdvance(text) - whole) <= 2 + whole // 40


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("width", [20, 80, 200])
def test_a_cut_text_fits(font: QFont, text: str, width: int) -> None:
    measures = Measures(font)
    cut, used = measures.cut(text, width)
    plain = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, width)
    assert used <= width
    assert measures.horizontalAdvance(cut) <= width
    assert cut == text or cut.endswith(ELLIPSIS)
    assert abs(len(cut) - len(plain)) <= 1 + len(plain) // 20


def test_a_text_that_fits_stays_whole(font: QFont) -> None:
    measures = Measures(font)
    assert measures.cut("漏油", 200) == ("漏油", measures.horizontalAdvance("漏油"))
    assert measures.cut("", 200) == ("", 0)


@pytest.mark.parametrize("text", TEXTS)
def test_the_head_fills_the_width(font: QFont, text: str) -> None:
    measures = Measures(font)
    head = measures.head(text * 100, 300)
    assert (text * 100).startswith(head)
    assert measures.horizontalAdvance(head) >= 290
