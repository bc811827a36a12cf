"""How this desk and the server stand, told to whoever shows it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from crmdesk.errors import CrmdeskError
from crmdesk.models.sync_views import SyncStatus
from crmdesk.models.text import Text

OnStatus = Callable[[SyncStatus], None]
_log = logging.getLogger("crmdesk.sync")


class StatusBoard:
    """Holds the present :class:`SyncStatus`; any thread may ask or change it.

    Listeners hear each change once, on the thread that made it.
    """

    def __init__(self, first: SyncStatus) -> None:
        self._guard = threading.Lock()
        self._status = first
        self._listeners: tuple[OnStatus, ...] = ()

    @property
    def status(self) -> SyncStatus:
        """How things stand now."""
        return self._status

    def on_status(self, listener: OnStatus) -> None:
        """Tell *listener* of each change from now on."""
        with self._guard:
            self._listeners += (listener,)

    def change(self, **values: Any) -> None:
        """Set fields of the status; tell when it became another."""
        with self._guard:
            before = self._status
            self._status = replace(before, **values)
            changed, listeners = self._status != before, self._listeners
        for tell in listeners if changed else ():
            try:
                tell(self._status)
            except Exception:  # noqa: BLE001 - sharing goes on, whoever fails to hear of it
                _log.exception("a listener failed to take in the state of sharing")


def worded(error: CrmdeskError) -> Text:
    """Return the sentence of *error*, to be translated where it is shown."""
    return Text(error.sentence, tuple((name, str(value)) for name, value in error.values.items()))
