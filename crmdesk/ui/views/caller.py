"""Left: who calls, what he owns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, Qt, Signal

from crmdesk.ui.delegates.facts import FactDelegate
from crmdesk.ui.itemmodels.facts import Fact
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.lists import ListPane
from crmdesk.ui.widgets.pane import Pane

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words
    from crmdesk.ui.views.presence import PresenceMarks


class FactList(ListPane):
    """The lines; Space or a click ticks a line of the verification.

    Signals:
        ticked(str, bool): template of the fact, and whether the caller knew it.
    """

    ticked = Signal(str, bool)

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(ink, parent, uniform=False)
        self.facts: RowsModel[Fact] = RowsModel(Fact.spoken, self)
        self.setModel(self.facts)
        self.setItemDelegate(FactDelegate(ink, self))

    def tick(self, row: int) -> None:
        """Change the tick of a line, if it has one."""
        fact = self.facts.rows[row] if 0 <= row < len(self.facts.rows) else None
        if fact is not None and fact.kind == "verify":
            self.ticked.emit(fact.key, not fact.on)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Space ticks."""
        if event.key() == Qt.Key.Key_Space:
            self.tick(self.current_row())
            return
        super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt: a click ticks."""
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.isValid():
            self.tick(index.row())


class CallerPane(Pane):
    """The record's left side.

    Signals:
        ticked(str, bool): see :class:`FactList`.
    """

    ticked = Signal(str, bool)

    def __init__(self, ink: Ink, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(ink, parent, heading=False)
        self._words = words
        self._presence: PresenceMarks | None = None
        self.list = FactList(ink, self)
        self.content.addWidget(self.list, 1)
        words.bind(self.list.setAccessibleName, word("Who calls and what he owns"))
        words.bind(
            self.list.setAccessibleDescription, word("Lines to read; Space ticks a line of the verification")
        )
        words.bind(
            self.list.set_hint, word("Nobody chosen yet.\nChoose who calls, or find the person with Ctrl+K.")
        )
        self.list.ticked.connect(self.ticked)

    def show_facts(self, facts: list[Fact]) -> None:
        """Show these lines from the top."""
        self.list.facts.show(facts)

    def refresh_facts(self, facts: list[Fact]) -> None:
        """Change lines in place; the current one stays."""
        rows = self.list.facts.rows
        if len(rows) != len(facts):
            self.show_facts(facts)
            return
        for number, fact in enumerate(facts):
            if rows[number] != fact:
                self.list.facts.replace(number, fact)

    def add_below(self, pane: QWidget) -> None:
        """Put one more pane below the lines, above who else is here."""
        self.content.insertWidget(1, pane)

    @property
    def presence(self) -> tuple[tuple[str, str], ...]:
        """Who else is at this record, as shown: (text, tone) pairs."""
        return self._presence.marks if self._presence is not None else ()

    def show_presence(self, marks: tuple[tuple[str, str], ...]) -> None:
        """Show who else is at this record: (text, tone) pairs."""
        if self._presence is None:
            if not marks:
                return
            from crmdesk.ui.views.presence import PresenceMarks

            self._presence = PresenceMarks(self.ink, self._words, self)
            self.content.addWidget(self._presence)
        self._presence.show_marks(marks)

    def to_verification(self) -> None:
        """Put the keyboard on the first fact to ask that is not ticked."""
        rows = self.list.facts.rows
        lines = [n for n, fact in enumerate(rows) if fact.kind == "verify"]
        if lines:
            target = next((n for n in lines if not rows[n].on), lines[0])
            index = self.list.facts.index(target)
            self.list.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
        self.list.setFocus(Qt.FocusReason.ShortcutFocusReason)
