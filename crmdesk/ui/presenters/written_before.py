"""What was written down before this program began: found again in the store, never known by heart."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from PySide6.QtCore import QObject, Signal

from crmdesk.ui.presenters.intake_cases import call_key, case_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from crmdesk.models.types import CallId
    from crmdesk.services.complaints.intake import Logged
    from crmdesk.ui.presenters.complaint_intake import ComplaintIntakePresenter
    from crmdesk.ui.presenters.intake_cases import Case
    from crmdesk.ui.presenters.workplace import Workplace


class WrittenBefore(QObject):
    """Brings back forms that were never saved, calls that were never wrapped up, and what came of calls.

    Args:
        intake: steers the form of new complaints.

    Signals:
        found(str, str): a complaint that was written down with a call: the call's id, the number.
        left_open(ScreenPop): a call that became a complaint and was never wrapped up.
    """

    found = Signal(str, str)
    left_open = Signal(object)

    def __init__(self, place: Workplace, intake: ComplaintIntakePresenter) -> None:
        super().__init__(intake)
        self._place = place
        self._intake = intake
        self._cases = intake.cases
        self._run, self._desk = place.operations.run, place.desk

    def take_over(self) -> None:
        """Ask for what was under way when the program ended, e.g. after a power cut."""
        self._run(self._desk.intakes.unfinished(), self._on_forms)
        self._run(self._desk.intakes.open_calls(), self._on_calls)

    def look(self, call_id: CallId) -> None:
        """Ask what was written down with a call."""
        self._run(self._desk.intakes.with_call(call_id), partial(self._on_written, str(call_id)))

    def _on_written(self, call_id: str, complaints: tuple[Logged, ...]) -> None:
        for each in complaints:
            self._cases.know(call_key(call_id), each)
            if not each.restricted:
                self.found.emit(call_id, each.number)

    def _on_calls(self, calls: tuple[CallId, ...]) -> None:
        for call_id in calls:
            self._run(self._desk.call(call_id), self.left_open.emit)

    def _on_forms(self, forms: tuple[Mapping[str, Any], ...]) -> None:
        cases = tuple(case for case in map(case_of, forms) if case is not None)
        if cases:
            ids = tuple(UUID(case.sheet.complaint_id) for case in cases)
            self._run(self._desk.intakes.from_forms(ids), partial(self._sort, cases))

    def _sort(self, cases: tuple[Case, ...], saved: tuple[Logged, ...]) -> None:
        """Give those that were never saved back to F8; of the others finish what saving had begun."""
        known = {str(each.id): each for each in saved}
        unfinished = [case for case in cases if case.sheet.complaint_id not in known]
        if self._cases.take_over(unfinished):
            told = self._place.words.tr("A complaint that was not finished is back. F8 opens it.")
            self._place.parts.messages.say(told, "good")
        for case in cases:
            logged = known.get(case.sheet.complaint_id)
            if logged is not None:
                self._intake.finish(case, logged)
