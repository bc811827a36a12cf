"""The one window: composition and wiring, nothing else."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QMenuBar, QVBoxLayout, QWidget

from crmdesk.models.types import utc_now
from crmdesk.ui.actions import Actions
from crmdesk.ui.cards import CardsOf
from crmdesk.ui.moments import Moments
from crmdesk.ui.operations import Operations
from crmdesk.ui.parts import Parts
from crmdesk.ui.presenters.calls import CallsPresenter
from crmdesk.ui.presenters.commands import CommandsPresenter
from crmdesk.ui.presenters.home import HomePresenter
from crmdesk.ui.presenters.notes import NotesPresenter
from crmdesk.ui.presenters.record import RecordPresenter
from crmdesk.ui.presenters.workplace import Workplace
from crmdesk.ui.presenters.wrap_up import WrapUpPresenter
from crmdesk.ui.slots import Slots
from crmdesk.ui.theme import DARK, LIGHT, THEMES, palette
from crmdesk.ui.translation import CHINESE, ENGLISH, word
from crmdesk.ui.widgets.inputs import Composing, Reserved

if TYPE_CHECKING:
    from datetime import tzinfo

    from PySide6.QtGui import QCloseEvent, QResizeEvent

    from crmdesk.models.changes import ChangeSet
    from crmdesk.models.screen_pop import ScreenPop
    from crmdesk.models.types import Clock
    from crmdesk.ui.bridge import Bridge
    from crmdesk.ui.desk import Desk
    from crmdesk.ui.moments import Monotonic
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.slots import Slot
    from crmdesk.ui.translation import Words


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """What a site or a person chooses: ``open_on_ring`` shows the record while the telephone still rings."""

    zone: tzinfo = UTC
    open_on_ring: bool = True
    restore_drafts: bool = True


class MainWindow(QMainWindow):
    """Everything an agent sees.

    Signals:
        painted(str): the paint that followed :meth:`show_pop` is on the screen; the key of the call.
        look_changed(str, str): language and theme chosen by the agent, to be remembered.
        closing(): the window was closed by hand.
    """

    painted = Signal(str)
    look_changed = Signal(str, str)
    closing = Signal()

    def __init__(
        self,
        desk: Desk,
        bridge: Bridge,
        words: Words,
        ink: Ink,
        options: WindowOptions = WindowOptions(),
        clock: Clock = utc_now,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        super().__init__()
        self._desk = desk
        self._bridge = bridge
        self.words = words
        self.ink = ink
        self._options = options
        self._awaiting_paint = ""
        moments = Moments(words, clock, options.zone)
        self._cards = CardsOf(words, moments)
        composing, reserved = Composing(), Reserved()
        self.actions_map = Actions(self, words, composing, self._run_command)
        reserved.set(self.actions_map.keys())
        self.parts = Parts.build(self, ink, words, moments, self.actions_map, composing, reserved)
        self.slots = Slots()
        self.operations = Operations(bridge)
        self._present(moments, monotonic)
        self._compose()
        self._wire()
        self.use_theme(ink.theme.name)
        self.parts.stage.present(self.parts.home)
        self.parts.box.setFocus()

    def start(self) -> None:
        """Ask for what the first screen needs; call after :meth:`show`."""
        self.home.refresh()
        self.operations.run(self._desk.dispositions(), self.wrap_up.offer)
        if self._options.restore_drafts:
            self.notes.take_over()

    def show_pop(self, pop: ScreenPop) -> Slot | None:
        """Show a call; :attr:`painted` tells when it is on the screen."""
        self._awaiting_paint = pop.call_key
        return self.calls.popped(pop)

    def use_theme(self, name: str) -> None:
        """Use the theme ``light`` or ``dark`` from now on."""
        theme = THEMES[name]
        QApplication.setPalette(palette(theme))
        self.ink.use(theme)
        # The only style sheet: Fusion would draw a line below the menu.
        self._menu.setStyleSheet(
            f"QMenuBar {{ border: none; background: transparent; color: {theme.text} }}"
            "QMenuBar::item { padding: 4px 8px; background: transparent }"
            f"QMenuBar::item:selected {{ background: {theme.selection} }}"
        )

    def event(self, event: QEvent) -> bool:
        """Qt: all painting of a window happens while it handles an UpdateRequest."""
        result = super().event(event)
        if self._awaiting_paint and event.type() == QEvent.Type.UpdateRequest:
            key, self._awaiting_paint = self._awaiting_paint, ""
            self.painted.emit(key)
        return result

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt: what floats over the window keeps its place."""
        super().resizeEvent(event)
        self.ink.ratio = self.devicePixelRatioF()
        for floating in (self.parts.finder, self.parts.keys, self.parts.messages):
            if not floating.isHidden():
                floating.place()

    def changeEvent(self, event: QEvent) -> None:
        """Qt: once the window is in front the strip is not needed."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.parts.strip.hide()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Qt: keep what was typed; nothing is asked."""
        self.notes.save_all()
        self.parts.strip.close()
        self.closing.emit()
        super().closeEvent(event)

    def _present(self, moments: Moments, monotonic: Monotonic) -> None:
        place = Workplace(self.parts, self.slots, self._desk, self.operations, self.words, moments, monotonic)
        self.record = RecordPresenter(place)
        self.notes = NotesPresenter(place)
        self.wrap_up = WrapUpPresenter(place)
        self.calls = CallsPresenter(
            place, self.record, self.notes, self.wrap_up, open_on_ring=self._options.open_on_ring
        )
        self.commands = CommandsPresenter(place, self.calls, self.record, self.notes, self.wrap_up)
        self.home = HomePresenter(place)
        presenters = (self.record, self.notes, self.wrap_up, self.calls, self.commands, self.home)
        for part in (self.operations, *presenters):
            part.setParent(self)

    def _compose(self) -> None:
        parts = self.parts
        bar = self._menu = QMenuBar(self)
        bar.setNativeMenuBar(False)
        self.actions_map.fill(bar, self.words)
        self.words.bind(bar.setAccessibleName, word("Menu"))
        self.words.bind(bar.setAccessibleDescription, word("Every action with its key"))
        top = QWidget(self)
        line = QHBoxLayout(top)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(bar, 1, Qt.AlignmentFlag.AlignVCenter)
        parts.box.setParent(top)
        parts.box.setFixedWidth(400)
        line.addWidget(parts.box)
        body = QWidget(self)
        column = QVBoxLayout(body)
        column.setContentsMargins(8, 4, 8, 0)
        column.setSpacing(4)
        for widget, stretch in ((top, 0), (parts.band, 0), (parts.stage, 1), (parts.status, 0)):
            column.addWidget(widget, stretch)
        self.setCentralWidget(body)
        for before, after in pairwise(parts.reading_order()):
            QWidget.setTabOrder(before, after)
        self.setFont(self.ink.fonts.body)
        self.resize(1440, 900)
        self.setMinimumSize(960, 600)
        self.words.bind(self.setWindowTitle, word("crmdesk"))
        self.words.bind(self.setAccessibleName, word("crmdesk"))
        self.words.bind(self.setAccessibleDescription, word("Calls, customers and answers"))

    def _wire(self) -> None:
        bridge, parts = self._bridge, self.parts
        bridge.popped.connect(self.show_pop)
        bridge.call_changed.connect(self.calls.call_changed)
        bridge.changed.connect(self.home.on_changed)
        bridge.changed.connect(self._on_changed)
        bridge.status_changed.connect(parts.status.show_status)

        self.operations.failed.connect(self._on_failed)

        self.calls.announced.connect(self._on_announced)
        self.calls.emptied.connect(self._on_emptied)
        self.calls.silent.connect(parts.strip.hide)

        self.home.customer_wanted.connect(self.commands.open_customer)
        self.home.command_wanted.connect(self.commands.run)

        parts.finder.found.connect(self.commands.on_found)
        parts.finder.command.connect(self.actions_map.trigger)
        parts.strip.clicked.connect(self._on_wanted)

        self.commands.language_wanted.connect(self._on_language)
        self.commands.theme_wanted.connect(self._on_theme)
        self.commands.quit_wanted.connect(self.close)
        self.commands.home_shown.connect(self.home.refresh)

    def _run_command(self, command_id: str) -> None:
        self.commands.run(command_id)

    def _on_changed(self, changes: ChangeSet) -> None:
        if self.record.record is not None and self.record.customer_id in changes.ids:
            self.record.refresh()

    def _on_failed(self, error: BaseException) -> None:
        self.parts.messages.say(self.words.error(error), "breach", self.words.tr("Esc closes"))

    def _on_announced(self, pop: ScreenPop) -> None:
        slot = self.slots.of_key(pop.call_key)
        if slot is None:
            return
        card = self._cards.card(slot)
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.parts.band, card.spoken()))
        if self.isMinimized() or not self.isActiveWindow():
            QApplication.alert(self)
            if self.isVisible():
                self.parts.strip.show_card(card, self.words.tr("A call; a click opens the window"))

    def _on_emptied(self) -> None:
        focus = QApplication.focusWidget()
        if focus is not None and self.parts.record.isAncestorOf(focus):
            self.parts.box.setFocus()
        self.home.refresh()

    def _on_wanted(self) -> None:
        self.showNormal() if self.isMinimized() else self.show()
        self.raise_()
        self.activateWindow()

    def _on_language(self) -> None:
        self.words.use(ENGLISH if self.words.language == CHINESE else CHINESE)
        self.look_changed.emit(self.words.language, self.ink.theme.name)

    def _on_theme(self) -> None:
        self.use_theme(LIGHT.name if self.ink.theme is DARK else DARK.name)
        self.look_changed.emit(self.words.language, self.ink.theme.name)
