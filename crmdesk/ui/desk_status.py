"""What the status line shows; apart from the rest of :mod:`crmdesk.ui.desk`, as the first screen needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from crmdesk.models.text import Text


@dataclass(frozen=True, slots=True)
class DeskStatus:
    """The quiet marks of the status line.

    ``telephony`` is connected, connecting, off or failed, ``trouble`` the sentence when it failed.
    ``shared`` is False while this PC works alone; ``last_sync_at`` is aware UTC.
    """

    agent_name: str = ""
    extension: str = ""
    telephony: str = "off"
    trouble: Text | None = None
    shared: bool = False
    last_sync_at: datetime | None = None
    pending: int = 0
    test_profile: bool = False
