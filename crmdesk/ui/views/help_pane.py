"""F4: whom to ask for help, who was asked, and who comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel

from crmdesk.ui.delegates.home import HEIGHT, Line, LineDelegate
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.translation import word
from crmdesk.ui.views.home import FilteredList
from crmdesk.ui.widgets.floating import FloatingPane
from crmdesk.ui.widgets.lists import ListPane
from crmdesk.ui.widgets.pane import HEADING, MARGIN, Pane

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.presenters.workplace import Tools

_SIZE = (640, 560)
_SHOWN = 3


class RequestList(ListPane):
    """Requests for help.

    Signals:
        dropped(int): Delete on a row.
    """

    dropped = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Delete takes a request back."""
        if event.key() == Qt.Key.Key_Delete and self.current_row() >= 0:
            self.dropped.emit(self.current_row())
            return
        super().keyPressEvent(event)


class HelpPane(FloatingPane):
    """Requests under way above, whom to ask below.

    Signals:
        asked(object): the source of the line chosen; ask there.
        request_entered(int), request_dropped(int): Enter or Delete on a request.
    """

    asked = Signal(object)
    request_entered = Signal(int)
    request_dropped = Signal(int)

    def __init__(self, tools: Tools, around: QWidget, top: QWidget) -> None:
        super().__init__(tools.ink, around, top, _SIZE)
        ink, words = tools.ink, tools.words
        self._words = words
        self._requests_pane = Pane(ink, self)
        self.request_lines: RowsModel[Line] = RowsModel(Line.spoken, self)
        self.requests = RequestList(ink, self._requests_pane)
        self.requests.setModel(self.request_lines)
        self.requests.setItemDelegate(LineDelegate(ink, HEIGHT, self.requests))
        self._requests_pane.content.addWidget(self.requests)
        self._helpers_pane = Pane(ink, self)
        self.helpers = FilteredList(ink, self._helpers_pane)
        self.about = QLabel(self._helpers_pane)
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.about.setMargin(MARGIN)
        self._helpers_pane.content.addWidget(self.helpers, 1)
        self._helpers_pane.content.addWidget(self.about)
        self.content.setContentsMargins(8, HEADING + 1, 8, 8)
        self.content.setSpacing(4)
        self.content.addWidget(self._requests_pane)
        self.content.addWidget(self._helpers_pane, 1)
        self._name()
        self.requests.entered_row.connect(self.request_entered)
        self.requests.dropped.connect(self.request_dropped)
        self.helpers.entered_row.connect(lambda row: self.asked.emit(self.helpers.lines.rows[row].source))
        self.helpers.filtered.connect(self._tell_filter)

    def current_helper(self) -> object | None:
        """Return the source of the line chosen, None without."""
        row = self.helpers.current_row()
        return self.helpers.lines.rows[row].source if row >= 0 else None

    def show_requests(self, lines: list[Line]) -> None:
        """Show these requests; none hides their list."""
        row = self.requests.current_row()
        inside = self.requests.hasFocus()
        if inside and not lines:
            self.helpers.setFocus(Qt.FocusReason.OtherFocusReason)
        self.request_lines.show(lines)
        self.requests.choose_row(min(max(0, row), len(lines) - 1))
        self._requests_pane.setVisible(bool(lines))
        self._requests_pane.setFixedHeight(HEADING + 4 + HEIGHT * min(_SHOWN, max(1, len(lines))))

    def show_helpers(self, lines: list[Line]) -> None:
        """Show who can be asked; the row that was current stays so."""
        row = self.helpers.current_row()
        self.helpers.show_lines(lines)
        self.helpers.choose_row(min(max(0, row), len(self.helpers.lines.rows) - 1))

    def show_about(self, text: str) -> None:
        """Say what goes along with a request."""
        self.about.setText(text)

    def take_keyboard(self) -> None:
        """Put the keyboard on the requests under way, else on whom to ask."""
        first: ListPane = self.requests if self.request_lines.rows else self.helpers
        first.choose_row(max(0, first.current_row()))
        first.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def clear_filter(self) -> bool:
        """Clear what was typed to filter; return whether there was anything."""
        if not self.helpers.filter_text:
            return False
        self.helpers.filter("")
        self.helpers.choose_row(0)
        return True

    def _tell_filter(self, text: str) -> None:
        told = self._words.tr("Filter: {text}", text=text) if text else ""
        self._helpers_pane.set_aside(told or self._words.tr("Enter asks · Ctrl+Enter asks urgently"))
        self.helpers.choose_row(0)

    def _name(self) -> None:
        words = self._words
        words.bind(self.set_heading, word("Help"))
        words.bind(self.set_aside, word("Esc closes"))
        words.bind(self._requests_pane.set_heading, word("Requests for help"))
        words.bind(self._requests_pane.set_aside, word("Enter goes there · Del takes back"))
        words.bind(self._helpers_pane.set_heading, word("Whom to ask"))
        words.bind(self._helpers_pane.set_aside, word("Enter asks · Ctrl+Enter asks urgently"))
        words.bind(self.helpers.set_hint, word("Nobody can be asked at present."))
        for part, name, description in (
            (self.requests, word("Requests for help"), word("Enter goes there, Del takes a request back")),
            (
                self.helpers,
                word("Whom to ask"),
                word("Enter asks, Ctrl+Enter asks urgently; typing filters names"),
            ),
        ):
            words.bind(part.setAccessibleName, name)
            words.bind(part.setAccessibleDescription, description)
