"""Hands complaints over one after another, so that calls and keys come in between; Esc stops."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from crmdesk.ui.complaint_desk import StepWanted
from crmdesk.ui.widgets.filter_box import Pick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmdesk.services.complaints.handing_over import HandOverOffer, Staying
    from crmdesk.services.complaints.lists import ComplaintLine
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.views.complaint_list import ComplaintListView

ADMINISTER = "D1"
"""An administrator's step, which tells what he does and why."""
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
        self._staying: tuple[Staying, ...] = ()
        self._step = ""
        self._waiting: deque[ComplaintLine] = deque()
        self._names: dict[str, str] = {}
        self._stayed: list[str] = []
        self._gone = self._his = 0
        self.under_way = False
        self._form.accepted.connect(self.send)

    def begin(self, chosen: Sequence[ComplaintLine]) -> None:
        """Ask who takes *chosen* over."""
        if not self.under_way:
            self._chosen = chosen
            future = self._place.desk.complaints.hand_over_offer([line.id for line in chosen])
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
            going = self._going()
            self._waiting = deque(line for line in going if str(line.owner_id) != person)
            self._his = len(going) - len(self._waiting)
            self._stayed = [self._why(each) for each in self._staying]
            self.under_way, self._gone = True, 0
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

    def _on_known(self, offer: HandOverOffer) -> None:
        """Ask for the person, if there is something to hand over."""
        self._staying, self._step = offer.staying, offer.step
        going = self._going()
        if not going:
            self._place.parts.messages.say(self._stay_told(), "due")
            return
        self._names = {str(each.id): self._words.pick(each.name_en, each.name_zh) for each in offer.takers}
        has = Counter(str(line.owner_id) for line in going)
        picks = [
            Pick(key, name, aside=self._words.tr("has {n} already", n=has[key]) if has[key] else "")
            for key, name in self._names.items()
            if has[key] < len(going)
        ]
        if not picks:
            self._place.parts.messages.say(self._words.tr("Nobody else works here who could take it."), "due")
            return
        self._form.open_for(len(going), picks, self._stay_told())

    def _going(self) -> list[ComplaintLine]:
        staying = {each.id for each in self._staying}
        return [line for line in self._chosen if line.id not in staying]

    def _stay_told(self) -> str:
        """Return which complaints have to stay, and why; the first of them by name."""
        if not self._staying:
            return ""
        if len(self._chosen) == 1:
            return self._words.text(self._staying[0].why)
        count = self._words.plural(len(self._staying), "{n} stays where it is.", "{n} stay where they are.")
        return " ".join((count, *(self._why(each) for each in self._staying[:_REASONS])))

    def _why(self, staying: Staying) -> str:
        return f"{staying.number}: {self._words.text(staying.why)}"

    def _next(self) -> None:
        if not self._waiting:
            self._finish()
            return
        line = self._waiting.popleft()
        count = len(self._going()) - self._his
        tried = count - len(self._waiting)
        self._form.told.say(self._words.tr("{n} of {count} · Esc stops", n=tried, count=count))
        wanted = StepWanted(line.id, self._step, self._fields(), line.state, line.version)
        self._place.operations.run(
            self._place.desk.complaints.take(wanted),
            lambda _: self._went(),
            failed=lambda error: self._stay(line, error),
        )

    def _fields(self) -> dict[str, str]:
        """Return what the step tells of the new owner and why."""
        person, reason = self._form.person.key, self._form.reason.text().strip()
        if self._step != ADMINISTER:
            return {"to": person, "open_points": reason}
        done = self._words.tr("Handed over to {name}", name=self._names.get(person, ""))
        return {"to": person, "what": done, "reason": reason}

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
        tr, name = self._words.tr, self._names.get(self._form.person.key, "")
        more = len(self._stayed) - _REASONS
        told = (
            tr("{n} of {count} went to {name}.", n=self._gone, count=len(self._chosen), name=name),
            self._counted(self._his, "{n} was there already.", "{n} were there already."),
            *self._stayed[:_REASONS],
            self._counted(more, "{n} more stayed.", "{n} more stayed."),
        )
        tone = "due" if self._stayed else "good"
        self._place.parts.messages.say(" ".join(part for part in told if part), tone)
        self.done.emit()

    def _counted(self, n: int, one: str, many: str) -> str:
        return self._words.plural(n, one, many) if n > 0 else ""
