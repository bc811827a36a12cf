"""What forms of new complaints are about: a call, a customer, or one that was never finished."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from crmdesk.services.complaints.intake_sheet import Sheet, from_draft, to_draft
from crmdesk.ui.painting import plain
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmdesk.models.screen_pop import AssetCard, CustomerCard
    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.intake import Logged
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.slots import Slot
    from crmdesk.ui.translation import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a form is about: ``key`` names call or customer, ``who`` says it; ``by_hand`` was not guessed."""

    key: str
    who: str
    sheet: Sheet
    by_hand: frozenset[str] = frozenset()


class Cases:
    """Makes cases, and remembers them.

    Attributes:
        kept: those that were begun, by key, the last one first.
        left: the keys of those whose form was open when somebody else was shown.
        saved: the complaints that came of them, by key.
        shown: what the form is about.
    """

    def __init__(self, words: Words, moments: Moments) -> None:
        self._words = words
        self._moments = moments
        self.kept: dict[str, Case] = {}
        self.left: set[str] = set()
        self.saved: dict[str, Logged] = {}
        self.shown: Case | None = None

    @property
    def logged(self) -> Logged | None:
        """The complaint saved from the form shown, None while that is still being written down."""
        return self.saved.get(self.shown.key) if self.shown is not None else None

    def case_of(self, key: str) -> Case | None:
        """Return a case that is not saved yet, as it stands."""
        shown = self.shown is not None and self.shown.key == key and key not in self.saved
        return self.shown if shown else self.kept.get(key)

    def unsaved(self, key: str) -> bool:
        """Whether there are words about *key* that were never saved."""
        case = self.kept.get(key)
        return case is not None and bool(case.sheet.what_happened.strip())

    def keep(self, case: Case) -> None:
        """Remember *case* as the last one."""
        self.kept = {case.key: case, **{key: held for key, held in self.kept.items() if key != case.key}}

    def take_over(self, cases: Sequence[Case]) -> bool:
        """Remember what was kept before this program began; return whether there was any."""
        for case in cases:
            self.kept.setdefault(case.key, case)
            self.saved.pop(case.key, None)
        return bool(cases)

    def know(self, key: str, logged: Logged) -> None:
        """Remember a complaint that came of *key* before, unless another one is being written down."""
        if key not in self.kept and (self.shown is None or self.shown.key != key):
            self.saved[key] = logged

    def of_call(self, slot: Slot, note: str) -> Case:
        """Return the case of a call, with what is in the *note* of it so far, or as it was kept."""
        pop, card = slot.pop, slot.pop.customer
        key = call_key(str(pop.call_id))
        who = self._who(card, pop.number.display or pop.caller_name, pop.rang_at)
        kept = self.kept.get(key)
        if kept is not None:
            known = card is None or kept.sheet.customer_id == str(card.id)
            return replace(
                kept, who=who, sheet=kept.sheet if known else replace(kept.sheet, **_of_card(card))
            )
        sheet = Sheet(
            complaint_id=str(uuid4()),
            received_at=pop.rang_at.isoformat(),
            call_id=str(pop.call_id),
            channel="phone",
            what_happened=note,
            **_of_card(card),
        )
        return Case(key=key, who=who, sheet=sheet)

    def of_customer(self, card: CustomerCard) -> Case:
        """Return the case of a customer without a call: new, or the last that was begun and not finished."""
        kept = next((case for case in self.kept.values() if case.sheet.customer_id == str(card.id)), None)
        if kept is not None:
            at = datetime.fromisoformat(kept.sheet.received_at)
            return replace(kept, who=self._who(card, "", at))
        now = self._moments.now()
        sheet = Sheet(complaint_id=str(uuid4()), received_at=now.isoformat(), **_of_card(card))
        return Case(key=f"customer {card.id}", who=self._who(card, "", now), sheet=sheet)

    def _who(self, card: CustomerCard | None, number: str, at: datetime) -> str:
        name = plain(f"{card.name} {card.name_alt}".strip()) if card is not None else ""
        unknown = self._words.tr("Not identified: the call stands for the caller")
        when = self._moments.day_and_time(at)
        return " · ".join(part for part in (name or unknown, plain(number), when) if part)


def told_of(case: Case, logged: Logged, words: Words, moments: Moments) -> tuple[str, str]:
    """Return what is read out of a saved complaint, in the caller's language, and what comes next."""
    language = case.sheet.language
    spoken = words.twin(language if language in ("en", "zh") else words.language)
    following = ""
    if logged.due_at is not None:
        when = moments.day_and_time(logged.due_at)
        when = words.tr("{when}, provisional", when=when) if logged.provisional else when
        following = words.tr("Next: {when}", when=when)
    return spoken.text(logged.readout), following


def _of_card(card: CustomerCard | None) -> dict[str, Any]:
    """Return what the head of a record tells: who, his language, and what was served last."""
    if card is None:
        return {}
    served = max(card.assets, key=_served_at, default=None)
    asset = str(served.id) if served is not None else ""
    return {"customer_id": str(card.id), "language": card.language, "asset_id": asset}


def _served_at(asset: AssetCard) -> float:
    return asset.last_visit_at.timestamp() if asset.last_visit_at is not None else 0.0


def call_key(call_id: str) -> str:
    """Return the key of the case of a call."""
    return f"call {call_id}"


def content_of(case: Case) -> dict[str, Json]:
    """Return *case* as a draft keeps it."""
    return {"key": case.key, "who": case.who, "by_hand": sorted(case.by_hand), "sheet": to_draft(case.sheet)}


def case_of(content: Mapping[str, Any]) -> Case | None:
    """Return the case that a draft holds, None when this edition cannot read it."""
    try:
        UUID(content["sheet"]["complaint_id"])
        return Case(
            key=content["key"],
            who=content["who"],
            sheet=from_draft(content["sheet"]),
            by_hand=frozenset(content["by_hand"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
