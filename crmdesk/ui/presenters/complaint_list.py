"""Steers the lists of complaints: asks, filters, shows clocks, and starts what is done from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from crmdesk.services.complaints.listing import APPROVE, MINE, SEGMENTS
from crmdesk.ui.complaint_rows import RowsOf
from crmdesk.ui.pacing import Pacing
from crmdesk.ui.presenters.approving import Approving
from crmdesk.ui.presenters.hand_over import HandOver
from crmdesk.ui.presenters.list_export import ListExport
from crmdesk.ui.presenters.list_ledger import ListLedger
from crmdesk.ui.translation import word
from crmdesk.ui.views.complaint_list import APPROVE as TELL
from crmdesk.ui.views.complaint_list import ComplaintListView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from PySide6.QtWidgets import QWidget

    from crmdesk.models.changes import ChangeSet
    from crmdesk.services.complaints.listing import Listing
    from crmdesk.services.complaints.lists import ComplaintLine, Lines
    from crmdesk.ui.delegates.home import Line
    from crmdesk.ui.presenters.workplace import Tools, Workplace

_SHOWN = frozenset({"complaint", "approval", "clock_line", "task", "customer", "agent", "complaint_category"})
_EVERY_MS = 60_000
"""So often what is due is looked at again."""
ALL, OVERDUE, TODAY, REGIME = range(4)
_NOTHING_DUE = {
    OVERDUE: word("Nothing here is overdue.\nThe words above show other clocks."),
    TODAY: word("Nothing here is due today.\nThe words above show other clocks."),
    REGIME: word("No regime asks anything of us here within two business days."),
}


class ComplaintListPresenter(QObject):
    """Steers the page; made when it is first wanted.

    Signals:
        complaint_wanted(UUID, str): open it, and begin this step if there is one.
    """

    complaint_wanted = Signal(object, str)

    def __init__(self, place: Workplace, tools: Tools, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._words = place.words
        self._rows = RowsOf(place.words, place.moments)
        self._segment, self._due = MINE, ALL
        self._listing: Listing | None = None
        self._lines: Lines | None = None
        self._names: Mapping[bytes, str] = {}
        self.marked: set[UUID] = set()
        self._stale = False
        self._before: QWidget | None = None
        self.view = ComplaintListView(tools, self._worded)
        self.hand_over = HandOver(place, self.view, self)
        self.approving = Approving(place, self)
        self._export = ListExport(place, self.view)
        self._ledger = ListLedger(place, self.view, self)
        place.parts.stage.add(self.view)
        self._pacing = Pacing(self.refresh, self)
        self._clock = QTimer(self, interval=_EVERY_MS)
        self._clock.timeout.connect(self.refresh)
        self._wire(tools)

    @property
    def shown(self) -> bool:
        """Whether the page is on top."""
        return self._place.parts.stage.shown is self.view

    def open(self) -> None:
        """Show the lists; the keyboard goes to the lines."""
        stage = self._place.parts.stage
        if not self.shown:
            # Not the page of a complaint: that one comes back here by itself.
            if stage.shown in {self._place.parts.home, self._place.parts.record}:
                self._before = stage.shown
            stage.present(self.view)
            self._clock.start()
            self.refresh()
        self.view.list.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def refresh(self) -> None:
        """Read the list again, if it is on the screen."""
        self._stale = not self.shown
        if self.shown:
            complaints = self._place.desk.complaints
            future = complaints.listed(self._segment, by_regime=self._due == REGIME)
            self._place.operations.run(future, self._show, topic="complaint-list")

    def resume(self) -> None:
        """The page is on top again: show what changed meanwhile."""
        if self._stale:
            self.refresh()

    def close(self) -> bool:
        """Esc: stop or put the form away, clear the filter, then go back."""
        if not self.shown:
            return False
        if self.hand_over.close():
            self.view.list.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self.view.list.filter_text:
            self.view.list.filter("")
        elif self.marked:
            self.marked.clear()
            self._tell()
        else:
            self._back()
        return True

    def accept(self) -> None:
        """Ctrl+Enter: hand over or approve if that is being asked, else open the line."""
        if self.view.hand_over.isVisible():
            self.hand_over.send()
        elif not self.approving.confirm(self.view.list.current_line()):
            self._open(self.view.list.current_row())

    def begin_hand_over(self) -> None:
        """Ask who takes over the marked lines, or the one with the keyboard."""
        chosen = self._chosen()
        if not self.shown or not chosen:
            self._say(word("Mark complaints in their list first: Ctrl+Shift+M opens it, Insert marks."))
        else:
            self.hand_over.begin(chosen)

    def export(self) -> None:
        """Save the lines shown as a sheet; with the keyboard in the clocks beside them, those."""
        view, listing = self.view, self._listing
        if not self.shown or listing is None:
            self._say(word("Open a list of complaints first: Ctrl+Shift+M."))
        elif view.ledger_list.hasFocus() and self._ledger.record is not None:
            self._export.save_ledger(self._ledger.record)
        else:
            self._with_names(listing, lambda: self._export.save_list(listing, view.list.lines.rows))

    def panes(self) -> list[QWidget]:
        """Return what F6 goes through."""
        return [*self.view.panes(), self._place.parts.box]

    def _wire(self, tools: Tools) -> None:
        view = self.view
        view.segments.picked.connect(self._on_segment)
        view.list.segment_picked.connect(self._on_segment)
        view.dues.picked.connect(self._on_due)
        view.list.filtered.connect(lambda _text: self._fill())
        view.list.entered_row.connect(self._open)
        view.list.decided.connect(self._decide)
        view.list.marked.connect(self._mark)
        view.list.all_marked.connect(self.mark_all)
        view.list.looked_at.connect(lambda row: self._ledger.look_at(self._line(row)))
        self.approving.telling.connect(lambda found: self.complaint_wanted.emit(found, TELL))
        self.approving.done.connect(self.refresh)
        self.hand_over.done.connect(self._on_handed_over)
        tools.bridge.changed.connect(self._on_changed)
        self._words.changed.connect(self._retranslate)

    def _worded(self, line: ComplaintLine) -> Line:
        return self._rows.row(line, owner=self._segment != MINE, marked=line.id in self.marked)

    def _show(self, listing: Listing) -> None:
        self._listing = listing
        self._rows.know(listing)
        self._know({**self._names, **listing.lines.customers})
        self._with_names(listing, lambda: None)

    def _with_names(self, listing: Listing, then: Callable[[], None]) -> None:
        """Go on once the names of all customers of *listing* are known."""
        if all(each in self._names for each in listing.lines.customer_ids()):
            then()
            return

        def known(names: Mapping[bytes, str]) -> None:
            self._know(names)
            then()

        future = self._place.desk.complaints.customer_names(listing.lines)
        self._place.operations.run(future, known, topic="customer-names")

    def _know(self, names: Mapping[bytes, str]) -> None:
        """Show the list with these names of customers; more of them come later when it is long."""
        self._names = names
        if self._listing is not None:
            self._lines = self._listing.lines.with_names(names)
            self._fill()

    def _fill(self) -> None:
        """Show what of the list is wanted; the keyboard stays with its complaint."""
        if self._lines is None:
            return
        current = self.view.list.current_line()
        lines, text = self._wanted(self._lines), self.view.list.filter_text
        if text:
            lines = lines.with_text(text, self._rows.codes(text))
        row = lines.place_of(current.id) if current is not None else -1
        self.view.show_lines(lines, row if row >= 0 else 0)
        self._tell()
        if not lines:
            self._ledger.look_at(None)

    def _wanted(self, lines: Lines) -> Lines:
        moments = self._place.moments
        if self._due == OVERDUE:
            return lines.due_before(moments.now())
        return lines.due_before(moments.day_end()) if self._due == TODAY else lines

    def _tell(self) -> None:
        """Say how many there are, as of when, and what can be done here."""
        tr, view, listing = self._words.tr, self.view, self._listing
        if listing is None:
            return
        count = len(view.list.lines.rows)
        parts = [
            tr("Filter: {text}", text=view.list.filter_text) if view.list.filter_text else "",
            tr("{n} marked", n=len(self.marked)) if self.marked else "",
            self._words.plural(count, "{n} complaint", "{n} complaints"),
            tr("the first {n} only", n=len(listing.lines)) if listing.full else "",
            tr("as of {time}", time=self._place.moments.clock_time(listing.at)),
        ]
        view.pane.set_aside(" · ".join(part for part in parts if part))
        view.list.set_hint(self._hint())
        view.told.say(self._keys())
        view.list.viewport().update()

    def _hint(self) -> str:
        tr = self._words.tr
        if self.view.list.filter_text:
            return tr("Nothing here fits.\nEsc clears what was typed.")
        if self._due != ALL:
            return tr(_NOTHING_DUE[self._due])
        if self._segment == APPROVE:
            return tr("Nothing waits for your yes.")
        return tr("No complaint is open here.\nF8 writes one down during a call.")

    def _keys(self) -> str:
        tr = self._words.tr
        if self._segment == APPROVE:
            return tr("Enter opens · a approves · b sends back · / then typing filters")
        return tr("Enter opens · Insert marks · Ctrl+A marks all · 1–4 other lists · typing filters")

    def _on_segment(self, number: int) -> None:
        self.view.segments.choose(number)
        self._segment = SEGMENTS[number]
        self._ledger.deciding = self._segment == APPROVE
        self.view.list.decide(self._ledger.deciding)
        self.marked.clear()
        self._listing = self._lines = None
        self.view.show_lines((), -1)
        self.view.list.set_hint("")
        self.refresh()

    def _on_due(self, number: int) -> None:
        by_regime = REGIME in {self._due, number}
        self._due = number
        if by_regime:
            self.refresh()
        else:
            self._fill()

    def _open(self, row: int) -> None:
        line = self._line(row)
        if line is not None:
            self.complaint_wanted.emit(line.id, "")

    def _decide(self, step: str) -> None:
        line = self.view.list.current_line()
        if line is not None and step == TELL:
            self.approving.begin(line)
        elif line is not None:
            self.complaint_wanted.emit(line.id, step)

    def _line(self, row: int) -> ComplaintLine | None:
        rows = self.view.list.lines.rows
        return rows[row] if 0 <= row < len(rows) else None

    def _mark(self) -> None:
        line = self.view.list.current_line()
        if line is not None:
            self.marked ^= {line.id}
            self._tell()

    def mark_all(self) -> None:
        """Mark all lines shown, or none if they all are."""
        shown = {line.id for line in self.view.list.lines.rows}
        self.marked = set() if shown <= self.marked else self.marked | shown
        self._tell()

    def _chosen(self) -> Sequence[ComplaintLine]:
        if self.marked and self._lines is not None:
            return [line for line in self._lines if line.id in self.marked]
        line = self.view.list.current_line()
        return [line] if line is not None else []

    def show_clocks(self) -> None:
        """Show the clocks of the line looked at, without waiting."""
        self._ledger.show()

    def _on_handed_over(self) -> None:
        self.marked.clear()
        self.view.list.setFocus(Qt.FocusReason.OtherFocusReason)
        self.refresh()

    def _on_changed(self, changes: ChangeSet) -> None:
        if "customer" in changes.kinds:
            self._names = {}
        if changes.kinds & _SHOWN and not self.hand_over.under_way:
            self._pacing.ask()

    def _retranslate(self) -> None:
        self._fill()
        self._ledger.pause.start()

    def _say(self, template: str) -> None:
        self._place.parts.messages.say(self._words.tr(template), "due")

    def _back(self) -> None:
        self._clock.stop()
        parts = self._place.parts
        page = self._before or parts.home
        target = parts.timeline.list if page is parts.record else parts.home.tasks
        parts.stage.present(page)
        target.setFocus(Qt.FocusReason.OtherFocusReason)
