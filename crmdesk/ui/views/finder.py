"""Find anything: the box in the top line and what it finds below it, in the window, never a dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal

from crmdesk.models.screen_pop import Found, FoundComplaint
from crmdesk.ui.delegates.home import HEIGHT, Line, LineDelegate
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.masking import masked_number
from crmdesk.ui.numbers import grouped
from crmdesk.ui.painting import plain
from crmdesk.ui.translation import word
from crmdesk.ui.vocabulary import TIERS, said
from crmdesk.ui.widgets.lists import ListPane
from crmdesk.ui.widgets.pane import Pane
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.screen_pop import FoundPage
    from crmdesk.ui.actions import Command
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words
    from crmdesk.ui.widgets.inputs import SearchBox

_SEARCH_MS = 30
_COMMANDS = 6
_TYPED = 7
"""Whoever types so many digits of a number knows it."""


@dataclass(frozen=True, slots=True)
class Runnable:
    """A command as a hit: its id and words, in the language of the screen and in English."""

    id: str
    text: str
    english: str
    key: str


@dataclass(frozen=True, slots=True)
class Nobody:
    """The row for somebody who is not there yet: the words searched for."""

    text: str


class Finder(Pane):
    """The hits under the box.

    Signals:
        new_wanted(str): nobody fits; open the form for somebody new with these words.
        searched(str): words to search for, throttled to the last ones.
        found(Found): a customer was chosen.
        complaint_found(UUID): a complaint was chosen.
        command(str): a command was chosen.
    """

    searched = Signal(str)
    found = Signal(object)
    complaint_found = Signal(object)
    command = Signal(str)
    new_wanted = Signal(str)

    def __init__(
        self, ink: Ink, words: Words, box: SearchBox, commands: tuple[Command, ...], parent: QWidget
    ) -> None:
        super().__init__(ink, parent)
        self._words = words
        self._around = parent
        self._box = box
        self._commands = commands
        self._found: list[Line] = []
        self._before: QWidget | None = None
        self.model: RowsModel[Line] = RowsModel(Line.spoken, self)
        self.list = ListPane(ink, self)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setModel(self.model)
        self.list.setItemDelegate(LineDelegate(ink, HEIGHT, self.list))
        self.content.addWidget(self.list)
        self._throttle = QTimer(self, singleShot=True, interval=_SEARCH_MS)
        self._throttle.timeout.connect(self._search)
        words.bind(self.set_heading, word("Found"))
        words.bind(self.list.setAccessibleName, word("Found"))
        words.bind(
            self.list.setAccessibleDescription,
            word("Customers and commands; arrows in the box choose, Enter opens"),
        )
        words.bind(
            self.list.set_hint,
            word(
                "Nothing found.\nA name, pinyin, initials, some digits of a number, a plate or a VIN will do."
            ),
        )
        box.textEdited.connect(self._on_edited)
        box.steered.connect(self._on_steered)
        box.entered.connect(self._on_entered)
        self.list.clicked.connect(lambda index: self._choose(index.row()))
        self.hide()

    def open(self, before: QWidget | None) -> None:
        """Put the keyboard into the box; *before* gets it back when it closes."""
        if before is not self._box:
            self._before = before
        self._box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._box.selectAll()
        if self._box.text().strip():
            self._popup()

    def catch_up(self) -> None:
        """Search for what was typed before there was a finder."""
        self._on_edited(self._box.text())

    def close_hits(self) -> bool:
        """Hide the hits; return whether they were shown."""
        was_open = not self.isHidden()
        self.hide()
        return was_open

    def leave(self) -> None:
        """Clear the box and give the keyboard back."""
        self.hide()
        self._box.clear()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self._before = None

    def show_found(self, page: FoundPage) -> None:
        """Show what was found, then the commands that match."""
        self._found = [self._complaint(found) for found in page.complaints]
        self._found += [self._line(found) for found in page.items]
        self._refill()
        self.set_aside(self._words.tr("more than these: type further") if page.more else "")
        if self._box.text().strip():
            self._popup()

    def place(self) -> None:
        """Stand below the box."""
        parent = self._around
        width = max(560, self._box.width())
        corner = self._box.mapTo(parent, QPoint(self._box.width() - width, self._box.height() + 4))
        height = min(parent.height() - corner.y() - 60, 36 + HEIGHT * (min(9, len(self.model.rows)) or 2))
        self.setGeometry(max(0, corner.x()), corner.y(), width, height)

    def _popup(self) -> None:
        self.place()
        self.show()
        self.raise_()

    def _on_edited(self, text: str) -> None:
        if text.strip():
            self._throttle.start()
        else:
            self._throttle.stop()
            self.hide()

    def _search(self) -> None:
        self.searched.emit(self._box.text().strip())

    def _refill(self) -> None:
        rows = self._found + self._runnable()
        self.model.show(rows or [self._nobody()])
        self.list.choose_row(0)

    def _runnable(self) -> list[Line]:
        wanted = self._box.text().strip().casefold()
        hits = []
        for command in self._commands:
            text = self._words.tr(command.text).replace("&", "")
            if len(wanted) > 1 and (wanted in text.casefold() or wanted in command.text.casefold()):
                key = command.keys[0] if command.keys else ""
                source = Runnable(command.id, text, command.text, key)
                hits.append(
                    Line(source, "command", text, self._words.tr(command.tip or command.text), aside=key)
                )
        return hits[:_COMMANDS]

    def _nobody(self) -> Line:
        text = plain(self._box.text().strip())
        return Line(
            source=Nobody(text),
            icon="person",
            text=self._words.tr("New person: {name}", name=text),
            below=self._words.tr("Nothing found; pinyin, initials, some digits or a plate will do, too"),
            aside="Ctrl+N",
        )

    def _line(self, found: Found) -> Line:
        return Line(
            source=found,
            icon="company" if found.kind == "company" else "person",
            text=plain(found.name),
            alt=plain(found.name_alt),
            below=self._detail(found.detail),
            aside=said(self._words, TIERS, found.tier),
            aside_below=self._words.text(found.why),
        )

    def _complaint(self, found: FoundComplaint) -> Line:
        return Line(
            source=found,
            icon="complaint",
            text=found.number,
            alt=plain(found.customer),
            below=self._words.pick(found.state_en, found.state_zh),
            aside_below=self._words.tr("number"),
            tone="due",
        )

    def _detail(self, detail: str) -> str:
        """Return plate, code or number; a number that was not typed is shown as its head and tail."""
        text = plain(grouped(detail))
        digits = "".join(c for c in self._box.text() if c.isdigit())
        typed = len(digits) >= _TYPED and digits in "".join(c for c in text if c.isdigit())
        return text if typed or any(c.isalpha() for c in text) else masked_number(text)

    def _on_steered(self, step: int) -> None:
        last = len(self.model.rows) - 1
        self.list.choose_row(min(max(0, self.list.current_row() + step), last))

    def _on_entered(self) -> None:
        if self._throttle.isActive():
            self._throttle.stop()
            self._search()
        elif not self.isHidden():
            self._choose(max(0, self.list.current_row()))

    def _choose(self, row: int) -> None:
        if not 0 <= row < len(self.model.rows):
            return
        source = self.model.rows[row].source
        self.leave()
        if isinstance(source, Found):
            self.found.emit(source)
        elif isinstance(source, FoundComplaint):
            self.complaint_found.emit(source.id)
        elif isinstance(source, Runnable):
            self.command.emit(source.id)
        elif isinstance(source, Nobody):
            self.new_wanted.emit(source.text)
