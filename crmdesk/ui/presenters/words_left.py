"""Words typed for a step that somebody else made impossible: they go where they can be found."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmdesk.models.wire import Json
    from crmdesk.ui.presenters.workplace import Workplace


class WordsLeft:
    """Lays words into the note that waits to be written about the same complaint.

    Args:
        place: the window.
        field: of the form of notes that holds their text.
        note_id: of the form of notes that holds the id the note will have.
    """

    def __init__(self, place: Workplace, field: str, note_id: str) -> None:
        self._place, self._field, self._note_id = place, field, note_id

    def lay(self, form: str, note: str, texts: Sequence[str]) -> None:
        """Put *texts* into the kept form *note* and forget the kept *form* they were typed in."""
        complaints, run = self._place.desk.complaints, self._place.operations.run

        def known(kept: Mapping[str, Json] | None) -> None:
            content = dict(kept or {})
            before = str(content.get(self._field) or "")
            content[self._field] = "\n".join(each for each in (before, *texts) if each)
            content.setdefault(self._note_id, str(uuid4()))
            run(complaints.keep_form(note, content), lambda _: self._on_laid(form))

        run(complaints.kept_form(note), known)

    def _on_laid(self, form: str) -> None:
        self._place.operations.run(self._place.desk.complaints.forget_form(form))
        told = self._place.words.tr(
            "This step is not possible any more. What you typed waits as a note: F7 opens it."
        )
        self._place.parts.messages.say(told, "due")
