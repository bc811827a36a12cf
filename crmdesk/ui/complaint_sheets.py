"""Lists of complaints, and the clocks of one, as rows of a sheet: what is seen, with dates as ISO 8601."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.ui.complaint_words import BODIES, CLOCK_EVENTS, WAIT_FOR, WHY, clock_word
from crmdesk.ui.itemmodels.ledger_lines import who_wrote
from crmdesk.ui.translation import word
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, tzinfo

    from crmdesk.services.complaints.listing import Listing
    from crmdesk.services.complaints.lists import ComplaintLine
    from crmdesk.services.complaints.record_view import ClockView, ComplaintRecord, LedgerLine
    from crmdesk.ui.translation import Words

LIST = (
    *(word("Complaint"), word("State"), word("Waiting for"), word("Severity"), word("Level")),
    *(word("Outside body"), word("Category"), word("Customer"), word("Owner"), word("Received")),
    *(word("Next clock"), word("Due"), word("Provisional"), word("Overdue"), word("Repeat")),
    word("Times reopened"),
)
LEDGER = (
    *(word("Complaint"), word("Clock"), word("Event"), word("At"), word("Due"), word("Why"), word("Who")),
    *(word("Counted by"), word("Taken back")),
)


class SheetsOf:
    """Words rows; any thread may take them, so nobody else may change the language of *words*."""

    def __init__(self, words: Words, zone: tzinfo) -> None:
        self._words = words
        self._zone = zone

    def of_list(self, lines: Sequence[ComplaintLine], listing: Listing) -> Iterator[tuple[str, ...]]:
        """Yield the head, then a row for each of the *lines* shown of *listing*."""
        yield self._head(LIST)
        for line in lines:
            yield self._complaint(line, listing)

    def of_ledger(self, record: ComplaintRecord) -> Iterator[tuple[str, ...]]:
        """Yield the head, then what happened to each clock of a complaint."""
        yield self._head(LEDGER)
        for clock in record.clocks:
            for line in clock.lines:
                yield self._event(record, clock, line)

    def _head(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._words.tr(name) for name in names)

    def _complaint(self, line: ComplaintLine, listing: Listing) -> tuple[str, ...]:
        words, states, categories = self._words, listing.states, listing.categories
        return (
            line.number,
            words.pick(*states.get(line.state, (line.state, ""))),
            said(words, WAIT_FOR, line.wait_for) if line.wait_for else "",
            line.severity,
            str(line.level) if line.level else "",
            said(words, BODIES, line.external) if line.external else "",
            words.pick(*categories.get(line.category, (line.category, ""))),
            line.customer_name,
            words.pick(line.owner_en, line.owner_zh),
            self._iso(line.received_at),
            clock_word(words, line.next_clock) if line.next_clock else "",
            self._iso(line.next_due_at),
            self._yes(listing.is_provisional(line)),
            self._yes(line.overdue),
            self._yes(line.repeat_of is not None),
            str(line.reopen_count) if line.reopen_count else "",
        )

    def _event(self, record: ComplaintRecord, clock: ClockView, line: LedgerLine) -> tuple[str, ...]:
        words = self._words
        return (
            record.head.number,
            clock_word(words, clock.clock),
            said(words, CLOCK_EVENTS, line.event),
            self._iso(line.at),
            self._iso(line.due),
            said(words, WHY, line.why),
            who_wrote(words, record, line.n),
            line.by or words.tr("by the clock"),
            self._yes(line.undone),
        )

    def _yes(self, whether: bool) -> str:
        return self._words.tr("yes") if whether else ""

    def _iso(self, moment: datetime | None) -> str:
        """Return a moment as clocks at the site show it, with their distance from UTC."""
        return moment.astimezone(self._zone).isoformat(timespec="minutes") if moment is not None else ""
