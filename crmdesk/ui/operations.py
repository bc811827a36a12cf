"""Requests to the services: started here, answered on the GUI thread, never twice, never stale."""

from __future__ import annotations

import logging
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Signal

from crmdesk.errors import CrmdeskError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from crmdesk.ui.bridge import Bridge

_log = logging.getLogger("crmdesk.ui")
Result = TypeVar("Result")


class Operations(QObject):
    """Runs requests; the newest of a *topic* wins, answers to older ones are dropped.

    Signals:
        failed(Exception): a request failed and nobody else dealt with it.
        idle(): no request is under way any more.
    """

    failed = Signal(object)
    idle = Signal()

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._newest: dict[str, int] = {}
        self._under_way = 0

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._under_way > 0

    def run(
        self,
        future: Future[Result],
        receive: Callable[[Result], None] | None = None,
        *,
        topic: str = "",
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Give the result of *future* to *receive*, or its error to *failed* or the strip.

        Args:
            future: the answer of a service.
            receive: gets the result on the GUI thread.
            topic: what the request is about; a newer request of the same topic makes this one stale.
            failed: deals with the error instead of the strip.
        """
        number = self._newest[topic] = self._newest.get(topic, 0) + 1

        def arrived(done: Future[Any]) -> None:
            self._under_way -= 1
            if not topic or self._newest[topic] == number:
                self._settle(done, receive, failed)
            if not self._under_way:
                self.idle.emit()

        self._under_way += 1
        self._bridge.when_done(future, arrived)

    def forget(self, topic: str) -> None:
        """Drop the answers of *topic* that are still under way."""
        self._newest[topic] = self._newest.get(topic, 0) + 1

    def _settle(
        self,
        done: Future[Any],
        receive: Callable[[Any], None] | None,
        failed: Callable[[BaseException], None] | None,
    ) -> None:
        try:
            error = done.exception()
        except CancelledError:
            return
        if error is None:
            if receive is not None:
                receive(done.result())
            return
        if not isinstance(error, CrmdeskError):
            _log.error("a request failed", exc_info=error)
        if failed is not None:
            failed(error)
        else:
            self.failed.emit(error)
