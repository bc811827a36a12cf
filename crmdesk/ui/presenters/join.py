"""Putting this desk on a shared database, while working goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from crmdesk.errors import CrmdeskError
from crmdesk.ui.painting import plain
from crmdesk.ui.translation import word
from crmdesk.ui.views.join_pane import ADOPT, LABELS, JoinPane

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.sync_views import AuthoritySeen, JoinProgress, Membership
    from crmdesk.ui.presenters.workplace import Tools, Workplace

_NEEDED = ("address", "user", "password")
_SOON = timedelta(days=21)
"""A certificate that ends sooner is told in amber."""
_SENDING = word("Sent: {done} of {total} rows. You go on working meanwhile.")
_GOES_ON = word("What was sent is there; joining once more goes on where it stopped.")
_VALID = word("Certificate of {subject}, valid until {day}")
_ENDED = word("The certificate of {subject} ended on {day}. Ask the administrator for the new one.")


class JoinPresenter(QObject):
    """Steers the pane; the password leaves it as soon as it is not needed any more."""

    def __init__(self, place: Workplace, tools: Tools, around: QWidget) -> None:
        super().__init__(around)
        self._place = place
        self._words = place.words
        self._waiting = self._sending = False
        self.pane = JoinPane(tools, around, place.parts.band)
        self.pane.join_wanted.connect(self._join)
        self.pane.ca_named.connect(self._look_at_authority)
        tools.bridge.join_progressed.connect(self._on_progress)

    def open(self, held: Membership | None = None) -> None:
        """Show the fields, filled for a desk that belongs to *held* already."""
        self.pane.open()
        if self._waiting:
            return
        if held is not None:
            self.pane.fill(held)
        self._explain()
        self.pane.to_field("address" if held is None else "password")

    def close(self) -> bool:
        """Put the fields away; the password is typed anew next time."""
        if self.pane.isHidden():
            return False
        self.pane.forget_password()
        return self.pane.close_pane()

    def accept(self) -> bool:
        """Ctrl+Enter: join; return whether the keyboard is in the pane."""
        if not self.pane.has_focus:
            return False
        self._join()
        return True

    def _explain(self) -> None:
        told = self._words.tr(
            "You go on working while the first copy comes; the line at the lower edge shows how far it is."
        )
        self.pane.tell(told)

    def _join(self) -> None:
        if self._waiting:
            return
        fields = self.pane.fields()
        self.pane.forget_notes()
        missing = [name for name in _NEEDED if not getattr(fields, name)]
        for name in missing:
            label = self._words.tr(LABELS[name])
            self.pane.note(name, self._words.tr("Please fill in: {name}", name=label))
        if missing:
            self.pane.to_field(missing[0])
            return
        self._look_at_authority(fields.ca_file)
        self._wait(True)
        self.pane.tell(self._words.tr("Asking the server …"))
        self._place.operations.run(
            self._place.desk.sharing.join(fields), self._on_joined, failed=self._on_failed
        )

    def _on_progress(self, progress: JoinProgress) -> None:
        """Rows that go along are under way: that takes its time, and work goes on."""
        if self._waiting and progress.total:
            self._sending = True
            told = self._words.tr(_SENDING, done=f"{progress.done:,}", total=f"{progress.total:,}")
            self.pane.show_progress(progress.done / progress.total, told)

    def _wait(self, waiting: bool) -> None:
        self._waiting = waiting
        self.pane.bar.show_part(None, "")
        # A disabled field loses the keyboard; the pane keeps it, so that Esc still closes.
        if waiting:
            self.pane.setFocus()
        self.pane.wait(waiting)

    def _on_joined(self, _: object) -> None:
        self._sending = False
        self.pane.forget_password()
        self._wait(False)
        self.pane.close_pane()
        told = self._words.tr("This desk shares the database now. The first copy comes while you work.")
        self._place.parts.messages.say(told, "good")

    def _on_failed(self, error: BaseException) -> None:
        self._wait(False)
        self._explain()
        named = error.fields[0] if isinstance(error, CrmdeskError) and error.fields else ""
        told = self._words.error(error)
        if self._sending:
            told, named = f"{told} {self._words.tr(_GOES_ON)}", ""
        self._sending = False
        if named == ADOPT and isinstance(error, CrmdeskError) and self.pane.fields().adopt is None:
            count = error.values.get("count", "")
            told = self._words.tr(
                "This desk holds {count} records of its own. Choose what becomes of them.", count=count
            )
        if named in self.pane.notes:
            self.pane.note(named, told)
        else:
            self.pane.tell(told, "breach")
        if self.pane.isVisible():
            self.pane.to_field(named)
        else:
            self.pane.forget_password()
            self._place.operations.failed.emit(error)

    def _look_at_authority(self, path: str) -> None:
        """Say whose certificate was chosen, or what the file is instead."""
        if not path:
            self._place.operations.forget("authority")
            self.pane.note("ca_file", "")
            return
        self._place.operations.run(
            self._place.desk.sharing.authority(path),
            self._tell_authority,
            topic="authority",
            failed=lambda error: self.pane.note("ca_file", self._words.error(error)),
        )

    def _tell_authority(self, seen: AuthoritySeen) -> None:
        moments = self._place.moments
        until, left = moments.day(moments.day_of(seen.until)), seen.until - moments.now()
        sentence = _ENDED if left < timedelta() else _VALID
        tone = "breach" if left < timedelta() else "due" if left < _SOON else "good"
        self.pane.note("ca_file", self._words.tr(sentence, subject=plain(seen.subject), day=until), tone)
