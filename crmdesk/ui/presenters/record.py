"""What the record shows: a call's pop or a customer opened by hand; its pages, answers and ticks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from crmdesk.models.screen_pop import TimelinePage
from crmdesk.ui.cards import CardsOf
from crmdesk.ui.itemmodels.facts import Cover, FactsOf
from crmdesk.ui.translation import word

if TYPE_CHECKING:
    from crmdesk.models.screen_pop import Article
    from crmdesk.models.text import Text
    from crmdesk.models.types import CustomerId
    from crmdesk.models.worklist import Answer
    from crmdesk.ui.desk import CustomerRecord
    from crmdesk.ui.itemmodels.facts import Fact
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.slots import Slot

_EMPTY = TimelinePage((), None, 0)
BY_HAND = word("Shown without asking")
"""Stored with the call among the facts confirmed, when the agent took the mask off by hand."""


class RecordPresenter(QObject):
    """Steers caller, time line and answers; at any time it shows a slot, a record, or nothing.

    Args:
        mask: cover numbers, addresses and VINs until the caller has been verified.

    Signals:
        renewed(): the head of the caller shown changed.
        shown(): another customer is shown, or nobody.
    """

    renewed = Signal()
    shown = Signal()

    def __init__(self, place: Workplace, *, mask: bool = True) -> None:
        super().__init__()
        parts = place.parts
        self._parts = parts
        self._desk = place.desk
        self._operations = place.operations
        self._words = place.words
        self._facts = FactsOf(place.words, place.moments)
        self._cards = CardsOf(place.words, place.moments)
        self.slot: Slot | None = None
        self.record: CustomerRecord | None = None
        self._mask = mask
        self._ticked: set[str] = set()
        self._uncovered = False
        parts.timeline.page_wanted.connect(self._on_page_wanted)
        parts.timeline.kinds_chosen.connect(self._on_kinds)
        parts.answers.searched.connect(self._on_searched)
        parts.answers.reading_wanted.connect(self.read)
        parts.caller.ticked.connect(self._on_ticked)
        place.words.changed.connect(self.retranslate)

    @property
    def customer_id(self) -> CustomerId | None:
        """Whose record is shown."""
        if self.slot is not None:
            return self.slot.pop.customer.id if self.slot.pop.customer else None
        return self.record.customer.id if self.record else None

    def show_slot(self, slot: Slot) -> None:
        """Show a call; the keyboard stays where it is."""
        self._forget()
        self.slot, self.record = slot, None
        pop = slot.pop
        parts = self._parts
        parts.caller.show_facts(self._lines())
        if pop.customer is None:
            heading = self._words.tr("Who is calling?") if pop.matches else self._words.tr("Unknown caller")
            aside = self._words.tr("Alt+1…5 choose") if pop.matches else self._cards.origin(pop.number)
            parts.chooser.show_choices(heading, aside, self._cards.choices(pop))
            parts.record.middle.present(parts.chooser)
            parts.timeline.begin(_EMPTY)
        else:
            parts.timeline.begin(pop.timeline)
            parts.record.middle.present(parts.timeline)
        answers = pop.answers if slot.answers is None else slot.answers
        parts.answers.begin(answers, frozenset(slot.used), slot.search, slot.article)
        self.shown.emit()

    def show_record(self, record: CustomerRecord) -> None:
        """Show a customer opened by hand."""
        self._forget()
        self.slot, self.record = None, record
        self._ticked, self._uncovered = set(), False
        self._parts.caller.show_facts(self._lines())
        self._parts.timeline.begin(record.timeline)
        self._parts.record.middle.present(self._parts.timeline)
        self._parts.answers.begin(record.answers, frozenset(), "", None)
        self.shown.emit()

    def show_nobody(self) -> None:
        """Show an empty record, beside which somebody new is written down."""
        self.clear()
        self._parts.caller.show_facts([])
        self._parts.timeline.begin(_EMPTY)
        self._parts.record.middle.present(self._parts.timeline)
        self._parts.answers.begin((), frozenset(), "", None)

    def clear(self) -> None:
        """Show nobody any more."""
        self._forget()
        self.slot = self.record = None
        self.shown.emit()

    def verify(self) -> None:
        """Go to the facts to ask; from there, or with none to ask, show what is covered."""
        caller = self._parts.caller
        asked = self._verify_facts()
        if self._covered() and (caller.list.hasFocus() or not asked):
            self._uncover()
        else:
            caller.to_verification()

    def refresh(self) -> None:
        """Fetch again what somebody else changed, without moving what is being read."""
        customer_id = self.customer_id
        if customer_id is not None:
            future = self._desk.customer_record(customer_id)
            self._operations.run(future, self._on_refreshed, topic="refresh")

    def reload_timeline(self) -> None:
        """Fetch the time line again from its top, of the kinds shown."""
        self._on_kinds(self._parts.timeline.kinds)

    def read(self, answer: Answer) -> None:
        """Open an article."""
        self._operations.run(self._desk.article(answer.article_id), self._on_article, topic="article")

    def close_article(self) -> bool:
        """Back to the list of answers; return whether an article was open."""
        if self.slot is not None:
            self.slot.article = None
        return self._parts.answers.close_article()

    def clear_search(self) -> bool:
        """Clear the words searched and show the first answers again; return whether there were any."""
        if not self._parts.answers.search.text():
            return False
        self._parts.answers.search.clear()
        self._on_searched("")
        return True

    def retranslate(self) -> None:
        """Words changed."""
        self._parts.timeline.retranslate()
        self._parts.answers.list.viewport().update()
        if self.slot is not None or self.record is not None:
            self._parts.caller.show_facts(self._lines())
        if self.slot is not None and self.slot.undecided:
            pop = self.slot.pop
            heading = self._words.tr("Who is calling?") if pop.matches else self._words.tr("Unknown caller")
            aside = self._words.tr("Alt+1…5 choose") if pop.matches else self._cards.origin(pop.number)
            self._parts.chooser.show_choices(heading, aside, self._cards.choices(pop))

    def _lines(self) -> list[Fact]:
        if self.slot is not None:
            pop = self.slot.pop
            if pop.customer is None:
                return self._cards.unknown_facts(pop)
            # The band beside it carries the badges already.
            caller = pop.number.e164 or pop.number.raw or ""
            return self._facts.customer(
                pop.customer, (), pop.counters, pop.verify, self.slot.ticked, Cover(self._covered(), caller)
            )
        if self.record is not None:
            shown = self.record
            return self._facts.customer(
                shown.customer,
                shown.badges,
                shown.counters,
                shown.verify,
                self._ticked,
                Cover(self._covered()),
            )
        return []

    def _verify_facts(self) -> tuple[Text, ...]:
        if self.slot is not None:
            return self.slot.pop.verify
        return self.record.verify if self.record is not None else ()

    def _covered(self) -> bool:
        ticked = self.slot.ticked if self.slot is not None else self._ticked
        uncovered = self.slot.uncovered if self.slot is not None else self._uncovered
        asked = self._verify_facts()
        known = bool(asked) and all(text.template in ticked for text in asked)
        return self._mask and not uncovered and not known

    def _uncover(self) -> None:
        slot = self.slot
        if slot is None:
            self._uncovered = True
        else:
            slot.uncovered = True
            self._operations.run(self._desk.verify(slot.pop.call_id, BY_HAND, True))
        self._parts.caller.refresh_facts(self._lines())

    def _forget(self) -> None:
        for topic in ("page", "answers", "article", "refresh"):
            self._operations.forget(topic)

    def _models(self) -> tuple[str, ...]:
        card = self.slot.pop.customer if self.slot is not None else None
        if self.record is not None:
            card = self.record.customer
        return tuple(asset.model for asset in card.assets) if card is not None else ()

    def _on_page_wanted(self, after: str) -> None:
        if self.customer_id is None:
            self._parts.timeline.model.give_up()
            return
        future = self._desk.timeline(self.customer_id, after, self._parts.timeline.kinds)
        self._operations.run(future, self._parts.timeline.append, topic="page", failed=self._on_page_failed)

    def _on_page_failed(self, error: BaseException) -> None:
        self._parts.timeline.model.give_up()
        self._operations.failed.emit(error)

    def _on_kinds(self, kinds: tuple[str, ...]) -> None:
        if self.customer_id is not None:
            future = self._desk.timeline(self.customer_id, None, kinds)
            self._operations.run(
                future, lambda page: self._parts.timeline.begin(page, keep_filter=True), topic="page"
            )

    def _on_searched(self, words: str) -> None:
        if self.slot is not None:
            self.slot.search = self._parts.answers.search.text()
        if not words:
            self._operations.forget("answers")
            first = self.slot.pop.answers if self.slot else self.record.answers if self.record else ()
            self._show_answers(first, searched=False)
            return
        future = self._desk.answers(words, self._models())
        self._operations.run(future, lambda found: self._show_answers(found, searched=True), topic="answers")

    def _show_answers(self, answers: tuple[Answer, ...], *, searched: bool) -> None:
        used: frozenset[object] = frozenset()
        if self.slot is not None:
            self.slot.answers = answers if searched else None
            self.slot.article = None
            used = frozenset(self.slot.used)
        self._parts.answers.close_article()
        self._parts.answers.show_answers(answers, used)

    def _on_article(self, article: Article) -> None:
        if self.slot is not None:
            self.slot.article = article
        self._parts.answers.read(article)

    def _on_refreshed(self, record: CustomerRecord) -> None:
        if record.customer.id != self.customer_id:
            return
        if self.slot is not None:
            # What this call told (which call in 30 days it is) stays; the rest is as it stands now.
            kept = tuple(badge for badge in self.slot.pop.badges if badge.key == "repeat_call")
            others = tuple(badge for badge in record.badges if badge.key != "repeat_call")
            self.slot.pop = replace(
                self.slot.pop, customer=record.customer, badges=others + kept, timeline=record.timeline
            )
            self.renewed.emit()
        else:
            self.record = record
        self._parts.caller.refresh_facts(self._lines())
        if self._parts.timeline.list.verticalScrollBar().value() == 0 and not self._parts.timeline.kinds:
            self._parts.timeline.begin(record.timeline, keep_filter=True)

    def _on_ticked(self, fact: str, on: bool) -> None:
        slot = self.slot
        if slot is None:
            (self._ticked.add if on else self._ticked.discard)(fact)
            self._parts.caller.refresh_facts(self._lines())
            return
        (slot.ticked.add if on else slot.ticked.discard)(fact)
        self._parts.caller.refresh_facts(self._lines())
        self._operations.run(self._desk.verify(slot.pop.call_id, fact, on))
