"""Whether something is done so that the cause does not come back, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from crmdesk.ui.widgets.inputs import NoteEdit
from crmdesk.ui.widgets.step_fields import StepField, combo

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.wire import Json
    from crmdesk.ui.widgets.step_fields import Kit

_DECIDED = (None, True, False)
_REASON_HEIGHT = 60


class CorrectiveField(StepField):
    """Nothing said, yes or no; the reason belongs to both."""

    def __init__(self, kit: Kit, parent: QWidget) -> None:
        super().__init__(parent)
        tr = kit.words.tr
        self.decided = combo(self)
        self.decided.addItems(
            [tr("Nothing decided"), tr("Yes: it must not come back"), tr("No corrective action")]
        )
        self.reason = NoteEdit(kit.composing, kit.reserved, self)
        self.reason.setPlaceholderText(tr("Why, and what is done by whom"))
        self.reason.setFixedHeight(_REASON_HEIGHT)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.decided)
        column.addWidget(self.reason)
        self.decided.activated.connect(self._on_decided)
        self.reason.edited.connect(self.edited)
        self.reason.hide()

    def value(self) -> Json:
        """Return decision and reason, None when nothing is decided."""
        decided = _DECIDED[self.decided.currentIndex()]
        return None if decided is None else {"decided": decided, "reason": self.reason.toPlainText().strip()}

    def fill(self, value: Json) -> None:
        """Show a decision."""
        held = value if isinstance(value, dict) else {}
        self.decided.setCurrentIndex(_DECIDED.index(held.get("decided")))
        text = str(held.get("reason", ""))
        self.reason.load(text, len(text))
        self._settle()

    def controls(self) -> list[QWidget]:
        """Return both."""
        return [self.decided, self.reason]

    def _on_decided(self) -> None:
        self._settle()
        self.edited.emit()

    def _settle(self) -> None:
        self.reason.setVisible(_DECIDED[self.decided.currentIndex()] is not None)
