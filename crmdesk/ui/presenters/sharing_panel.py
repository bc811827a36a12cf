"""What waits, what was refused and which fields need a choice: fetched, worded, settled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from crmdesk.models.screen_pop import Found
from crmdesk.models.sync_views import FieldChoice
from crmdesk.ui.delegates.home import Line
from crmdesk.ui.painting import plain
from crmdesk.ui.sync_words import FIELDS, field_value, sync_mark
from crmdesk.ui.views.clashes import THEIRS, TYPED, YOURS, Clash
from crmdesk.ui.views.sharing_panel import SharingPanel
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from uuid import UUID

    from PySide6.QtWidgets import QWidget

    from crmdesk.models.screen_pop import CustomerCard, FoundPage
    from crmdesk.models.sync_views import FieldConflict, PendingLine, RefusedLine, SyncStatus
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.workplace import Tools, Workplace
    from crmdesk.ui.translation import Words

_TAKEN = {YOURS: "mine", THEIRS: "server", TYPED: "typed"}


class PanelPresenter(QObject):
    """Steers the panel; made when it is first opened."""

    def __init__(
        self, place: Workplace, tools: Tools, record: RecordPresenter, around: QWidget, status: SyncStatus
    ) -> None:
        super().__init__(around)
        self._place = place
        self._words = place.words
        self._moments = place.moments
        self._record = record
        self._status = status
        self._pending: tuple[PendingLine, ...] = ()
        self._refused: tuple[RefusedLine, ...] = ()
        self._sure: UUID | None = None
        self._settling: set[UUID] = set()
        self.view = SharingPanel(tools, around, place.parts.band)
        self.view.typed.connect(self.view.clashes.take_typed)
        self.view.copy_wanted.connect(self._copy)
        self.view.note_wanted.connect(self._choose_target)
        self.view.away_wanted.connect(self._put_away)
        self.view.sending_wanted.connect(self._send)
        self.view.line_chosen.connect(self._on_line)
        self.view.target.searched.connect(self._on_searched)
        self.view.target.chosen.connect(self._on_target)
        place.words.changed.connect(self._draw)

    def open(self) -> None:
        """Show the panel with what there is now."""
        self.view.open()
        self._draw()
        self.view.take_keyboard()
        self._fetch(first=True)

    def close(self) -> bool:
        """Esc: give up typing, go back to the text, put the panel away; return whether anything closed."""
        if self.view.isHidden():
            return False
        if self.view.leave_typing():
            return True
        if not self.view.target.isHidden():
            self._leave_target()
            return True
        return self.view.close_pane()

    def on_status(self, status: SyncStatus) -> None:
        """News from the server: what is shown may be old."""
        self._status = status
        if not self.view.isHidden():
            self._tell_state()
            self._fetch()

    def accept(self) -> bool:
        """Ctrl+Enter: send the choices; return whether the keyboard is in the panel."""
        if not self.view.has_focus:
            return False
        self._send()
        return True

    def _send(self) -> None:
        self.view.finish_typing()
        settled = False
        for line in self._refused:
            rows = [clash for clash in self.view.clashes.clashes.rows if clash.source == line.op_id]
            if rows and all(clash.taken for clash in rows):
                settled = True
                self._settle(line.op_id, _choices(rows))
        if not settled and self.view.clashes.clashes.rows:
            told = self._words.tr("Choose for each field first: 1 mine, 2 the server's, 3 typed anew")
            self._place.parts.messages.say(told, "due")

    def _settle(self, op_id: UUID, choices: dict[str, FieldChoice]) -> None:
        """Send the choices of one operation, once however often the key is pressed."""
        if op_id in self._settling:
            return
        self._settling.add(op_id)

        def settled(_: object) -> None:
            self._settling.discard(op_id)
            self._place.parts.messages.say(self._words.tr("Your choice is on its way"), "good")
            self._fetch()

        def refused(error: BaseException) -> None:
            self._settling.discard(op_id)
            self._place.operations.failed.emit(error)
            self._fetch()

        future = self._place.desk.sharing.resolve(op_id, choices)
        self._place.operations.run(future, settled, failed=refused)

    def _fetch(self, *, first: bool = False) -> None:
        sharing, run = self._place.desk.sharing, self._place.operations.run

        def refused(lines: tuple[RefusedLine, ...]) -> None:
            self._refused = lines
            self._draw()
            if first:
                self.view.take_keyboard()

        def pending(lines: tuple[PendingLine, ...]) -> None:
            self._pending = lines
            self._draw()

        run(sharing.pending(), pending, topic="pending")
        run(sharing.refused(), refused, topic="refused")

    def _draw(self) -> None:
        chosen = {(clash.source, clash.name): clash for clash in self.view.clashes.clashes.rows}
        clashes = []
        for line in self._refused:
            for conflict in line.conflicts:
                clash = self._clash(line, conflict)
                held = chosen.get((clash.source, clash.name))
                if held is not None:
                    clash = replace(clash, taken=held.taken, typed=held.typed)
                clashes.append(clash)
        rows = self.view.clashes.clashes.rows
        if list(rows) != clashes or not rows:
            self.view.show_clashes(clashes)
        self.view.show_refused([self._refused_line(line) for line in self._told()])
        self.view.show_pending([pending_line(self._words, self._moments, line) for line in self._pending])
        self._tell_state()

    def _told(self) -> list[RefusedLine]:
        return [line for line in self._refused if not line.conflicts]

    def _tell_state(self) -> None:
        mark = sync_mark(self._words, self._moments, self._status)
        self.view.set_aside(f"{mark.text} · {self._words.tr('Esc closes')}")
        trouble = self._status.trouble
        self.view.show_trouble(self._words.text(trouble) if trouble is not None else "")

    def _clash(self, line: RefusedLine, conflict: FieldConflict) -> Clash:
        words, name = self._words, conflict.field
        when = self._moments.day_and_time(line.at)
        aside = " · ".join(part for part in (plain(line.subject), when) if part)
        return Clash(
            name=name,
            label=said(words, FIELDS, name),
            theirs=field_value(words, name, conflict.server),
            yours=field_value(words, name, conflict.mine),
            taken="",
            before=field_value(words, name, conflict.before),
            aside=aside,
            source=line.op_id,
        )

    def _refused_line(self, line: RefusedLine) -> Line:
        return Line(
            source=line,
            icon="warning",
            text=self._words.text(line.what),
            alt=plain(line.subject),
            below=self._words.text(line.reason),
            aside=self._moments.day_and_time(line.at),
            tone="due",
        )

    def _current(self) -> RefusedLine | None:
        row, told = self.view.refused.current_row(), self._told()
        return told[row] if 0 <= row < len(told) else None

    def _on_line(self, row: int) -> None:
        line = self._current()
        if not self.view.target.isHidden():
            self._leave_target()
        self._sure = None
        if line is None:
            self.view.show_text("", "")
            return
        heading = " · ".join(part for part in (self._words.text(line.what), plain(line.subject)) if part)
        self.view.show_text(heading, self._whole(line))

    def _whole(self, line: RefusedLine) -> str:
        return f"{self._words.text(line.reason)}\n\n{line.text}".strip()

    def _copy(self) -> None:
        line = self._current()
        if line is not None:
            QGuiApplication.clipboard().setText(self._whole(line))
            self._place.parts.messages.say(self._words.tr("Copied"), "good")

    def _put_away(self) -> None:
        line = self._current()
        if line is None:
            return
        if self._sure != line.op_id:
            self._sure = line.op_id
            told = self._words.tr("Del once more puts it away. The text then stands nowhere else here.")
            self._place.parts.messages.say(told, "due")
            return
        self._place.parts.messages.dismiss()
        self._place.operations.run(self._place.desk.sharing.dismiss(line.op_id), lambda _: self._fetch())

    def _choose_target(self) -> None:
        line = self._current()
        if line is None:
            return
        self.view.choose_target(True)
        self.view.target.begin(self._first_targets(line))

    def _first_targets(self, line: RefusedLine) -> list[Line]:
        """Return whom the note is probably about: the record of the line, then the one shown."""
        targets = []
        if line.customer_id is not None:
            told = self._words.tr("The record it was about")
            targets.append(Line(line.customer_id, "person", plain(line.subject) or told, told))
        shown = self._shown_card()
        if shown is not None and shown.id != line.customer_id:
            told = self._words.tr("The record that is open")
            targets.append(Line(shown.id, "person", plain(shown.name), told, alt=plain(shown.name_alt)))
        return targets

    def _shown_card(self) -> CustomerCard | None:
        if self._record.slot is not None:
            return self._record.slot.pop.customer
        return self._record.record.customer if self._record.record is not None else None

    def _on_searched(self, text: str) -> None:
        line = self._current()
        if not text:
            self.view.target.show_lines(self._first_targets(line) if line is not None else [])
            return

        def found(page: FoundPage) -> None:
            self.view.target.show_lines([self._found(hit) for hit in page.items])

        self._place.operations.run(self._place.desk.find(text), found, topic="target")

    def _found(self, hit: Found) -> Line:
        icon = "company" if hit.kind == "company" else "person"
        return Line(hit, icon, plain(hit.name), self._words.text(hit.why), alt=plain(hit.name_alt))

    def _on_target(self, source: object) -> None:
        line = self._current()
        if line is None:
            return
        customer_id = source.customer_id if isinstance(source, Found) else source
        self._place.operations.forget("target")

        def sent(_: object) -> None:
            self._leave_target()
            self._place.parts.messages.say(self._words.tr("Written as a note"), "good")
            self._fetch()

        future = self._place.desk.sharing.send_as_note(line.op_id, customer_id)  # type: ignore[arg-type]  # ids only
        self._place.operations.run(future, sent)

    def _leave_target(self) -> None:
        inside = self.view.target.isAncestorOf(self.view.target.window().focusWidget())
        if inside:
            self.view.refused.setFocus()
        self.view.choose_target(False)


def _choices(rows: list[Clash]) -> dict[str, FieldChoice]:
    return {
        clash.name: FieldChoice(_TAKEN[clash.taken], clash.typed if clash.taken == TYPED else "")
        for clash in rows
    }


def pending_line(words: Words, moments: Moments, line: PendingLine) -> Line:
    """Return what waits to be sent as a row."""
    return Line(
        source=line,
        icon="clock",
        text=words.text(line.what),
        alt=plain(line.subject),
        below=plain(line.text),
        aside=moments.day_and_time(line.at),
        aside_below=words.tr("sent once more") if line.again else "",
    )
