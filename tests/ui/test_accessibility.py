"""Every control says its name and what it does; Tab goes as one reads."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QToolButton,
    QWidget,
)

from tests.ui import sample
from tests.ui.conftest import Seat

_CONTROLS = (QAbstractItemView, QComboBox, QLineEdit, QPlainTextEdit, QTabBar, QTextEdit, QToolButton)


def _ours(widget: QWidget) -> bool:
    """Leave out what Qt makes inside of its own controls."""
    parent = widget.parentWidget()
    return (
        not widget.objectName().startswith("qt_")
        and not isinstance(parent, QLineEdit | QComboBox | QTabBar)
        and not (parent is not None and parent.metaObject().className() == "QComboBoxPrivateContainer")
    )


def unnamed(window: QWidget) -> list[str]:
    """Return the controls of *window* that say neither their name nor what they do."""
    silent = []
    for widget in window.findChildren(QWidget):
        focusable = widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        named = widget.accessibleName() and widget.accessibleDescription()
        if _ours(widget) and (isinstance(widget, _CONTROLS) or focusable) and not named:
            silent.append(f"{type(widget).__name__} {widget.accessibleName()!r}")
    return silent


def test_every_control_has_a_name_and_a_description(seat: Seat) -> None:
    assert unnamed(seat.window) == []
    seat.ring(sample.pop(), "talking")
    seat.ring(sample.second_pop())
    seat.key(Qt.Key.Key_F9)
    assert unnamed(seat.window) == []


def test_the_band_says_caller_and_badges(seat: Seat) -> None:
    seat.ring(sample.pop())
    spoken = seat.parts.band.places[0].accessibleName()
    for part in ("Ringing", "陈静怡", "Chen Jingyi", "Key account", "1 open issue", "138 1234 5678"):
        assert part in spoken


def test_rows_are_spoken(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    timeline = seat.parts.timeline.model
    role = Qt.ItemDataRole.AccessibleTextRole
    assert "Complaint" in timeline.data(timeline.index(1), role)
    assert "罗倩" in timeline.data(timeline.index(1), role)
    answers = seat.parts.answers.model
    assert "Oil under the car" in answers.data(answers.index(1), role)


def test_tab_goes_as_one_reads(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    parts = seat.parts
    order = [
        parts.caller.list,
        parts.timeline.list,
        parts.answers.search,
        parts.note.edit(1),
        parts.wrap_up.box,
    ]
    seen: list[QWidget] = []
    parts.caller.list.setFocus()
    for _ in range(40):
        focus = seat.focus()
        if focus in order and focus not in seen:
            seen.append(focus)
        seat.key(Qt.Key.Key_Tab)
    assert seen == order
