"""The form of a step: one widget for each type of field, made from what the procedure asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from crmdesk.ui.complaint_words import choice_word, field_hint, field_word
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.complaint_field import ComplaintField
from crmdesk.ui.widgets.pane import MARGIN, ActionButton, Pane
from crmdesk.ui.widgets.remedy_fields import RemediesField, RemediesStateField
from crmdesk.ui.widgets.scroll_bar import SlimScrollBar
from crmdesk.ui.widgets.step_fields import (
    ChecklistField,
    ChoiceField,
    FixedField,
    FlagField,
    ImpactField,
    LineField,
    Option,
    StepField,
    TextField,
)
from crmdesk.ui.widgets.time_fields import AttemptsField, TimeField
from crmdesk.ui.widgets.told import Told
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.allowed import AskedField
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words
    from crmdesk.ui.widgets.step_fields import Kit

_AHEAD = frozenset({"until", "their_deadline", "due_at", "check_at"})
_SHORT = frozenset({"accepted_by", "reference"})
_NOT_SAID = word("Not said")
_CHOOSE = word("Choose …")


@dataclass(frozen=True, slots=True)
class FormPlan:
    """What a form asks: a heading, the words of its button, its fields, and what is told above them.

    ``step``: of which step it is the form, empty when of none.
    """

    heading: str
    button: str
    fields: tuple[AskedField, ...]
    told: str = ""
    tone: str = "plain"
    step: str = ""


class StepForm(Pane):
    """Opens beside the complaint; made anew for each step.

    Signals:
        edited(): somebody typed or chose something.
        accepted(): the button.
    """

    edited = Signal()
    accepted = Signal()

    def __init__(self, ink: Ink, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(ink, parent)
        self._words = words
        self._fields: dict[str, StepField] = {}
        self._faults: dict[str, Told] = {}
        self._needed: set[StepField] = set()
        self.top = Told(ink, self, 8)
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setVerticalScrollBar(SlimScrollBar(ink, self._scroll))
        self._action = QAction(self)
        self._name_button(words.tr("Save and go on"))
        self._action.setShortcut(QKeySequence("Ctrl+Return"))
        self._action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._action.triggered.connect(lambda _on: self.accepted.emit())
        self.button = ActionButton(ink, self._action, self, icon="check", main=True)
        foot = QHBoxLayout()
        foot.setContentsMargins(MARGIN, 8, MARGIN, MARGIN)
        foot.addStretch(1)
        foot.addWidget(self.button)
        self.content.addWidget(self.top)
        self.content.addWidget(self._scroll, 1)
        self.content.addLayout(foot)
        self.hide()

    def open(self, plan: FormPlan, kit: Kit, content: Mapping[str, Json]) -> None:
        """Show the form of *plan*, filled with *content*, else with what the fields begin with."""
        self.set_heading(plan.heading)
        self.set_aside(self._words.tr("* needed · Esc closes, what you typed is kept"))
        self._name_button(plan.button)
        self.top.say(plan.told, plan.tone)
        body = QWidget()
        body.setBackgroundRole(QPalette.ColorRole.Base)
        column = QVBoxLayout(body)
        column.setContentsMargins(MARGIN, 4, MARGIN, 4)
        column.setSpacing(4)
        self._fields, self._faults, self._needed = {}, {}, set()
        for asked in plan.fields:
            self._add(column, asked, kit, content, plan.step)
        self._let_class_follow(kit)
        column.addStretch(1)
        self._scroll.setWidget(body)
        for field in list(self._fields.values())[-1:]:
            QWidget.setTabOrder(field.controls()[-1], self.button)
        self.show()

    def field(self, name: str) -> StepField:
        """Return a field by its name."""
        return self._fields[name]

    def names(self) -> tuple[str, ...]:
        """Return the names of the fields shown."""
        return tuple(self._fields)

    def values(self) -> dict[str, Json]:
        """Return what stands in the form; empty fields are left out."""
        values = {name: field.value() for name, field in self._fields.items()}
        return {name: value for name, value in values.items() if value is not None}

    def kept(self) -> dict[str, Json]:
        """Return what a draft keeps of the form, also what is no value yet."""
        values = {name: field.kept() for name, field in self._fields.items()}
        return {name: value for name, value in values.items() if value is not None}

    def say(self, text: str, tone: str = "breach", name: str = "") -> None:
        """Say *text* below the field *name* and go there, or above all fields; nothing typed is lost."""
        self.clear_faults()
        told = self._faults.get(name, self.top)
        told.say(text, tone)
        field = self._fields.get(name)
        if field is not None:
            field.to_field()
            self._scroll.ensureWidgetVisible(told)

    def clear_faults(self) -> None:
        """Take away what was said about the fields."""
        for told in (self.top, *self._faults.values()):
            told.say("")

    def to_first(self) -> None:
        """Put the keyboard into the first needed field that is not filled in, else into the first."""
        shown = [field for field in self._fields.values() if field.isVisibleTo(self)]
        wanting = [field for field in shown if field in self._needed and not field.filled]
        if shown:
            (wanting or shown)[0].to_field()
        else:
            self.button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _let_class_follow(self, kit: Kit) -> None:
        """Let the class of cause be that of the cause chosen, whatever was guessed before."""
        cause, group = self._fields.get("cause"), self._fields.get("cause_class")
        if cause is not None and group is not None:
            classes = {each.key: each.cause_class for each in kit.record.causes}
            cause.edited.connect(lambda: group.fill(classes.get(str(cause.value()), group.value())))

    def _name_button(self, text: str) -> None:
        self._action.setText(text)
        self._action.setIconText(text)
        self._action.setStatusTip(text)

    def _add(
        self, column: QVBoxLayout, asked: AskedField, kit: Kit, content: Mapping[str, Json], step: str
    ) -> None:
        name, hint = field_word(self._words, asked.name), field_hint(self._words, asked.name, step)
        field = made_field(asked, kit, self, hint)
        field.fill(content.get(asked.name, asked.default))
        told = Told(self.ink, self, 4)
        label = QLabel(f"{name} *" if asked.required else name, self)
        label.setFont(self.ink.fonts.strong)
        label.setContentsMargins(0, 6, 0, 0)
        hidden = isinstance(field, FixedField) and not field.told
        if isinstance(field, FlagField):
            label.hide()
        for widget in (label, field, told):
            column.addWidget(widget)
        if hidden:
            label.hide()
            field.hide()
        field.call(name, hint or name)
        field.edited.connect(self.edited)
        field.edited.connect(lambda: told.say(""))
        self._fields[asked.name], self._faults[asked.name] = field, told
        if asked.required:
            self._needed.add(field)


def made_field(asked: AskedField, kit: Kit, parent: QWidget, hint: str) -> StepField:
    """Return the widget for a field by its type; those that name something here by their name.

    A text is empty with *hint* in it.
    """
    make = _BY_NAME.get(asked.name) or _BY_TYPE.get(asked.type)
    if make is not None:
        return make(asked, kit, parent)
    if asked.choices:
        return ChoiceField(_options(asked, kit), parent, _empty(asked, kit))
    kind = LineField if asked.name in _SHORT else TextField
    return kind(kit, hint, parent)


def _options(asked: AskedField, kit: Kit) -> list[Option]:
    """Return the choices in words: the shop's own names, else those of the procedure."""
    return [
        Option(
            choice.value,
            kit.words.pick(choice.name_en, choice.name_zh)
            or choice_word(kit.words, asked.type, choice.value),
        )
        for choice in asked.choices
    ]


def _empty(asked: AskedField, kit: Kit) -> str:
    """Return the words of the empty choice; one that must be made and has a default has none."""
    if asked.required and asked.default is not None:
        return ""
    return kit.words.tr(_CHOOSE if asked.required else _NOT_SAID)


def _causes(asked: AskedField, kit: Kit, parent: QWidget) -> StepField:
    """Return the leaves of the tree of causes, each with the way to it."""
    words = kit.words

    def way(path: tuple[str, ...]) -> str:
        return " › ".join(path)

    named = {
        cause.key: way(
            (
                cause.cause_class,
                *(words.pick(n.name_en, n.name_zh) or n.key for n in cause.path[1:] or cause.path),
            )
        )
        for cause in kit.record.causes
    }
    options = [
        Option(choice.value, named.get(str(choice.value), str(choice.value))) for choice in asked.choices
    ]
    return ChoiceField(options, parent, words.tr(_CHOOSE))


def _own(rows: Callable[[Kit], list[Option]]) -> Callable[[AskedField, Kit, QWidget], StepField]:
    """Return what makes a choice among things of the complaint itself."""
    return lambda asked, kit, parent: ChoiceField(rows(kit), parent, _empty(asked, kit))


def _letters(kit: Kit) -> list[Option]:
    from crmdesk.ui.complaint_words import LETTERS
    from crmdesk.ui.vocabulary import said

    return [
        Option(
            str(letter.id),
            f"{said(kit.words, LETTERS, letter.kind)} · {kit.moments.day_and_time(letter.made_at)}",
        )
        for letter in kit.record.letters
    ]


def _no_letter(asked: AskedField, kit: Kit) -> str:
    """Return the words of the empty choice; without a letter they say how there comes to be one."""
    return _empty(asked, kit) if kit.record.letters else kit.words.tr("None yet: Ctrl+P writes one")


def _remedies(kit: Kit) -> list[Option]:
    from crmdesk.ui.complaint_words import money

    return [
        Option(
            str(line.id),
            f"{choice_word(kit.words, 'remedies', line.type)} · {money(line.value, kit.record.currency)}",
        )
        for line in kit.record.remedies
    ]


def _corrections(asked: AskedField, kit: Kit, parent: QWidget) -> StepField:
    from crmdesk.ui.widgets.corrections_field import CorrectionsField

    return CorrectionsField(kit, asked.default, parent)


_BY_TYPE: Mapping[str, Callable[[AskedField, Kit, QWidget], StepField]] = {
    "bool": lambda asked, kit, parent: FlagField(kit, field_word(kit.words, asked.name), parent),
    "time": lambda asked, kit, parent: TimeField(
        kit, parent, ahead=asked.name in _AHEAD, optional=not asked.required
    ),
    "times": lambda _asked, kit, parent: AttemptsField(kit, parent, parts=False),
    "attempts": lambda _asked, kit, parent: AttemptsField(kit, parent, parts=True),
    "checklist": lambda asked, kit, parent: ChecklistField(
        kit, _options(asked, kit), kit.words.tr("All of it holds"), parent
    ),
    "impact": lambda _asked, kit, parent: ImpactField(
        kit, field_word(kit.words, "persons"), field_word(kit.words, "money"), parent
    ),
    "remedies": lambda asked, kit, parent: RemediesField(kit, _options(asked, kit), _limit(asked), parent),
    "remedies_state": lambda _asked, kit, parent: RemediesStateField(
        kit, kit.words.tr("Order number, if it is only ordered"), parent
    ),
    "corrective_action": lambda _asked, kit, parent: _corrective(kit, parent),
    "corrections": _corrections,
    "cause": _causes,
    "count": lambda _asked, _kit, parent: FixedField(parent),
}
_BY_NAME: Mapping[str, Callable[[AskedField, Kit, QWidget], StepField]] = {
    "letter_id": lambda asked, kit, parent: ChoiceField(_letters(kit), parent, _no_letter(asked, kit)),
    "remedy_id": _own(_remedies),
    "target_id": lambda _asked, kit, parent: ComplaintField(
        kit, kit.words.tr("Number of the other complaint"), parent
    ),
    "operation_id": lambda _asked, _kit, parent: FixedField(parent),
    "survey_id": lambda _asked, kit, parent: FixedField(parent, _answers(kit)),
    "call_id": lambda asked, kit, parent: ChoiceField(
        [Option(choice.value, kit.words.pick(choice.name_en, choice.name_zh)) for choice in asked.choices],
        parent,
        _empty(asked, kit),
    ),
}


def _answers(kit: Kit) -> str:
    body = kit.record.body
    csm = body.csm if body is not None else None
    return kit.words.tr("Answers are recorded: satisfaction {csm}", csm=csm) if csm is not None else ""


def _limit(asked: AskedField) -> int | None:
    """Return what may be granted in this form altogether; a limit beyond any sum is none."""
    from crmdesk.models.payload import MONEY_LIMIT

    return asked.most if asked.most is not None and asked.most < MONEY_LIMIT else None


def _corrective(kit: Kit, parent: QWidget) -> StepField:
    from crmdesk.ui.widgets.corrective_field import CorrectiveField

    return CorrectiveField(kit, parent)
