"""Notes that are never lost: drafts saved while typing, found again after a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from PySide6.QtCore import QObject, Signal

from crmdesk.models.screen_pop import NoteDraft
from crmdesk.models.types import CallId

if TYPE_CHECKING:
    from crmdesk.models.screen_pop import ScreenPop
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.slots import Slot


class NotesPresenter(QObject):
    """Saves what is typed.

    Signals:
        restored(NoteDraft, ScreenPop): a note typed before a crash, with its call.
    """

    restored = Signal(object, object)

    def __init__(self, place: Workplace) -> None:
        super().__init__()
        self._parts = place.parts
        self._slots = place.slots
        self._desk = place.desk
        self._operations = place.operations
        self._words = place.words
        self._moments = place.moments
        self._kept: tuple[Slot, str] | None = None
        place.parts.note.typed.connect(self.save)
        place.words.changed.connect(self._tell_kept)

    def save(self, number: int) -> None:
        """Keep the note of a slot now."""
        slot = self._slots.at(number)
        if slot is None or slot.finishing:
            return
        edit = self._parts.note.edit(number)
        now = self._moments.now()
        draft = NoteDraft(
            draft_id=slot.draft_id,
            call_id=str(slot.pop.call_id),
            text=edit.toPlainText(),
            cursor=edit.textCursor().position(),
            saved_at=now,
        )
        self._operations.run(self._desk.save_draft(draft), lambda _: self._on_saved(slot))

    def save_all(self) -> None:
        """Keep every note that has unsaved typing, e.g. before the window closes."""
        for slot in self._slots:
            self._parts.note.flush(slot.number)

    def take_over(self) -> None:
        """Ask for notes of calls that were open when the program ended."""
        self._operations.run(self._desk.drafts(), self._on_drafts)

    def _on_saved(self, slot: Slot) -> None:
        if slot is self._slots.current:
            self._kept = slot, self._moments.local(self._moments.now()).strftime("%H:%M:%S")
            self._tell_kept()

    def _tell_kept(self) -> None:
        """Say when the note shown was kept last, in the words of now."""
        if self._kept is not None and self._kept[0] is self._slots.current:
            self._parts.note.say_saved(self._words.tr("kept {time}", time=self._kept[1]))

    def _on_drafts(self, drafts: tuple[NoteDraft, ...]) -> None:
        for draft in drafts:
            if draft.text.strip():
                self._ask_for_call(draft)

    def _ask_for_call(self, draft: NoteDraft) -> None:
        def arrived(pop: ScreenPop) -> None:
            self.restored.emit(draft, pop)

        self._operations.run(self._desk.call(CallId(UUID(draft.call_id))), arrived)
