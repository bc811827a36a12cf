"""What the status line shows; apart from the rest of :mod:`crmdesk.ui.desk`, as the first screen needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.models.text import Text


@dataclass(frozen=True, slots=True)
class DeskStatus:
    """The quiet marks of the status line.

    ``telephony`` is connected, connecting, off or failed, ``trouble`` the sentence when it failed.
    ``shared`` is False while this PC works alone, None while that is not known; how it and the server stand
    is told apart, by :class:`~crmdesk.models.sync_views.SyncStatus`.
    """

    agent_name: str = ""
    extension: str = ""
    telephony: str = "off"
    trouble: Text | None = None
    shared: bool | None = False
    test_profile: bool = False
