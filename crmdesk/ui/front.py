"""The views of the first screen: what an agent sees before anything else is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.ui.translation import word
from crmdesk.ui.views.band import Band
from crmdesk.ui.views.home import HomeView
from crmdesk.ui.views.stage import Stage
from crmdesk.ui.views.status_line import StatusLine
from crmdesk.ui.vocabulary import readiness
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.message_strip import CLOSES, MessageStrip
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.moments import Moments
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words
    from crmdesk.ui.widgets.inputs import Composing, Reserved


@dataclass(frozen=True)
class Front:
    """The views of the first screen; none of them knows another."""

    box: SearchBox
    band: Band
    stage: Stage
    home: HomeView
    status: StatusLine
    messages: MessageStrip

    @classmethod
    def build(
        cls,
        window: QWidget,
        ink: Ink,
        words: Words,
        moments: Moments,
        composing: Composing,
        reserved: Reserved,
    ) -> Front:
        """Make the views for *window*."""
        band = Band(ink)
        words.bind(band.name_cards, word("A call; Enter opens the caller"))
        band.show_ready(*readiness(words, ready=True))
        home = HomeView(ink, words, moments)
        stage = Stage()
        stage.add(home)
        return cls(
            box=_find_box(words, composing, reserved),
            band=band,
            stage=stage,
            home=home,
            status=StatusLine(ink, words, moments),
            messages=MessageStrip(ink, window, lambda: words.tr(CLOSES)),
        )

    def reading_order(self) -> list[QWidget]:
        """Return its controls as one reads: what Tab follows."""
        return [self.box, self.home.tasks, self.home.calls, self.home.news]


def _find_box(words: Words, composing: Composing, reserved: Reserved) -> SearchBox:
    box = SearchBox(composing, reserved)
    words.bind(box.setPlaceholderText, word("Find anything  Ctrl+K"))
    words.bind(box.setAccessibleName, word("Find anything"))
    words.bind(
        box.setAccessibleDescription,
        word("Names, pinyin, numbers, plates, VINs and commands; arrows choose, Enter opens"),
    )
    return box
