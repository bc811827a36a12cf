"""The one window: composition and wiring, nothing else.

It is painted with the first screen alone. Everything about calls is in its
:class:`~crmdesk.ui.call_side.CallSide`, made when it is wanted or there is time.
"""

from __future__ import annotations

import time
from datetime import UTC
from functools import partial
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QMenuBar, QVBoxLayout, QWidget

from crmdesk.models.types import utc_now
from crmdesk.ui.actions import Actions
from crmdesk.ui.front import Front
from crmdesk.ui.moments import Moments
from crmdesk.ui.operations import Operations
from crmdesk.ui.presenters.home import HomePresenter
from crmdesk.ui.presenters.workplace import Tools
from crmdesk.ui.slots import Slots
from crmdesk.ui.spare_time import SpareTime
from crmdesk.ui.theme import DARK, LIGHT, THEMES, palette
from crmdesk.ui.translation import CHINESE, ENGLISH, word
from crmdesk.ui.widgets.inputs import Composing, Reserved
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from datetime import tzinfo
    from uuid import UUID

    from PySide6.QtGui import QCloseEvent, QResizeEvent

    from crmdesk.models.screen_pop import ScreenPop
    from crmdesk.models.text import Text
    from crmdesk.models.types import Clock, CustomerId
    from crmdesk.ui.bridge import Bridge
    from crmdesk.ui.call_side import CallSide
    from crmdesk.ui.desk import Desk
    from crmdesk.ui.moments import Monotonic
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.parts import Parts
    from crmdesk.ui.presenters.calls import CallsPresenter
    from crmdesk.ui.presenters.commands import CommandsPresenter
    from crmdesk.ui.presenters.home import Asked
    from crmdesk.ui.presenters.notes import NotesPresenter
    from crmdesk.ui.presenters.wrap_up import WrapUpPresenter
    from crmdesk.ui.slots import Slot
    from crmdesk.ui.translation import Words

SIZE = (1440, 900)
"""Where the screen has room for it, in logical pixels."""
TITLE_BAR = 40
"""What the title of a window takes of a screen's height."""
AHEAD_MS = 1_000
"""So long after all else the form of a complaint is made ahead of its key."""
PATIENCE_MS = 1_500
"""A window that is not painted by then, being covered or without a worklist, is finished all the same."""

LATER = (
    "crmdesk.models.screen_pop",
    "crmdesk.ui.views.article",
    "crmdesk.ui.views.answers",
    "crmdesk.ui.views.timeline",
    "crmdesk.ui.views.caller",
    "crmdesk.ui.views.note",
    "crmdesk.ui.views.follow_up",
    "crmdesk.ui.views.wrap_up",
    "crmdesk.ui.parts",
    "crmdesk.ui.presenters.calls",
    "crmdesk.ui.presenters.customer_files",
    "crmdesk.ui.presenters.commands",
    "crmdesk.ui.call_side",
)
"""Modules of the call side, read one by one in spare time: that is most of what making it costs."""

AHEAD = (
    *("crmdesk.services.complaints.intake_sheet", "crmdesk.ui.complaint_words"),
    *("crmdesk.ui.views.complaint_intake_solution", "crmdesk.ui.views.complaint_intake"),
    *("crmdesk.ui.presenters.complaint_intake", "crmdesk.ui.intake_desk"),
    *("crmdesk.ui.files_desk", "crmdesk.ui.views.file_list"),
)
"""Modules of the form of a complaint and of a customer's files, read when nothing else is to be done."""


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """What a site or a person chooses.

    ``open_on_ring`` shows the record while the telephone still rings; ``mask_until_verified`` covers numbers,
    addresses and VINs until the caller has shown who he is. The title of a ``test_profile`` says so.
    """

    zone: tzinfo = UTC
    open_on_ring: bool = True
    restore_drafts: bool = True
    mask_until_verified: bool = True
    test_profile: bool = False


class MainWindow(QMainWindow):
    """Everything an agent sees.

    Signals:
        opened(): the first worklist is on the screen.
        settled(): everything else of the window is made, too.
        painted(str): the paint that followed :meth:`show_pop` is on the screen; the key of the call.
        look_changed(str, str): language and theme chosen by the agent, to be remembered.
        resized(), came_to_front(): what floats over the window takes note.
        closing(): the window was closed by hand.
    """

    opened = Signal()
    settled = Signal()
    painted = Signal(str)
    look_changed = Signal(str, str)
    resized = Signal()
    came_to_front = Signal()
    closing = Signal()

    def __init__(
        self,
        desk: Desk,
        bridge: Bridge,
        words: Words,
        ink: Ink,
        options: WindowOptions = WindowOptions(),  # noqa: B008 - it is frozen
        clock: Clock = utc_now,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        super().__init__()
        self._desk = desk
        self.words = words
        self.ink = ink
        self._options = options
        self._awaiting_paint = ""
        self._awaiting_first = False
        self._side: CallSide | None = None
        self._rest = SpareTime((*(partial(import_module, name) for name in LATER), self._make_side), self)
        self._ahead = SpareTime((*(partial(import_module, name) for name in AHEAD), self._warm), self)
        moments = Moments(words, clock, options.zone)
        composing, reserved = Composing(), Reserved()
        self.actions_map = Actions(self, words, composing, self._run_command)
        reserved.set(self.actions_map.keys())
        self.front = Front.build(self, ink, words, moments, composing, reserved)
        self.slots = Slots()
        self.operations = Operations(bridge)
        self._tools = Tools(
            desk=desk,
            bridge=bridge,
            operations=self.operations,
            slots=self.slots,
            words=words,
            ink=ink,
            moments=moments,
            monotonic=monotonic,
            actions=self.actions_map,
            composing=composing,
            reserved=reserved,
        )
        self.home = HomePresenter(self.front, desk, self.operations, words, moments)
        for part in (self.operations, self.home):
            part.setParent(self)
        self._compose()
        self._wire(bridge)
        self.use_theme(ink.theme.name)
        self.front.stage.present(self.front.home)
        self.front.box.setFocus()

    @property
    def side(self) -> CallSide:
        """What shows calls and records, whole; made now if spare time has not made it yet."""
        if self._side is None:
            from crmdesk.ui.call_side import CallSide

            side = CallSide(
                self,
                self.front,
                self.home,
                self._tools,
                open_on_ring=self._options.open_on_ring,
                mask=self._options.mask_until_verified,
            )
            side.commands.language_wanted.connect(self._on_language)
            side.commands.theme_wanted.connect(self._on_theme)
            side.commands.quit_wanted.connect(self.close)
            self.resized.connect(side.place)
            self.came_to_front.connect(side.parts.strip.hide)
            self.closing.connect(side.notes.save_all)
            self.closing.connect(side.complaints.flush)
            self.closing.connect(side.parts.strip.close)
            self._side = side
        return self._side

    @property
    def parts(self) -> Parts:
        """All views."""
        return self.side.parts

    @property
    def calls(self) -> CallsPresenter:
        """Steers calls."""
        return self.side.calls

    @property
    def notes(self) -> NotesPresenter:
        """Steers notes."""
        return self.side.notes

    @property
    def wrap_up(self) -> WrapUpPresenter:
        """Steers the ends of calls."""
        return self.side.wrap_up

    @property
    def commands(self) -> CommandsPresenter:
        """Does what commands say."""
        return self.side.commands

    def start(self, asked: Asked | None = None) -> None:
        """Show what was *asked* for; the rest is made after its first paint. Call after :meth:`show`."""
        self.home.shown.connect(self._on_shown)
        QTimer.singleShot(PATIENCE_MS, self, self._on_opened)
        self.home.start(asked)

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
        if event.type() == QEvent.Type.UpdateRequest:
            if self._awaiting_paint:
                key, self._awaiting_paint = self._awaiting_paint, ""
                self.painted.emit(key)
            if self._awaiting_first:
                self._awaiting_first = False
                QTimer.singleShot(0, self, self._on_opened)
        return result

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt: what floats over the window keeps its place."""
        super().resizeEvent(event)
        self.ink.use_ratio(self.devicePixelRatioF())
        if not self.front.messages.isHidden():
            self.front.messages.place()
        self.resized.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Qt: once the window is in front nothing has to stand in for it."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.came_to_front.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Qt: keep what was typed; nothing is asked."""
        self.closing.emit()
        super().closeEvent(event)

    def _compose(self) -> None:
        front = self.front
        bar = self._menu = QMenuBar(self)
        bar.setNativeMenuBar(False)
        self.actions_map.fill(bar, self.words)
        self.words.bind(bar.setAccessibleName, word("Menu"))
        self.words.bind(bar.setAccessibleDescription, word("Every action with its key"))
        top = QWidget(self)
        line = QHBoxLayout(top)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(bar, 1, Qt.AlignmentFlag.AlignVCenter)
        front.box.setParent(top)
        front.box.setFixedWidth(400)
        line.addWidget(front.box)
        body = QWidget(self)
        column = QVBoxLayout(body)
        column.setContentsMargins(8, 4, 8, 0)
        column.setSpacing(4)
        for widget, stretch in ((top, 0), (front.band, 0), (front.stage, 1), (front.status, 0)):
            column.addWidget(widget, stretch)
        self.setCentralWidget(body)
        for before, after in pairwise(front.reading_order()):
            QWidget.setTabOrder(before, after)
        self.setFont(self.ink.fonts.body)
        self.resize(*SIZE)
        self.setMinimumSize(960, 600)
        title = word("crmdesk – test profile") if self._options.test_profile else word("crmdesk")
        self.words.bind(self.setWindowTitle, title)
        self.words.bind(self.setAccessibleName, word("crmdesk"))
        self.words.bind(self.setAccessibleDescription, word("Calls, customers and answers"))

    def fit(self, room: QSize) -> None:
        """Be no larger than *room*, what a screen leaves to windows: nothing lies beyond its edge."""
        self.resize(self.size().boundedTo(room - QSize(0, TITLE_BAR)))

    def _wire(self, bridge: Bridge) -> None:
        bridge.popped.connect(self.show_pop)
        bridge.changed.connect(self.home.on_changed)
        bridge.status_changed.connect(self.front.status.show_status)
        bridge.sync_changed.connect(self.front.status.show_sync)
        bridge.troubled.connect(self._on_troubled)
        self.operations.failed.connect(self._on_failed)
        self.home.customer_wanted.connect(self._open_customer)
        self.home.complaint_wanted.connect(self._open_complaint)
        self.settled.connect(self.home.complete)
        self.home.command_wanted.connect(self._run_command)
        self.front.status.sync_clicked.connect(lambda: self._run_command("sharing"))

    def _run_command(self, command_id: str) -> None:
        self.commands.run(command_id)

    def _open_customer(self, customer_id: CustomerId) -> None:
        self.commands.open_customer(customer_id)

    def _open_complaint(self, complaint_id: UUID) -> None:
        self.commands.open_complaint(complaint_id)

    def _on_shown(self) -> None:
        self.home.shown.disconnect(self._on_shown)
        self.front.home.lay_out()
        self._awaiting_first = True
        self.update()

    def _on_opened(self) -> None:
        """Make the rest, once: after the first paint, or when there was none for long."""
        if self._rest.begun:
            return
        self._rest.done.connect(self.settled)
        self._rest.done.connect(lambda: QTimer.singleShot(AHEAD_MS, self._ahead, self._ahead.start))
        self._rest.start()
        self.opened.emit()

    def _warm(self) -> None:
        self.side.warm()

    def _make_side(self) -> None:
        self.side.start(restore_drafts=self._options.restore_drafts)

    def _on_troubled(self, trouble: Text | None) -> None:
        if trouble is not None:
            self.front.messages.say(self.words.text(trouble), "breach")

    def _on_failed(self, error: BaseException) -> None:
        self.front.messages.say(self.words.error(error), "breach")

    def _on_language(self) -> None:
        self.words.use(ENGLISH if self.words.language == CHINESE else CHINESE)
        self.look_changed.emit(self.words.language, self.ink.theme.name)

    def _on_theme(self) -> None:
        self.use_theme(LIGHT.name if self.ink.theme is DARK else DARK.name)
        self.look_changed.emit(self.words.language, self.ink.theme.name)
