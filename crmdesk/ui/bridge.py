"""The only crossing between threads: what services say becomes queued signals here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future


class Bridge(QObject):
    """Carries news of the services to the GUI thread, where it was made.

    Signals, to be emitted from any thread:
        popped(ScreenPop): a call rings here.
        call_changed(CallState): the telephone changed the state of a call.
        changed(ChangeSet): rows changed, by whom ever.
        status_changed(DeskStatus): agent or telephony changed.
        sync_changed(SyncStatus): this desk and the server stand differently, or data came.
        help_changed(tuple[HelpRequest, ...]): all requests for help that concern this desk, newest first.
        history_progressed(HistoryProgress): older history of a customer is coming.
        join_progressed(JoinProgress): rows that go along are on their way to the server.
        troubled(Text): something threatens what is typed, the disk for example; None: all is well again.
    """

    popped = Signal(object)
    call_changed = Signal(object)
    changed = Signal(object)
    status_changed = Signal(object)
    sync_changed = Signal(object)
    help_changed = Signal(object)
    history_progressed = Signal(object)
    join_progressed = Signal(object)
    troubled = Signal(object)
    _arrived = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._closed = False
        self._arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)

    def when_done(self, future: Future[Any], receive: Callable[[Future[Any]], None]) -> None:
        """Call *receive* with the finished *future* on the GUI thread, later even if it is done already."""
        future.add_done_callback(lambda done: self._forward(receive, done))

    def close(self) -> None:
        """Let nothing through any more; answers still under way are dropped."""
        self._closed = True

    def _forward(self, receive: Callable[[Future[Any]], None], done: Future[Any]) -> None:
        if not self._closed:
            self._arrived.emit(receive, done)

    @Slot(object, object)
    def _on_arrived(self, receive: Callable[[Future[Any]], None], done: Future[Any]) -> None:
        if not self._closed:
            receive(done)
