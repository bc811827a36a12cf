"""The clocks of one complaint beside a list: who started, paused and stopped each, and how it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.ui.complaint_words import CLOCK_EVENTS, WHY, calendar_word, field_word
from crmdesk.ui.itemmodels.complaint_lines import LinesOf, RecordLine
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmdesk.services.complaints.record_view import ComplaintRecord, LedgerLine, Named
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.translation import Words


class LedgerOf:
    """Words the ledger."""

    def __init__(self, words: Words, moments: Moments) -> None:
        self._words = words
        self._moments = moments
        self._lines = LinesOf(words, moments)

    def lines(self, record: ComplaintRecord, *, proposal: bool = False) -> list[RecordLine]:
        """Return regime, then each clock with its ledger below; before them what is proposed, if wanted."""
        if record.body is None:
            return self._lines.file(record)
        clocks = RecordLine("section", self._words.tr("Clocks"), icon="clock")
        told = [*self._lines.proposal(record), clocks] if proposal else []
        told.append(self._regime(record))
        for clock in record.clocks:
            told.append(self._lines.clock(clock))
            for line in clock.lines:
                told += self._events(record, line)
        return [*told, *self._lines.provisional(record)]

    def _regime(self, record: ComplaintRecord) -> RecordLine:
        key = record.head.regime
        told = self._words.tr("No regime") if key in {"", "none"} else key
        return RecordLine("line", told, label=field_word(self._words, "regime"))

    def _events(self, record: ComplaintRecord, line: LedgerLine) -> Iterator[RecordLine]:
        words, moments = self._words, self._moments
        event = said(words, CLOCK_EVENTS, line.event)
        told = " · ".join(
            part for part in (event, said(words, WHY, line.why), who_wrote(words, record, line.n)) if part
        )
        if line.undone:
            told = words.tr("{line} (taken back)", line=told)
        yield RecordLine("detail", told, label=moments.day_and_time(line.at))
        due = words.tr("due {when}", when=moments.amid(self._lines.due(line)))
        yield RecordLine("detail", due, aside=calendar_word(words, line) or words.tr("by the clock"))


def who_wrote(words: Words, record: ComplaintRecord, number: int) -> str:
    """Return who took the step that wrote line *number* of the ledger; nobody did where time passed."""
    steps = (event for event in record.events if event.first_line <= number <= event.last_line)
    who: Named | None = next((event.who for event in steps), None)
    return words.pick(who.name_en, who.name_zh) or who.key if who is not None else ""
