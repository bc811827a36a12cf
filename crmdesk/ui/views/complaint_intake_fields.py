"""What the controls of a new complaint mean: a sheet in, a sheet out; what is known, guessed and chosen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal

from crmdesk.models.text import Text, say
from crmdesk.services.complaints.intake_sheet import Solution
from crmdesk.ui.complaint_words import CHANNELS, SEVERITIES, WANTED
from crmdesk.ui.translation import word
from crmdesk.ui.views.complaint_intake_controls import BOXES, IntakeControls
from crmdesk.ui.widgets.filter_box import Pick

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtWidgets import QWidget

    from crmdesk.services.complaints.intake import Assessment, AssetChoice, Choice, Offer
    from crmdesk.services.complaints.intake_sheet import Sheet
    from crmdesk.services.complaints.provisional import Earlier
    from crmdesk.ui.presenters.workplace import Tools

_WRITTEN = "%Y-%m-%d %H:%M"
TYPED = ("complainant", "third_party", "worth")
UNUSUAL = ("channel", "received_at", *TYPED, "restricted")
_CODES: dict[str, dict[str, str]] = {"remedy_wanted": WANTED, "severity": SEVERITIES, "channel": CHANNELS}


class IntakeFields(IntakeControls):
    """What a :class:`~crmdesk.services.complaints.intake_sheet.Sheet` holds, as controls.

    Signals:
        edited(str): a person changed the field of this name.
    """

    edited = Signal(str)

    def __init__(self, tools: Tools, parent: QWidget) -> None:
        super().__init__(tools, parent)
        self._moments = tools.moments
        self._values: dict[str, list[str]] = {name: [""] for name in BOXES}
        self._needs: frozenset[str] = frozenset()
        self._guesses: dict[str, str] = {}
        self._offered: Offer | None = None
        self._repeats: tuple[Earlier, ...] = ()
        self._known = False
        self._retranslate()
        self._wire()
        tools.words.changed.connect(self._retranslate)

    def fill(self, sheet: Sheet, who: str) -> None:
        """Put *sheet* there without counting it as typing; *who* says whom it is about."""
        self.who.setText(who)
        self._forget_last()
        self.what.load("", 0)
        self.what.load(sheet.what_happened, len(sheet.what_happened))
        for name, picker in self.filters.items():
            picker.close_list()
            picker.choose(getattr(sheet, name))
        for name in BOXES:
            self._choose(name, getattr(sheet, name))
        self.lines["received_at"].setText(
            self._moments.local(datetime.fromisoformat(sheet.received_at)).strftime(_WRITTEN)
        )
        for name in TYPED:
            self.lines[name].setText(getattr(sheet, name))
        self.restricted.setChecked(sheet.restricted)
        self.solved.setChecked(sheet.solution is not None)
        self.solution.fill(sheet.solution or Solution())
        unusual = sheet.restricted or any(getattr(sheet, name) for name in TYPED)
        self.more.setChecked(unusual or sheet.channel != "phone")
        self.tell({})
        self.fold()

    def sheet(self, base: Sheet) -> Sheet:
        """Return *base* with what stands here."""
        values: dict[str, Any] = {name: self._value(name) for name in BOXES}
        if self._known and not self._form.isRowVisible(self._rows["asset_id"]):
            values["asset_id"] = ""
        return replace(
            base,
            **values,
            what_happened=self.what.toPlainText(),
            category=self.filters["category"].key,
            outlet=self.filters["outlet"].key,
            received_at=self._received(base.received_at),
            complainant=self.lines["complainant"].text(),
            third_party=self.lines["third_party"].text(),
            worth=self.lines["worth"].text(),
            restricted=self.restricted.isChecked(),
            solution=self.solution.solution() if self.solved.isChecked() else None,
        )

    def unreadable(self, sheet: Sheet) -> dict[str, Text]:
        """Return what to mend where nothing can be made of what is typed; *sheet* tells how it is written."""
        if self._typed() is not None:
            return {}
        example = self._moments.local(datetime.fromisoformat(sheet.received_at)).strftime(_WRITTEN)
        told = say("Write it as year-month-day and time, for example {example}.", example=example)
        return {"received_at": told}

    def know_customer(self, who: str, asset_id: str) -> None:
        """Somebody was identified: *who*, and what of his it is probably about."""
        self.who.setText(who)
        self._forget_last()
        self._choose("asset_id", asset_id)

    def offer(self, offered: Offer, by_hand: frozenset[str]) -> None:
        """Know what can be chosen; where it happened is guessed unless a person said."""
        self._offered, self._known = offered, True
        self._needs = frozenset(each.key for each in offered.categories if each.needs_asset)
        self.solution.allow(offered.limit, offered.currency)
        self._offer_lists()
        if "outlet" not in by_hand:
            self.guess_outlet()

    def guess_outlet(self) -> None:
        """Choose the outlet that served the asset last."""
        chosen = self._value("asset_id")
        assets = self._offered.assets if self._offered is not None else ()
        self.filters["outlet"].choose(next((each.outlet for each in assets if each.id == chosen), ""))

    def assess(self, found: Assessment, by_hand: frozenset[str]) -> None:
        """Show what words and history say; what a person chose stays."""
        self._guesses = {each.key: ", ".join(each.because[:2]) for each in found.guesses}
        self._repeats = found.repeats
        self._offer_lists()
        if "category" not in by_hand:
            self.filters["category"].choose(found.guesses[0].key if found.guesses else "")
        if "severity" not in by_hand:
            self._choose("severity", found.severity)
        if "repeat_of" not in by_hand:
            self._choose("repeat_of", found.repeats[0].root if found.repeats else "")
        reasons = " ".join(self._words.text(reason) for reason in found.because)
        self.because.say(self._words.tr("{severity}: {reasons}", severity=found.severity, reasons=reasons))
        count = len(found.repeats)
        told = self._words.plural(
            count,
            "{n} earlier complaint of this kind in 90 days",
            "{n} earlier complaints of this kind in 90 days",
        )
        self.notes["repeat_of"].say(told if count else "", "due")
        self.fold()

    def set_severity(self, row: int) -> None:
        """Say how grave it is: 0 is S1."""
        self._choose("severity", (*SEVERITIES,)[row])
        self.edited.emit("severity")

    def tell(self, problems: Mapping[str, Text]) -> None:
        """Say at each field what is wrong with it, and unfold where that is."""
        if set(problems) & set(UNUSUAL):
            self.more.setChecked(True)
        for name, note in self.notes.items():
            if name != "repeat_of":
                note.say(self._words.text(problems[name]) if name in problems else "", "breach")
        self.solution.tell(dict(problems))
        self.fold()

    def fold(self) -> None:
        """Show what is wanted and no more."""
        category = self.filters["category"].key
        assets = self._known and len(self._values["asset_id"]) > 1
        visible = {
            "asset_id": assets and (not category or category in self._needs),
            "repeat_of": len(self._values["repeat_of"]) > 1,
            **dict.fromkeys(UNUSUAL, self.more.isChecked()),
        }
        for name, there in visible.items():
            self._form.setRowVisible(self._rows[name], there)
        self.solution.setVisible(self.solved.isChecked())
        self.grown.emit()

    def _forget_last(self) -> None:
        """Forget what was known of the last customer."""
        self._known, self._repeats, self._guesses = False, (), {}
        if self._offered is not None:
            self._offered = replace(self._offered, assets=())
            self._offer_lists()
        for name in ("asset_id", "repeat_of"):
            self._values[name] = [""]
            self.boxes[name].clear()
            self.boxes[name].addItem("")
        self.because.say("")
        self.notes["repeat_of"].say("")

    def _value(self, name: str) -> str:
        row = self.boxes[name].currentIndex()
        held = self._values[name]
        return held[row] if 0 <= row < len(held) else ""

    def _choose(self, name: str, value: str) -> None:
        held = self._values[name]
        if value and value not in held:
            held.append(value)
            self.boxes[name].addItem(value)
        self.boxes[name].setCurrentIndex(held.index(value) if value in held else 0)

    def _received(self, known: str) -> str:
        """Return the moment typed, or the one *known* when it is none or the same minute."""
        local, moment = self._moments.local(datetime.fromisoformat(known)), self._typed()
        if moment is None or self.lines["received_at"].text().strip() == local.strftime(_WRITTEN):
            return known
        return moment.isoformat()

    def _typed(self) -> datetime | None:
        """Return the moment typed, None when it is none."""
        typed, zone = self.lines["received_at"].text().strip(), self._moments.zone
        try:
            return datetime.strptime(typed, _WRITTEN).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    def _offer_lists(self) -> None:
        offered = self._offered
        if offered is None:
            return
        picks = [self._pick(each) for each in offered.categories]
        order = list(self._guesses)
        picks.sort(key=lambda pick: order.index(pick.key) if pick.key in order else len(order))
        self.filters["category"].offer(picks)
        self.filters["outlet"].offer([self._pick(each) for each in offered.outlets])
        self._refill(
            "asset_id", [(each.id, self._asset(each)) for each in offered.assets], word("none of them")
        )
        repeats = {each.root: self._repeat(each) for each in reversed(self._repeats)}
        self._refill("repeat_of", list(reversed(repeats.items())), word("no repeat"))

    def _refill(self, name: str, rows: Sequence[tuple[str, str]], nothing: str) -> None:
        chosen, box = self._value(name), self.boxes[name]
        self._values[name] = ["", *(value for value, _ in rows)]
        box.clear()
        box.addItems([self._words.tr(nothing), *(text for _, text in rows)])
        self._choose(name, chosen)

    def _pick(self, choice: Choice) -> Pick:
        words = self._words
        return Pick(
            choice.key,
            words.pick(choice.name_en, choice.name_zh),
            words.pick(choice.head_en, choice.head_zh) if choice.head_en or choice.head_zh else "",
            self._guesses.get(choice.key, ""),
            choice.typed,
        )

    def _asset(self, asset: AssetChoice) -> str:
        return " · ".join(
            part for part in (self._words.pick(asset.name_en, asset.name_zh), asset.plate) if part
        )

    def _repeat(self, earlier: Earlier) -> str:
        return f"{earlier.number} · {self._moments.short_day(self._moments.day_of(earlier.received_at))}"

    def _wire(self) -> None:
        self.what.edited.connect(lambda: self.edited.emit("what_happened"))
        for name, picker in self.filters.items():
            picker.chosen.connect(partial(self._on_edited, name))
        for name, box in self.boxes.items():
            box.activated.connect(partial(self._on_edited, name))
        for name, line in self.lines.items():
            line.textEdited.connect(partial(self._on_edited, name))
        self.solution.edited.connect(lambda: self.edited.emit("solution"))
        self.solved.toggled.connect(self.fold)
        self.more.toggled.connect(self.fold)
        self.restricted.clicked.connect(partial(self._on_edited, "restricted"))
        self.solved.clicked.connect(lambda: self._on_edited("solution"))

    def _on_edited(self, name: str, _value: object = None) -> None:
        self.notes[name].say("") if name in self.notes and name != "repeat_of" else None
        self.fold()
        self.edited.emit(name)

    def _retranslate(self) -> None:
        for name, codes in _CODES.items():
            empty = [] if name == "remedy_wanted" else [self._words.tr("not said")]
            chosen = self._value(name)
            self._values[name] = [*([""] if empty else []), *codes]
            box = self.boxes[name]
            box.clear()
            box.addItems([*empty, *(self._words.tr(text) for text in codes.values())])
            self._choose(name, chosen or ("none" if name == "remedy_wanted" else ""))
        self._offer_lists()
