"""Texts of an intake that somebody mistyped, as they stand, to be typed anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLabel, QVBoxLayout

from crmdesk.models.payload import FACTS
from crmdesk.ui.complaint_words import field_word
from crmdesk.ui.widgets.step_fields import LineField, StepField, TextField

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtWidgets import QWidget

    from crmdesk.models.wire import Json
    from crmdesk.ui.widgets.step_fields import Kit


class CorrectionsField(StepField):
    """One field for each text; those that say the same as before are no correction.

    Args:
        kit: what fields are made with.
        held: the texts as they stand, by field of the complaint.
        parent: the form.
    """

    def __init__(self, kit: Kit, held: Mapping[str, str], parent: QWidget) -> None:
        super().__init__(parent)
        self._held = held
        self.fields: dict[str, StepField] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for name in held:
            label, told = QLabel(self), field_word(kit.words, name)
            label.setText(told)
            field = (TextField if name == FACTS else LineField)(kit, "", self)
            field.call(told, told)
            field.edited.connect(self.edited)
            column.addWidget(label)
            column.addWidget(field)
            self.fields[name] = field

    def value(self) -> Json:
        """Return the texts that are others now, None when there is none."""
        texts = {name: str(field.value() or "") for name, field in self.fields.items()}
        return {name: text for name, text in texts.items() if text != self._held[name].strip()} or None

    def fill(self, value: Json) -> None:
        """Show the texts as they stand, those of *value* over them."""
        told = {**self._held, **(value if isinstance(value, dict) else {})}
        for name, field in self.fields.items():
            field.fill(told[name])

    def controls(self) -> list[QWidget]:
        """Return the editors."""
        return [control for field in self.fields.values() for control in field.controls()]
