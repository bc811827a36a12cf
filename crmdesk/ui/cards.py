"""Words of the band: what is said of a call in one glance. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.ui.itemmodels.facts import Fact
from crmdesk.ui.moments import stopwatch
from crmdesk.ui.painting import plain
from crmdesk.ui.views.band import BandCard
from crmdesk.ui.views.chooser import CHOICES, Choice
from crmdesk.ui.vocabulary import NUMBER_KINDS, STATES, TIERS, said

if TYPE_CHECKING:
    from crmdesk.models.screen_pop import CallerNumber, Match, ScreenPop
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.slots import Slot
    from crmdesk.ui.translation import Words

_TONES = {
    "ringing": ("accent", "phone-in"),
    "talking": ("good", "call"),
    "held": ("due", "clock"),
    "ended": ("plain", "check"),
    "missed": ("due", "missed"),
    "cut_off": ("breach", "missed"),
}


class CardsOf:
    """Words slots and pops."""

    def __init__(self, words: Words, moments: Moments) -> None:
        self._words = words
        self._moments = moments

    def card(self, slot: Slot) -> BandCard:
        """Return what the band says of *slot*."""
        pop = slot.pop
        tone, icon = _TONES.get(slot.state, ("plain", "call"))
        if slot.state == "ringing" and pop.direction == "out":
            icon = "phone-out"
        name, alt = self.who(pop)
        return BandCard(
            slot=slot.number,
            state=said(self._words, STATES, slot.state),
            tone=tone,
            icon=icon,
            timer=stopwatch(slot.seconds(self._moments.now())),
            name=name,
            alt=alt,
            number=self.number(pop.number),
            line=self.line(pop),
            chips=self.chips(pop),
            key=f"Ctrl+{slot.number}",
        )

    def who(self, pop: ScreenPop) -> tuple[str, str]:
        """Return the name and what stands behind it."""
        if pop.customer is not None:
            contact = next(
                (m.contact_name for m in pop.matches if m.customer_id == pop.customer.id and m.contact_name),
                "",
            )
            behind = " · ".join(part for part in (pop.customer.name_alt, contact) if part)
            return plain(pop.customer.name), plain(behind)
        if pop.matches:
            return self._words.plural(len(pop.matches), "{n} person possible", "{n} people possible"), ""
        return self._words.tr("Unknown caller"), plain(pop.caller_name) or self.origin(pop.number)

    def number(self, number: CallerNumber) -> str:
        """Return the number, or why there is none."""
        return number.display or said(self._words, NUMBER_KINDS, number.kind)

    def origin(self, number: CallerNumber) -> str:
        """Return e.g. "Shanghai landline"."""
        place = self._words.pick(number.place_en, number.place_zh)
        kind = said(self._words, NUMBER_KINDS, number.kind)
        return self._words.tr("{place} {kind}", place=place, kind=kind).strip() if place else kind

    def line(self, pop: ScreenPop) -> str:
        """Return origin, queue and the line dialled."""
        parts = [self.origin(pop.number) if pop.number.display else "", pop.queue or pop.dialled]
        if pop.reason in {"transfer", "pickup", "parking"}:
            reasons = {
                "transfer": self._words.tr("transferred"),
                "pickup": self._words.tr("picked up"),
                "parking": self._words.tr("parked"),
            }
            parts.append(reasons[pop.reason])
        return " · ".join(part for part in parts if part)

    def chips(self, pop: ScreenPop) -> tuple[tuple[str, str], ...]:
        """Return badges, or who may be calling."""
        if pop.customer is None and pop.matches:
            return tuple((f"{n} {plain(m.name)}", "accent") for n, m in enumerate(pop.matches[:CHOICES], 1))
        chips = [(self._words.text(badge.text), badge.tone) for badge in pop.badges]
        if pop.warning is not None:
            chips.insert(0, (self._words.text(pop.warning), "due"))
        if pop.counters.call_in_30 > 1 and not any("call" in badge.key for badge in pop.badges):
            chips.append((self._words.tr("call {n} in 30 days", n=pop.counters.call_in_30), "plain"))
        return tuple(chips)

    def choices(self, pop: ScreenPop) -> list[Choice]:
        """Return the rows of the chooser."""
        return [self._choice(match) for match in pop.matches]

    def unknown_facts(self, pop: ScreenPop) -> list[Fact]:
        """Return the left pane of a call whose caller is not decided."""
        tr = self._words.tr
        name, alt = self.who(pop)
        facts = [
            Fact("head", name, aside=alt, icon="unknown", chips=self.chips(pop) if not pop.matches else ())
        ]
        facts.append(Fact("section", tr("This call")))
        for label, text in (
            (tr("Number"), self.number(pop.number)),
            (tr("From"), self.origin(pop.number)),
            (tr("Name sent"), plain(pop.caller_name)),
            (tr("Queue"), plain(pop.queue)),
            (tr("Dialled"), plain(pop.dialled)),
            (tr("Rang at"), self._moments.clock_time(pop.rang_at)),
        ):
            if text:
                facts.append(Fact("line", text, label=label))
        return facts

    def _choice(self, match: Match) -> Choice:
        behind = " · ".join(part for part in (match.name_alt, match.contact_name) if part)
        sure = self._words.tr("{n} % likely", n=round(match.confidence * 100))
        tier = said(self._words, TIERS, match.tier)
        return Choice(
            name=plain(match.name),
            alt=plain(behind),
            icon="company" if match.kind == "company" else "person",
            reasons=" · ".join(self._words.text(reason) for reason in match.reasons),
            aside=f"{tier} · {sure}" if tier else sure,
        )
