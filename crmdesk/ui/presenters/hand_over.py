"""Hands complaints over one after another, so that calls and keys come in between; Esc stops."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from crmdesk.ui.complaint_desk import StepWanted
from crmdesk.ui.widgets.filter_box import Pick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmdesk.services.complaints.lists import ComplaintLine
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.views.complaint_list import ComplaintListView

STEP = "H1"
_REASONS = 3
"""So many complaints that did not go are named in the strip."""


class HandOver(QObject):
    """Steers the form, then takes one step for each complaint.

    Signals:
        done(): all were tried, or it was stopped.
    """

    done = Signal()

    def __init__(self, place: Workplace, view: ComplaintListView, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._words = place.words
        self._form = view.hand_over
        self._chosen: Sequence[ComplaintLine] = ()
        self._waiting: deque[ComplaintLine] = deque()
        self._names: dict[str, str] = {}
        self._stayed: list[str] = []
        self._gone = 0
        self.under_way = False
        self._form.accepted.connect(self.send)

    def begin(self, chosen: Sequence[ComplaintLine]) -> None:
        """Ask who takes *chosen* over; who there is comes with the first of them."""
        if not self.under_way:
            self._chosen = chosen
            future = self._place.desk.complaints.record(chosen[0].id)
            self._place.operations.run(future, self._on_known, topic="hand-over")

    def send(self) -> None:
        """Hand over, or say what is missing."""
        person, reason = self._form.person.key, self._form.reason.text().strip()
        if self.under_way:
            return
        if not person:
            self._form.told.say(self._words.tr("Choose who takes them over."), "due")
            self._form.person.line.setFocus()
        elif not reason:
            self._form.told.say(self._words.tr("Say why, and what is still open."), "due")
            self._form.reason.setFocus()
        else:
            self.under_way, self._stayed, self._gone = True, [], 0
            self._waiting = deque(self._chosen)
            self._next()

    def close(self) -> bool:
        """Stop what is under way, or put the form away; return whether there was one."""
        if self._form.isHidden():
            return False
        if self.under_way:
            self._waiting.clear()
        else:
            self._form.hide()
        return True

    def _on_known(self, record: ComplaintRecord) -> None:
        step = record.step(STEP)
        field = next((each for each in step.fields if each.name == "to"), None) if step is not None else None
        if step is None or field is None or (not step.may and len(self._chosen) == 1):
            why = " ".join(self._words.text(text) for text in step.refused) if step is not None else ""
            told = why or self._words.tr("Another team handles this complaint.")
            self._place.parts.messages.say(told, "due")
            return
        self._names = {
            str(each.value): self._words.pick(each.name_en, each.name_zh) for each in field.choices
        }
        picks = [Pick(key, name) for key, name in self._names.items()]
        self._form.open_for(len(self._chosen), picks)

    def _next(self) -> None:
        if not self._waiting:
            self._finish()
            return
        line = self._waiting.popleft()
        count, tried = len(self._chosen), len(self._chosen) - len(self._waiting)
        self._form.told.say(self._words.tr("{n} of {count} · Esc stops", n=tried, count=count))
        fields = {"to": self._form.person.key, "open_points": self._form.reason.text().strip()}
        wanted = StepWanted(line.id, STEP, fields, line.state, line.version)
        self._place.operations.run(
            self._place.desk.complaints.take(wanted),
            lambda _: self._went(),
            failed=lambda error: self._stay(line, error),
        )

    def _went(self) -> None:
        self._gone += 1
        self._next()

    def _stay(self, line: ComplaintLine, error: BaseException) -> None:
        self._stayed.append(f"{line.number}: {self._words.error(error)}")
        self._next()

    def _finish(self) -> None:
        self.under_way = False
        self._form.hide()
        self._form.reason.clear()
        told = self._words.tr(
            "{n} of {count} went to {name}.",
            n=self._gone,
            count=len(self._chosen),
            name=self._names.get(self._form.person.key, ""),
        )
        more = len(self._stayed) - _REASONS
        named = " ".join(self._stayed[:_REASONS])
        rest = self._words.plural(more, "{n} more stayed.", "{n} more stayed.") if more > 0 else ""
        told = " ".join(part for part in (told, named, rest) if part)
        self._place.parts.messages.say(told, "due" if self._stayed else "good")
        self.done.emit()
