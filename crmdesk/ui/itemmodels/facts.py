"""The lines of the left pane: who calls, how to reach him, what he owns."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crmdesk.ui.masking import masked_address, masked_code, masked_number, same_number
from crmdesk.ui.vocabulary import CHANNELS, LABELS, LANGUAGES, TIERS, said
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmdesk.models.screen_pop import AssetCard, Badge, ContactPointView, Counters, CustomerCard
    from crmdesk.models.text import Text
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.translation import Words

_WHOLE = 2
"""So many cars are told in full; of a fleet the others get a line each."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line.

    ``kind`` is head, section, line, asset, alert or verify; ``label`` stands before, ``aside`` at the right
    of ``text``. ``key`` of a verify line is the template of its sentence, ``on`` its tick. ``chips`` are
    (text, tone) pairs.
    """

    kind: str
    text: str
    label: str = ""
    aside: str = ""
    icon: str = ""
    tone: str = "plain"
    key: str = ""
    on: bool = False
    chips: tuple[tuple[str, str], ...] = ()

    def spoken(self) -> str:
        """Return the line as it is read aloud."""
        parts = [self.label, self.text, *(chip for chip, _ in self.chips), self.aside]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Cover:
    """Whether numbers, addresses and VINs are masked; ``caller`` is the number of the call, never masked."""

    on: bool = False
    caller: str = ""

    def phone(self, number: str) -> str:
        """Return *number* as it may be shown."""
        return masked_number(number) if self.on and not same_number(number, self.caller) else number

    def address(self, address: str) -> str:
        """Return an e-mail *address* as it may be shown."""
        return masked_address(address) if self.on else address

    def code(self, code: str) -> str:
        """Return a VIN as it may be shown."""
        return masked_code(code) if self.on else code


OPEN = Cover()


class FactsOf:
    """Words the lines of a customer."""

    def __init__(self, words: Words, moments: Moments) -> None:
        self._words = words
        self._moments = moments

    def customer(
        self,
        card: CustomerCard,
        badges: tuple[Badge, ...],
        counters: Counters,
        verify: tuple[Text, ...],
        ticked: set[str],
        cover: Cover = OPEN,
    ) -> list[Fact]:
        """Return all lines of *card*, top to bottom; what *cover* says is masked."""
        facts = [self._head(card, badges)]
        if card.hint:
            facts.append(Fact("alert", card.hint, icon="note", tone="accent"))
        if card.do_not_call:
            facts.append(
                Fact("alert", self._words.tr("Do not call this customer"), icon="warning", tone="breach")
            )
        facts += self._verify(verify, ticked)
        if cover.on and not verify:
            facts.append(Fact("alert", self._words.tr("Ctrl+Shift+V shows what is covered"), icon="shield"))
        for number, asset in enumerate(card.assets):
            facts += self._asset(asset, cover) if number < _WHOLE else self._asset_head(asset)
        facts += self._reach(card, cover)
        facts += self._history(card, counters)
        if card.contacts:
            facts.append(Fact("section", self._words.tr("People")))
            facts += [Fact("line", c.name, label=c.role, aside=cover.phone(c.phone)) for c in card.contacts]
        return facts

    def _head(self, card: CustomerCard, badges: tuple[Badge, ...]) -> Fact:
        chips = [(self._words.text(badge.text), badge.tone) for badge in badges]
        icon = "company" if card.kind == "company" else "person"
        return Fact("head", card.name, aside=card.name_alt, icon=icon, chips=tuple(chips))

    def _verify(self, verify: tuple[Text, ...], ticked: set[str]) -> Iterator[Fact]:
        if verify:
            done = sum(text.template in ticked for text in verify)
            tone = "good" if done == len(verify) else "plain"
            aside = f"{done}/{len(verify)} · Ctrl+Shift+V"
            yield Fact("section", self._words.tr("Verify"), aside=aside, icon="shield", tone=tone)
        for text in verify:
            yield Fact("verify", self._words.text(text), key=text.template, on=text.template in ticked)

    def _reach(self, card: CustomerCard, cover: Cover) -> Iterator[Fact]:
        tr = self._words.tr
        yield Fact("section", tr("Reach"), aside=card.external_id)
        for point in card.numbers:
            yield self._point(point, cover)
        channel = said(self._words, CHANNELS, card.preferred_channel)
        language = said(self._words, LANGUAGES, card.language)
        if channel or language:
            yield Fact("line", " · ".join(p for p in (channel, language) if p), label=tr("Prefers"))

    def _point(self, point: ContactPointView, cover: Cover) -> Fact:
        written = point.label.casefold()
        label = said(self._words, CHANNELS, LABELS.get(written, written) or point.kind)
        shown = cover.phone(point.display) if point.kind == "phone" else cover.address(point.display)
        if point.warned:
            return Fact("line", shown, label=label, aside=self._words.tr("wrong person once"), tone="due")
        aside = self._words.tr("shared") if point.sharing == "shared" else ""
        return Fact("line", shown, label=label, aside=aside)

    def _history(self, card: CustomerCard, counters: Counters) -> Iterator[Fact]:
        tr = self._words.tr
        counted = tr(
            "{month} in 30 days · {quarter} in 90 · {year} in a year",
            month=counters.contacts_30,
            quarter=counters.contacts_90,
            year=counters.contacts_365,
        )
        yield Fact("line", counted, label=tr("Contacts"))
        if card.since is not None:
            yield Fact(
                "line",
                self._moments.day(card.since),
                label=tr("Since"),
                aside=said(self._words, TIERS, card.tier),
            )

    def _asset(self, asset: AssetCard, cover: Cover) -> Iterator[Fact]:
        tr = self._words.tr
        yield from self._asset_head(asset)
        for fault in asset.repeat_faults:
            name = self._words.pick(fault.name_en, fault.name_zh)
            text = tr(
                "Same fault: {fault}, time {n} in {days} days", fault=name, n=fault.times, days=fault.days
            )
            yield Fact("alert", text, icon="repeat", tone="breach" if fault.times > 2 else "due")
        next_service = self._next_service(asset)
        if next_service is not None:
            yield next_service
        if asset.last_visit_at is not None:
            day = self._moments.day(self._moments.day_of(asset.last_visit_at))
            yield Fact("line", f"{day} · {asset.last_visit}", label=tr("Last visit"))
        if asset.last_oil_change:
            yield Fact("line", self._with_day(asset.last_oil_change), label=tr("Oil change"))
        if asset.mileage_km is not None:
            yield Fact("line", f"{asset.mileage_km:,} km".replace(",", " "), label=tr("Mileage"))
        if asset.warranty_until is not None:
            yield self._warranty(asset.warranty_until)
        if asset.vin:
            yield Fact("line", cover.code(asset.vin), label="VIN")

    def _with_day(self, told: str) -> str:
        """Return *told* with the ISO date it may begin with as days are told here."""
        first, dot, rest = told.partition(" · ")
        try:
            return f"{self._moments.day(date.fromisoformat(first))}{dot}{rest}"
        except ValueError:
            return told

    def _asset_head(self, asset: AssetCard) -> Iterator[Fact]:
        yield Fact("asset", asset.model_name or asset.model, aside=asset.plate, icon="car")

    def _next_service(self, asset: AssetCard) -> Fact | None:
        tr, parts, tone = self._words.tr, [], "plain"
        if asset.next_service_km is not None and asset.mileage_km is not None:
            left = asset.next_service_km - asset.mileage_km
            tone = "due" if left <= 1000 else tone
            parts.append(tr("in {n} km", n=left) if left >= 0 else tr("overdue by {n} km", n=-left))
        if asset.next_service_on is not None:
            past = asset.next_service_on < self._moments.today()
            tone = (
                "due" if past or asset.next_service_on - self._moments.today() < timedelta(days=14) else tone
            )
            parts.append(self._moments.day(asset.next_service_on))
        if not parts:
            return None
        return Fact("line", " · ".join(parts), label=tr("Next due"), tone=tone)

    def _warranty(self, until: date) -> Fact:
        tr = self._words.tr
        if until < self._moments.today():
            return Fact(
                "line", tr("ended {day}", day=self._moments.day(until)), label=tr("Warranty"), tone="due"
            )
        return Fact(
            "line", tr("until {day}", day=self._moments.day(until)), label=tr("Warranty"), tone="good"
        )
