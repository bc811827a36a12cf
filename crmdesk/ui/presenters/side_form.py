"""A form beside a complaint that is no step of the procedure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from crmdesk.ui.complaint_words import refusal
from crmdesk.ui.views.step_form import StepForm
from crmdesk.ui.widgets.step_fields import Kit

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.presenters.complaint_record import ComplaintPresenter
    from crmdesk.ui.presenters.workplace import Tools, Workplace
    from crmdesk.ui.views.step_form import FormPlan


_KEEP_MS = 300


class SideForm(QObject):
    """Shows a form at the right of the complaint that *page* shows; what it does is up to who inherits.

    What is typed is kept under ``name``. ``called``: what fields of a refusal are called in the form, where
    that differs.
    """

    name = ""
    called: Mapping[str, str] = MappingProxyType({})

    def __init__(self, place: Workplace, tools: Tools, page: ComplaintPresenter) -> None:
        super().__init__(page)
        self._place = place
        self._tools = tools
        self._words = place.words
        self._page = page
        self._sending = False
        self._record: ComplaintRecord | None = None
        self._plan_of: Callable[[], FormPlan] | None = None
        self.form = StepForm(tools.ink, tools.words, page.view)
        page.view.right.addWidget(self.form)
        self.form.accepted.connect(self.accept)
        self._keeper = QTimer(self, singleShot=True, interval=_KEEP_MS)
        self._keeper.timeout.connect(self._on_pause)
        self.form.edited.connect(self._on_edited)
        self._words.changed.connect(self._retranslate)

    @property
    def is_open(self) -> bool:
        """Whether the form is on the screen."""
        return self._page.shown and self._page.view.right_shown is self.form

    def accept(self) -> None:
        """Ctrl+Enter: keep what was filled in."""
        raise NotImplementedError

    def close(self) -> bool:
        """Esc: put the form away; return whether it was there."""
        if not self.is_open:
            return False
        self._keep()
        view = self._page.view
        view.present_right(view.trail)
        view.file.list.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def _show(self, record: ComplaintRecord, plan: Callable[[], FormPlan]) -> None:
        """Open the form of *plan*, with what was typed before; asked again when the language changes."""
        self._keep()
        self._record, self._plan_of = record, plan
        self._place.operations.run(
            self._place.desk.complaints.kept_form(self._key),
            lambda kept: self._present(kept or {}),
            topic="kept form",
            failed=lambda _: self._present({}),
        )

    def _present(self, content: Mapping[str, Json]) -> None:
        if self._record is None or not self._page.shows(self._record.head.id):
            return
        self._page.forms.close()
        self._fill(content)
        self._page.view.present_right(self.form)
        self.form.to_first()

    @property
    def _key(self) -> str:
        """What is typed is kept under this name."""
        return f"{self._record.head.id}/{self.name}" if self._record is not None else ""

    def _keep(self) -> None:
        """Keep what was typed since it was kept."""
        if self._keeper.isActive():
            self._keeper.stop()
            kept = self._place.desk.complaints.keep_form(self._key, self.form.values())
            self._place.operations.run(kept)

    def _done(self) -> None:
        """What was typed has been taken: forget it, and put the form away."""
        self._sending = False
        self._keeper.stop()
        self._place.operations.run(self._place.desk.complaints.forget_form(self._key))
        self.close()

    def _on_edited(self) -> None:
        if not self._keeper.isActive():
            self._keeper.start()

    def _on_pause(self) -> None:
        self._keeper.start()
        self._keep()

    def _filled(self) -> None:
        """The form was made, or made anew in another language."""

    def _fill(self, content: Mapping[str, Json]) -> None:
        record, plan = self._record, self._plan_of
        if record is None or plan is None:
            return
        tools = self._tools
        kit = Kit(
            tools.ink,
            tools.words,
            tools.moments,
            tools.composing,
            tools.reserved,
            record,
            lambda _text, found: found(()),
        )
        self.form.open(plan(), kit, content)
        self._filled()

    def _retranslate(self) -> None:
        if not self.is_open:
            return
        focus, form = QApplication.focusWidget(), self.form
        held = next((n for n in form.names() if focus and form.field(n).isAncestorOf(focus)), None)
        self._fill(form.values())
        if held is not None:
            form.field(held).to_field()

    def _say(self, text: str, tone: str = "due") -> None:
        self._place.parts.messages.say(text, tone)

    def _refused(self, error: BaseException) -> None:
        """Say below its field what was refused; nothing typed is lost."""
        self._sending = False
        told, name = refusal(self._words, error, self.called)
        self.form.say(told, "breach", name)
