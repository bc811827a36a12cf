"""What every presenter works with, made once by the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.ui.actions import Actions
    from crmdesk.ui.bridge import Bridge
    from crmdesk.ui.desk import Desk
    from crmdesk.ui.moments import Moments, Monotonic
    from crmdesk.ui.operations import Operations
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.parts import Parts
    from crmdesk.ui.slots import Slots
    from crmdesk.ui.translation import Words
    from crmdesk.ui.widgets.inputs import Composing, Reserved


@dataclass(frozen=True)
class Tools:
    """What the window made before any view, and views are made with."""

    desk: Desk
    bridge: Bridge
    operations: Operations
    slots: Slots
    words: Words
    ink: Ink
    moments: Moments
    monotonic: Monotonic
    actions: Actions
    composing: Composing
    reserved: Reserved


@dataclass(frozen=True)
class Workplace:
    """The views, the calls, the services and the words."""

    parts: Parts
    slots: Slots
    desk: Desk
    operations: Operations
    words: Words
    moments: Moments
    monotonic: Monotonic
