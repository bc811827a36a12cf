"""Another complaint in a form, named by its number as people type it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.step_fields import StepField
from crmdesk.ui.widgets.told import Told

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.screen_pop import FoundComplaint
    from crmdesk.models.wire import Json
    from crmdesk.ui.widgets.step_fields import Kit


class ComplaintField(StepField):
    """A number; below it whose complaint that is. The value is the complaint's id."""

    def __init__(self, kit: Kit, hint: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._kit = kit
        self._found: FoundComplaint | None = None
        self.line = SearchBox(kit.composing, kit.reserved, self)
        self.line.setPlaceholderText(hint)
        self.told = Told(kit.ink, self, 6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.line)
        column.addWidget(self.told)
        self.line.textEdited.connect(self._on_edited)

    def value(self) -> Json:
        """Return the id of the complaint found, None when there is none of that number."""
        return str(self._found.id) if self._found is not None else None

    def kept(self) -> Json:
        """Return the number as it was typed."""
        return self.line.text().strip() or None

    def fill(self, value: Json) -> None:
        """Put a number there and look it up."""
        self.line.setText(str(value or ""))
        self._found = None
        self.told.say("")
        if value:
            self._look_up(self.line.text())

    def controls(self) -> list[QWidget]:
        """Return the line."""
        return [self.line]

    def _on_edited(self, text: str) -> None:
        self._look_up(text)
        self.edited.emit()

    def _look_up(self, text: str) -> None:
        def found(complaints: tuple[FoundComplaint, ...]) -> None:
            if self.line.text() == text:
                self._show(complaints[0] if complaints else None)

        self._kit.look_up(text, found)

    def _show(self, found: FoundComplaint | None) -> None:
        self._found = found
        tr = self._kit.words.tr
        if found is None:
            self.told.say(tr("No complaint has this number.") if self.line.text().strip() else "", "due")
            return
        told = self._kit.words.pick(found.state_en, found.state_zh)
        parts = (found.number, told, found.customer, self._kit.moments.day_and_time(found.received_at))
        self.told.say(" · ".join(part for part in parts if part), "good")
