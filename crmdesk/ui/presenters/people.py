"""Somebody new, and the head of a record: the form beside it, who may be the same, what others changed."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from crmdesk.errors import Conflict, CrmdeskError
from crmdesk.ui.desk import PersonFields
from crmdesk.ui.translation import CHINESE, ENGLISH
from crmdesk.ui.views.chooser import Choice
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.models.screen_pop import CustomerCard, ScreenPop
    from crmdesk.models.types import CustomerId
    from crmdesk.services.customers.duplicates import Duplicate
    from crmdesk.ui.presenters.calls import CallsPresenter
    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.workplace import Tools, Workplace
    from crmdesk.ui.slots import Slot
    from crmdesk.ui.views.person_form import PersonForm

HEAD_FIELDS = ("kind", "name", "name_alt", "language", "tier", "preferred_channel", "do_not_call", "hint")
_FIELD_OF = {"phones": "phone"}
"""Where the form has another name for a field than the services."""


@dataclass(slots=True)
class _Task:
    """What the form is about: a call without a person, nothing in particular, or a record (``customer``)."""

    key: str
    slot: Slot | None = None
    customer: CustomerCard | None = None
    version: int = 0


class PeoplePresenter(QObject):
    """Steers the form; it is made when it is first wanted.

    Signals:
        record_wanted(CustomerId): somebody was opened or taken while no call waits for a name.
    """

    record_wanted = Signal(object)

    def __init__(
        self, place: Workplace, tools: Tools, calls: CallsPresenter, record: RecordPresenter
    ) -> None:
        super().__init__()
        self._place = place
        self._tools = tools
        self._calls = calls
        self._record = record
        self._words = place.words
        self._form: PersonForm | None = None
        self._task = _Task("")
        self._kept: dict[str, PersonFields] = {}
        self._likely: tuple[Duplicate, ...] = ()
        self._seen: frozenset[object] = frozenset()
        self._saving = False

    @property
    def has_focus(self) -> bool:
        """Whether the keyboard is in the form."""
        focus = QApplication.focusWidget()
        return self._form is not None and focus is not None and self._form.isAncestorOf(focus)

    def new(self, text: str = "") -> None:
        """Open the form for somebody new: the caller if nobody is known to call, with *text* as his name."""
        slot = self._place.slots.current
        slot = slot if slot is not None and slot.undecided else None
        task = _Task(f"call {slot.pop.call_key}" if slot is not None else "new", slot)
        if self._open_already(task.key) and not text:
            self._form_there().to_field("name")
            return
        form = self._begin(task)
        person = self._kept.get(task.key) or self._guess(slot.pop if slot is not None else None)
        form.open_new(_with_text(person, text), self._heading(slot))

    def edit(self) -> None:
        """Open the form for the head of the record shown."""
        card = self._shown_card()
        if card is None:
            self._place.parts.messages.say(self._words.tr("No record is open that could be changed"), "due")
            return
        task = _Task(f"customer {card.id}", customer=card, version=card.version)
        if self._open_already(task.key):
            self._form_there().to_field("name")
            return
        form = self._begin(task)
        form.open_head(self._kept.get(task.key) or _head_of(card), self._words.tr("Change the record"))

    def accept(self) -> None:
        """Save what stands in the form."""
        if self._saving or self._form is None:
            return
        if not self._form.fields().name:
            self._place.parts.messages.say(self._words.tr("Please fill in the name."), "due")
            self._form.to_field("name")
        elif self._task.customer is not None:
            self._save_head(self._task.customer)
        else:
            self._saving = True
            person = self._form.fields()
            self._run(self._place.desk.similar(person), lambda found: self._on_looked(person, found))

    def close(self) -> bool:
        """Put the form away, keeping what was typed; return whether it was open."""
        form = self._form
        if form is None or form.isHidden():
            return False
        self._kept[self._task.key] = form.fields()
        if self.has_focus:
            if self._place.slots.current is not None:
                self._place.parts.note.to_note()
            else:
                self._place.parts.timeline.list.setFocus()
        form.hide()
        return True

    def take(self, row: int) -> None:
        """Take the record of *row* of those who may be the same person instead of opening a new one."""
        if row < len(self._likely):
            self._done(self._likely[row].customer_id)

    def _begin(self, task: _Task) -> PersonForm:
        form = self._form_there()
        if not form.isHidden():
            self._kept[self._task.key] = form.fields()
        self._task, self._likely, self._seen, self._saving = task, (), frozenset(), False
        parts = self._place.parts
        if parts.stage.shown is not parts.record:
            parts.record.with_call(False)
            self._record.clear()
            self._record.show_nobody()
            parts.stage.present(parts.record)
        return form

    def _form_there(self) -> PersonForm:
        if self._form is None:
            from crmdesk.ui.views.person_form import PersonForm

            form = self._form = PersonForm(self._tools)
            self._place.parts.record.add_side(form)
            form.edited.connect(self._on_edited)
            form.taken.connect(self.take)
            before: QWidget = self._place.parts.follow_up.subject
            for control in form.controls():
                QWidget.setTabOrder(before, control)
                before = control
        return self._form

    def _open_already(self, key: str) -> bool:
        return self._form is not None and not self._form.isHidden() and self._task.key == key

    def _heading(self, slot: Slot | None) -> str:
        return self._words.tr("New person") if slot is None else self._words.tr("New person: who calls")

    def _guess(self, pop: ScreenPop | None) -> PersonFields:
        if pop is None:
            return PersonFields(language=self._words.language)
        name = pop.caller_name.strip()
        name = "" if any(c.isdigit() for c in name) else name
        return PersonFields(
            name=name,
            phone=pop.number.display or pop.number.raw or "",
            language=_spoken(name, pop.number.e164 or "", self._words.language),
        )

    def _shown_card(self) -> CustomerCard | None:
        if self._place.parts.stage.shown is not self._place.parts.record:
            return None
        if self._record.slot is not None:
            return self._record.slot.pop.customer
        return self._record.record.customer if self._record.record is not None else None

    def _on_edited(self, person: PersonFields) -> None:
        if self._task.customer is None and (person.name or person.phone or person.plate):
            self._place.operations.run(
                self._place.desk.similar(person), self._show_likely, topic="similar", failed=lambda _: None
            )

    def _show_likely(self, found: tuple[Duplicate, ...]) -> None:
        if self._form is None or self._task.customer is not None:
            return
        self._likely = found
        self._seen |= {duplicate.customer_id for duplicate in found}
        self._form.show_likely([self._choice(duplicate) for duplicate in found])

    def _choice(self, duplicate: Duplicate) -> Choice:
        return Choice(duplicate.name, "", "person", self._words.text(duplicate.why), "")

    def _on_looked(self, person: PersonFields, found: tuple[Duplicate, ...]) -> None:
        """Open the record unless somebody turned up whom the agent has not seen yet."""
        self._place.operations.forget("similar")
        if any(duplicate.customer_id not in self._seen for duplicate in found):
            self._saving = False
            self._show_likely(found)
            told = self._words.tr("Somebody like that is here already. Ctrl+Enter saves a new person anyway.")
            self._place.parts.messages.say(told, "due")
            return
        name = self._words.tr("New record: {name}", name=person.name)

        def opened(customer_id: CustomerId) -> None:
            self._place.parts.messages.say(name, "good")
            self._done(customer_id)

        self._run(self._place.desk.open_customer(person), opened)

    def _done(self, customer_id: CustomerId) -> None:
        """Somebody was opened or taken: he calls if nobody did, else his record shows."""
        task = self._task
        self._put_away()
        if task.slot is not None and task.slot.undecided:
            self._calls.decide(task.slot, customer_id)
        else:
            self.record_wanted.emit(customer_id)

    def _put_away(self) -> None:
        self.close()
        self._saving = False
        self._kept.pop(self._task.key, None)

    def _save_head(self, card: CustomerCard) -> None:
        form = self._form_there()
        theirs = form.clashes.given_up()
        wanted, held = form.fields(), _head_of(card)
        changes = {
            name: getattr(wanted, name)
            for name in HEAD_FIELDS
            if name not in theirs and getattr(wanted, name) != getattr(held, name)
        }
        if not changes:
            self._on_changed(card)
            return
        self._saving = True
        self._run(
            self._place.desk.change_customer(card.id, changes, self._task.version),
            lambda _: self._on_changed(card),
        )

    def _on_changed(self, card: CustomerCard) -> None:
        self._put_away()
        self._place.parts.messages.say(self._words.tr("Saved: {name}", name=card.name), "good")
        self._record.refresh()

    def _run(self, future: Any, receive: Any) -> None:
        self._place.operations.run(future, receive, failed=self._on_refused)

    def _on_refused(self, error: BaseException) -> None:
        self._saving = False
        if isinstance(error, Conflict) and self._form is not None:
            self._show_clashes(error)
        elif isinstance(error, CrmdeskError) and error.fields and self._form is not None:
            self._form.to_field(_FIELD_OF.get(error.fields[0], error.fields[0]))
        self._place.operations.failed.emit(error)

    def _show_clashes(self, error: Conflict) -> None:
        """Offer both values of each field; what is saved next starts from the record as it stands now."""
        from crmdesk.ui.views.clashes import Clash
        from crmdesk.ui.views.person_form import LABELS, shown_value

        form, tr = self._form_there(), self._words.tr
        wanted = form.fields()
        clashes = [
            Clash(
                name,
                tr(LABELS[name]),
                shown_value(self._words, name, error.current.get(name)),
                shown_value(self._words, name, getattr(wanted, name)),
            )
            for name in error.fields
            if name in LABELS
        ]
        version = error.current.get("rev")
        if isinstance(version, int):
            self._task.version = version
        form.tell(tr("Somebody changed this meanwhile: ← takes theirs, → keeps yours, Ctrl+Enter saves."))
        form.clashes.show_clashes(clashes)
        form.fit()


def _head_of(card: CustomerCard) -> PersonFields:
    held = {field.name for field in fields(PersonFields)} & set(HEAD_FIELDS)
    return PersonFields(**{name: getattr(card, name) for name in held})


def _with_text(person: PersonFields, text: str) -> PersonFields:
    """Return *person* with what was searched for: digits are a number, all else is a name."""
    words = text.strip()
    if not words:
        return person
    if sum(c.isdigit() for c in words) * 2 > len(words):
        return replace(person, phone=words)
    return replace(person, name=words)


def _spoken(name: str, e164: str, otherwise: str) -> str:
    """Return the language somebody probably speaks: by his name's script, then by his country."""
    if any("\u4e00" <= c <= "\u9fff" for c in name):
        return CHINESE
    if e164 and not e164.startswith(("+86", "+852", "+853", "+886")):
        return ENGLISH
    return ENGLISH if name.isascii() and name else (CHINESE if e164 else otherwise)
