"""Telling which database this desk shares, and leaving it without losing a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from crmdesk.ui.painting import plain
from crmdesk.ui.presenters.sharing_panel import pending_line
from crmdesk.ui.sync_words import ROLES, sync_mark
from crmdesk.ui.translation import word
from crmdesk.ui.views.membership_pane import MembershipPane
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.sync_views import Membership, PendingLine, SyncStatus
    from crmdesk.ui.presenters.workplace import Tools, Workplace

_UNSENT = (
    word("{n} change has not reached the server yet."),
    word("{n} changes have not reached the server yet."),
)
_GOES_ON = word("The first copy goes on where it stopped as soon as the server answers.")


class MembershipPresenter(QObject):
    """Steers the pane; leaving takes two keys, so that none of them is a slip.

    Signals:
        anew_wanted(Membership): join this server once more, with another password or address.
    """

    anew_wanted = Signal(object)

    def __init__(self, place: Workplace, tools: Tools, around: QWidget, status: SyncStatus) -> None:
        super().__init__(around)
        self._place = place
        self._words = place.words
        self._status = status
        self._pending: tuple[PendingLine, ...] = ()
        self._sure = self._waiting = False
        self._belongs: Membership | None = None
        self.pane = MembershipPane(tools, around, place.parts.band)
        self.pane.leave_wanted.connect(self._leave)
        self.pane.anew_wanted.connect(self._join_anew)
        self.pane.file_chosen.connect(self._keep_texts)
        place.parts.messages.closed.connect(self._forget)
        place.words.changed.connect(self._refresh)

    def open(self) -> None:
        """Show what is known; the rest follows."""
        self._sure = False
        self._tell_unsent()
        self.pane.open()
        self.pane.take_keyboard()
        self._refresh()

    def close(self) -> bool:
        """Put the pane away; return whether it was there."""
        return self.pane.close_pane()

    def accept(self) -> bool:
        """Ctrl+Enter: leave; return whether the keyboard is in the pane."""
        if not self.pane.has_focus:
            return False
        self._leave()
        return True

    def on_status(self, status: SyncStatus) -> None:
        """News from the server: role, teams and what waits may be others."""
        self._status = status
        if not status.configured:
            self.pane.close_pane()
        elif not self.pane.isHidden():
            self._refresh()

    def _refresh(self) -> None:
        if self.pane.isHidden():
            return
        sharing, run = self._place.desk.sharing, self._place.operations.run
        self._tell_state()
        run(sharing.membership(), self._tell_facts, topic="membership")
        run(sharing.pending(), self._on_pending, topic="unsent")

    def _tell_state(self) -> None:
        status, words = self._status, self._words
        mark = sync_mark(words, self._place.moments, status)
        trouble = words.text(status.trouble) if status.trouble is not None else ""
        if status.first_sync is not None and not status.connected:
            trouble = f"{trouble} {words.tr(_GOES_ON)}".strip()
        self.pane.show_facts({"state": mark.text})
        self.pane.show_copy(status.first_sync, mark.text, trouble)

    def _tell_facts(self, found: Membership | None) -> None:
        self._belongs = found
        if found is None:
            return
        words = self._words
        teams = ", ".join(words.pick(english, chinese) for english, chinese in found.teams)
        role = said(words, ROLES, found.role) if found.role else ""
        person = " · ".join(part for part in (plain(found.user), role) if part)
        self.pane.show_facts({"server": plain(found.server), "person": person, "teams": plain(teams) or "—"})

    def _on_pending(self, lines: tuple[PendingLine, ...]) -> None:
        self._pending = lines
        self._tell_unsent()

    def _tell_unsent(self) -> None:
        words, count = self._words, len(self._pending)
        told = words.plural(count, *_UNSENT) if count and not self.pane.trouble.text() else ""
        lines = [pending_line(words, self._place.moments, line) for line in self._pending]
        self.pane.show_unsent(told, lines)

    def _leave(self) -> None:
        if self._waiting:
            return
        if not self._sure:
            self._sure = True
            self._place.parts.messages.say(self._words.tr("Ctrl+Enter once more leaves"), "due")
            return
        self._place.parts.messages.dismiss()
        self._wait(True)
        future = self._place.desk.sharing.leave(unsent=self.pane.even_so)
        self._place.operations.run(future, self._on_left, failed=self._on_failed)

    def _join_anew(self) -> None:
        if self._belongs is not None:
            self.anew_wanted.emit(self._belongs)

    def _forget(self) -> None:
        """What was said to the first key is gone: it does not count any more."""
        self._sure = False

    def _wait(self, waiting: bool) -> None:
        self._waiting = waiting
        if waiting:
            # A disabled button loses the keyboard; the pane keeps it, so that Esc still closes.
            self.pane.setFocus()
        self.pane.wait(waiting)

    def _on_left(self, _: object) -> None:
        self._wait(False)
        self.pane.close_pane()
        told = self._words.tr("This PC works alone now. Ctrl+Shift+J joins again.")
        self._place.parts.messages.say(told, "good")

    def _on_failed(self, error: BaseException) -> None:
        """Stay: something could not be sent, and nobody has said that it may stay behind."""
        self._wait(False)
        self._sure = False
        if self.pane.isHidden():
            self._place.operations.failed.emit(error)
            return
        self.pane.show_copy(self._status.first_sync, "", self._words.error(error))
        self.pane.take_keyboard()
        self._place.operations.run(self._place.desk.sharing.pending(), self._on_pending, topic="unsent")

    def _keep_texts(self, path: str) -> None:
        words = self._words
        parts = []
        for line in self._pending:
            head = (self._place.moments.day_and_time(line.at), words.text(line.what), plain(line.subject))
            parts.append("\n".join((" · ".join(part for part in head if part), line.text)).strip())

        def kept(_: object) -> None:
            self._place.parts.messages.say(words.tr("Saved"), "good")

        future = self._place.desk.sharing.keep_text(path, "\n\n".join(parts) + "\n")
        self._place.operations.run(future, kept)
