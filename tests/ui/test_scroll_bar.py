"""The scroll bar we paint ourselves."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QStyle, QStyleFactory, QStyleOptionSlider
from pytestqt.qtbot import QtBot

from crmdesk.ui.look import Look
from crmdesk.ui.widgets.scroll_bar import SlimScrollBar


@pytest.mark.parametrize(
    ("height", "most", "page", "value"),
    [
        (400, 1000, 400, 0),
        (400, 1000, 400, 500),
        (400, 1000, 400, 1000),
        (400, 90_000, 400, 45_001),
        (90, 7, 300, 3),
        (50, 10, 1, 5),
    ],
)
def test_the_handle_is_painted_where_the_mouse_finds_it(
    qtbot: QtBot, look: Look, height: int, most: int, page: int, value: int
) -> None:
    bar = SlimScrollBar(look.ink)
    qtbot.addWidget(bar)
    style = QStyleFactory.create("Fusion")
    bar.setStyle(style)
    bar.setRange(0, most)
    bar.setPageStep(page)
    bar.setValue(value)
    bar.resize(12, height)
    option = QStyleOptionSlider()
    bar.initStyleOption(option)
    expected = style.subControlRect(
        QStyle.ComplexControl.CC_ScrollBar, option, QStyle.SubControl.SC_ScrollBarSlider, bar
    )
    assert bar.handle() == expected
