"""The follow-up call: grades, would he buy again, his words; then the step that follows from the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from crmdesk.models.metrics import REPURCHASE, csm
from crmdesk.services.complaints.allowed import AskedField, Choice
from crmdesk.services.complaints.follow_up import ITEMS, what_follows
from crmdesk.services.complaints.surveys import AGAIN, DEFECTION, Answers
from crmdesk.ui.complaint_words import DAY_PARTS, GRADES, choice_word
from crmdesk.ui.presenters.complaint_record import follow_up_wanted
from crmdesk.ui.presenters.side_form import SideForm
from crmdesk.ui.translation import word
from crmdesk.ui.views.step_form import FormPlan
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.follow_up import FollowUpSheet
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.presenters.complaint_record import ComplaintPresenter
    from crmdesk.ui.presenters.workplace import Tools, Workplace

ANSWERED, NOBODY, DECLINED = "answered", "nobody", "declined"
REACHED = {
    ANSWERED: word("Spoke with the customer"),
    NOBODY: word("Nobody answered"),
    DECLINED: word("Does not want to be asked"),
}
BUYS_AGAIN = {"yes": word("Yes"), "no": word("No"), "unsure": word("Not sure")}
DRIVEN_AWAY = {
    "price": word("Price"),
    "product": word("Product"),
    "service": word("Service"),
    "own_change": word("His own needs changed"),
}
CLASSES = {
    "fast": word("solved quickly"),
    "solved": word("solved"),
    "voiced": word("complained, not content"),
    "silent": word("unhappy and silent"),
}
_DEFINITION = word(
    "Expected repurchase {percent} % ({how}). {fast} % solved by the third business day, {solved} % later,"
    " {voiced} % not content, {silent} % unhappy and silent: shares of an old survey, an indicator,"
    " not a forecast."
)


class SurveyPresenter(SideForm):
    """Steers the form of a follow-up call, or of a survey of its own."""

    name = "survey"

    def __init__(self, place: Workplace, tools: Tools, page: ComplaintPresenter) -> None:
        super().__init__(place, tools, page)
        self._sheet: FollowUpSheet | None = None
        self._survey_id = uuid4()
        self.form.edited.connect(self._tell)

    def begin(self) -> None:
        """Open the form, or say why there is nothing to ask."""
        record = self._page.record
        if record is None or not follow_up_wanted(record):
            self._say(self._words.tr("There is no follow-up to do for this complaint."))
            return
        future = self._place.desk.aftercare.follow_up(record.head.id)
        self._place.operations.run(future, lambda sheet: self._opened(record, sheet), topic="follow-up")

    def accept(self) -> None:
        """Keep answers, attempt or refusal, and go on to the step that follows."""
        sheet, values = self._sheet, self.form.values()
        if sheet is None or self._sending:
            return
        if values.get("reached") == DECLINED:
            self._go_on(sheet.complaint_id, "T16", {"declined": True})
            return
        desk, self._sending = self._place.desk.aftercare, True
        if values.get("reached") == NOBODY:
            kept = desk.nobody_answered(sheet.complaint_id, sheet.task_version)
            self._place.operations.run(kept, lambda _: self._on_attempt(sheet), failed=self._refused)
            return
        kept = desk.answered(sheet.complaint_id, _answers(values), self._survey_id)
        self._place.operations.run(kept, lambda _: self._on_answered(sheet, values), failed=self._refused)

    def _opened(self, record: ComplaintRecord, sheet: FollowUpSheet) -> None:
        if self._sheet is None or self._sheet.complaint_id != sheet.complaint_id:
            self._survey_id = uuid4()
        self._sheet = sheet
        self._show(record, lambda: self._plan(sheet))

    def _filled(self) -> None:
        self._tell()

    def _plan(self, sheet: FollowUpSheet) -> FormPlan:
        tr = self._words.tr
        reached = [ANSWERED, *([NOBODY] if sheet.task_id else []), *([DECLINED] if sheet.closes else [])]
        fields = (
            AskedField("reached", "reached", True, self._choices(REACHED, reached), default=ANSWERED),
            *(AskedField(f"asked_{item}", "score", False, _grades()) for item in ITEMS),
            AskedField("again", "again", False, self._choices(BUYS_AGAIN, AGAIN[1:])),
            AskedField("defection", "defection", False, self._choices(DRIVEN_AWAY, DEFECTION[1:])),
            AskedField("words", "text", False),
        )
        heading = tr("Follow-up call") if sheet.closes else tr("Survey")
        return FormPlan(heading, tr("Keep the answers"), fields)

    def _choices(self, known: Mapping[str, str], values: tuple[str, ...] | list[str]) -> tuple[Choice, ...]:
        named = [(value, self._words.tr(known[value])) for value in values]
        return tuple(Choice(value, text, text) for value, text in named)

    def _tell(self) -> None:
        """Say above the fields what was tried, and what the grades come to so far."""
        sheet = self._sheet
        if sheet is None or not self.form.names():
            return
        parts = [self._tried(sheet), *self._so_far(sheet)]
        self.form.top.say("\n".join(part for part in parts if part), "plain")

    def _tried(self, sheet: FollowUpSheet) -> str:
        told = [
            f"{self._place.moments.day_and_time(each.at)} ({said(self._words, DAY_PARTS, each.part)})"
            for each in sheet.attempts
        ]
        return self._words.tr("Tried before: {times}", times=", ".join(told)) if told else ""

    def _so_far(self, sheet: FollowUpSheet) -> list[str]:
        tr, share = self._words.tr, csm(_graded(self.form.values()).values())
        value = round(share.value) if share.value is not None else None
        how = sheet.outlook(value)
        shares = {name: round(share * 100) for name, share in REPURCHASE.items()}
        definition = tr(_DEFINITION, percent=shares[how], how=said(self._words, CLASSES, how), **shares)
        if value is None:
            return [tr("No grade yet."), definition]
        told = tr(
            "Satisfaction {csm} (n = {n}), {grade}", csm=value, n=share.whole, grade=self._between(value)
        )
        return [told, definition]

    def _between(self, value: int) -> str:
        """Return between which of the seven grades *value* lies."""
        tr, steps = self._words.tr, sorted(int(grade) for grade in GRADES)
        below = max(grade for grade in steps if grade <= value)
        above = min(grade for grade in steps if grade >= value)
        low, high = (choice_word(self._words, "score", grade) for grade in (below, above))
        return low if below == above else tr("between “{low}” and “{high}”", low=low, high=high)

    def _on_attempt(self, before: FollowUpSheet) -> None:
        self._sending = False
        future = self._place.desk.aftercare.follow_up(before.complaint_id)
        self._place.operations.run(future, self._after_attempt, topic="follow-up")

    def _after_attempt(self, sheet: FollowUpSheet) -> None:
        self._sheet = sheet
        if sheet.tried and sheet.closes:
            given: list[Json] = [{"time": each.at.isoformat(), "part": each.part} for each in sheet.attempts]
            self._go_on(sheet.complaint_id, "T16", {"attempts": given})
            return
        self._done()
        if sheet.next_at is not None:
            when = self._place.moments.amid(self._place.moments.day_and_time(sheet.next_at))
            self._say(self._words.tr("Nobody answered. Try again {when}.", when=when), "good")

    def _on_answered(self, sheet: FollowUpSheet, values: Mapping[str, Json]) -> None:
        self._sending = False
        self._survey_id = uuid4()
        share = csm(_graded(values).values())
        if not sheet.closes:
            self._done()
            self._say(self._words.tr("The answers are kept."), "good")
            return
        transition, known = what_follows(round(share.value) if share.value is not None else None)
        self._go_on(sheet.complaint_id, transition, known)

    def _go_on(self, complaint_id: UUID, transition: str, known: Mapping[str, Json]) -> None:
        """Open the form of the step that follows, with what is *known* of it."""
        self._done()

        def fresh(record: ComplaintRecord) -> None:
            step = record.step(transition)
            if step is None or not self._page.shows(complaint_id):
                return
            self._page.forms.know(record)
            if not step.may:
                self._say(" ".join(self._words.text(text) for text in step.refused))
                return
            fields = tuple(
                replace(field, default=known.get(field.name, field.default)) for field in step.fields
            )
            self._page.forms.begin(replace(step, fields=fields))

        self._place.operations.run(
            self._place.desk.complaints.record(complaint_id), fresh, topic="after call"
        )


def _grades() -> tuple[Choice, ...]:
    return tuple(Choice(int(grade)) for grade in GRADES)


def _graded(values: Mapping[str, Json]) -> dict[str, int]:
    """Return the grades given, by item."""
    found = ((item, values.get(f"asked_{item}")) for item in ITEMS)
    return {item: grade for item, grade in found if isinstance(grade, int)}


def _answers(values: Mapping[str, Json]) -> Answers:
    return Answers(
        grades=_graded(values),
        again=str(values.get("again") or ""),
        defection=str(values.get("defection") or ""),
        words=str(values.get("words") or ""),
    )
