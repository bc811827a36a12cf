"""Widths added up from characters are those that Qt measures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
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


@given(
    text=st.text(st.sampled_from("漏油，。（）客户 abc To1km-i"), max_size=120), width=st.integers(20, 300)
)
def test_lines_fit_and_keep_the_text(qapp: QApplication, text: str, width: int) -> None:
    font = QFont(qapp.font())
    font.setPixelSize(14)
    measures = Measures(font)
    lines = measures.lines(text, width, 99)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(measures.horizontalAdvance(line) <= width + 1 for line in lines)
    few = measures.lines(text, width, 2)
    assert len(few) <= 2
    assert few[:1] == lines[:1] or len(lines) == 1 or few == lines[:2]
    assert len(lines) <= 2 or few[1].endswith(ELLIPSIS)


def test_lines_end_where_one_may_part_them(font: QFont) -> None:
    measures = Measures(font)
    width = measures.horizontalAdvance("客户不满意")
    assert measures.lines("客户不满意，要求答复", width, 3) == ["客户不满", "意，要求答", "复"]
    assert measures.lines("客户不满（再次漏油）", width, 3) == ["客户不满", "（再次漏", "油）"]
    words = measures.horizontalAdvance("three weeks a")
    assert measures.lines("three weeks ago it", words, 2) == ["three weeks", "ago it"]
    assert measures.lines("", words, 2) == []
