"""A corrective action of a complaint: what is done, by whom, until when, and whether it worked."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from crmdesk.services.complaints.actions import STATES, ActionFields
from crmdesk.services.complaints.allowed import AskedField, Choice
from crmdesk.ui.presenters.side_form import SideForm
from crmdesk.ui.translation import word
from crmdesk.ui.views.step_form import FormPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.record_view import ActionView, ComplaintRecord
    from crmdesk.ui.presenters.complaint_record import ComplaintPresenter
    from crmdesk.ui.presenters.workplace import Tools, Workplace

CHECK_AFTER = timedelta(days=60)
"""Days after it is due until its effect is looked at: as long as figures look back."""
ACTION_STATES = {
    "open": word("To be done"),
    "done": word("Done, effect not looked at yet"),
    "worked": word("It worked"),
    "failed": word("It did not work"),
}


class ActionPresenter(SideForm):
    """Steers the form of a corrective action; asks for one when a complaint is closed with the promise."""

    name = "action"
    called = MappingProxyType({"what": "what_is_done", "owner_id": "action_owner", "state": "action_state"})

    def __init__(self, place: Workplace, tools: Tools, page: ComplaintPresenter) -> None:
        super().__init__(place, tools, page)
        self._complaint_id: UUID | None = None
        self._action_id = uuid4()

    def begin(self) -> None:
        """Open the form: of the action under way, else of a new one."""
        record = self._page.record
        if record is None or record.body is None:
            self._say(self._words.tr("No complaint is open."))
        else:
            self._open(record)

    def accept(self) -> None:
        """Keep the action."""
        if self._complaint_id is None or self._sending:
            return
        self._sending = True
        self.form.clear_faults()
        action = _action(self.form.values())
        kept = self._place.desk.aftercare.save_action(self._complaint_id, action, self._action_id)
        self._place.operations.run(kept, lambda _: self._on_kept(), failed=self._refused)

    def after_closing(self) -> None:
        """A complaint was closed: if with the promise of an action, ask for it."""
        record = self._page.record
        if record is None:
            return

        def closed(fresh: ComplaintRecord) -> None:
            wanted = fresh.body is not None and fresh.body.corrective_action and not fresh.actions
            if wanted and self._page.shows(fresh.head.id):
                self._open(fresh)

        future = self._place.desk.complaints.record(record.head.id)
        self._place.operations.run(future, closed, topic="after closing")

    def _open(self, record: ComplaintRecord) -> None:
        under_way = next((each for each in record.actions if each.state in STATES[:2]), None)
        self._complaint_id = record.head.id
        self._action_id = under_way.id if under_way is not None else uuid4()
        self._show(record, lambda: self._plan(record, under_way))

    def _plan(self, record: ComplaintRecord, held: ActionView | None) -> FormPlan:
        tr, reason = self._words.tr, record.body.corrective_reason if record.body else ""
        due = held.due_at if held and held.due_at else record.closes[-1]
        check = held.check_at if held and held.check_at else due + CHECK_AFTER
        owner = (held.owner_id if held else None) or _owner_of(record)
        states = [(each, tr(ACTION_STATES[each])) for each in STATES]
        fields = (
            AskedField("what_is_done", "text", True, default=held.what if held else reason),
            AskedField("action_owner", "agent", True, _people(record), default=str(owner) if owner else None),
            AskedField("due_at", "time", True, default=due.isoformat()),
            AskedField("check_at", "time", True, default=check.isoformat()),
            AskedField(
                "action_state",
                "action_state",
                True,
                tuple(Choice(key, text, text) for key, text in states),
                default=held.state if held else STATES[0],
            ),
            AskedField("result", "text", False, default=held.result if held else None),
        )
        return FormPlan(tr("Corrective action"), tr("Keep the action"), fields)

    def _on_kept(self) -> None:
        self._done()
        self._say(self._words.tr("The corrective action is kept."), "good")


def _people(record: ComplaintRecord) -> tuple[Choice, ...]:
    """Return who may own it: whoever may own a complaint."""
    hand_over = record.step("H1")
    fields = hand_over.fields if hand_over is not None else ()
    return next((field.choices for field in fields if field.name == "to"), ())


def _owner_of(record: ComplaintRecord) -> str | None:
    """Return the id of the complaint's owner, if he is among the people and nobody is called the same."""
    owner = record.owner
    found = [each for each in _people(record) if owner and owner.name_en in (each.name_en, each.name_zh)]
    return str(found[0].value) if len(found) == 1 else None


def _action(values: Mapping[str, Json]) -> ActionFields:
    owner, due, check = (values.get(name) for name in ("action_owner", "due_at", "check_at"))
    return ActionFields(
        what=str(values.get("what_is_done") or ""),
        owner_id=UUID(str(owner)) if owner else None,
        due_at=datetime.fromisoformat(str(due)) if due else None,
        check_at=datetime.fromisoformat(str(check)) if check else None,
        state=str(values.get("action_state") or STATES[0]),
        result=str(values.get("result") or ""),
    )
