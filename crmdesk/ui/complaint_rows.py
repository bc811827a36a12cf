"""Lines of complaints in words: number and customer, how it stands, the clock that is due next."""

from __future__ import annotations

import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING

from crmdesk.ui.complaint_words import BODIES, WAIT_FOR, clock_word
from crmdesk.ui.delegates.home import Line
from crmdesk.ui.painting import plain
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmdesk.models.types import AgentId
    from crmdesk.services.complaints.listing import Listing, Names
    from crmdesk.services.complaints.lists import ComplaintLine
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.translation import Words

_NONE: Mapping[str, tuple[str, str]] = MappingProxyType({})


class RowsOf:
    """Words lines with the names that came with their list."""

    def __init__(self, words: Words, moments: Moments) -> None:
        self._words = words
        self._moments = moments
        self._states: Names = _NONE
        self._categories: Names = _NONE
        self._whose: AgentId | None = None
        self._is_provisional: Callable[[ComplaintLine], bool] = lambda _line: False

    def know(self, listing: Listing) -> None:
        """Take over the names of a list, and whose it is."""
        self._states, self._categories = listing.states, listing.categories
        self._whose = listing.whose
        self._is_provisional = listing.is_provisional

    def codes(self, text: str) -> frozenset[str]:
        """Return the states and categories in whose names, of any language, *text* stands."""
        wanted = unicodedata.normalize("NFKC", text).casefold()
        known = (*self._states.items(), *self._categories.items())
        return frozenset(key for key, names in known if any(wanted in name.casefold() for name in names))

    def row(self, line: ComplaintLine, *, owner: bool = False, marked: bool = False) -> Line:
        """Return *line* in words; *owner*: say whose it is, *marked*: it is chosen for what comes next."""
        due = self._moments.day_and_time(line.next_due_at) if line.next_due_at is not None else ""
        moves = self._words.tr("provisional") if self._is_provisional(line) else ""
        clock = clock_word(self._words, line.next_clock) if line.next_clock else ""
        late = self._words.tr("overdue") if line.overdue else ""
        return Line(
            source=line,
            icon="check" if marked else "complaint",
            text=line.number,
            alt=plain(line.customer_name),
            below=" · ".join(part for part in self._stands(line, owner=owner) if part),
            aside=due,
            aside_below=" · ".join(part for part in (late, moves, clock) if part),
            tone=tone_of(line),
        )

    def _stands(self, line: ComplaintLine, *, owner: bool) -> tuple[str, ...]:
        """Return how it stands, and whose it is; what a narrow line cuts off comes last."""
        tr = self._words.tr
        return (
            line.severity,
            tr("Level {level}", level=line.level) if line.level else "",
            said(self._words, BODIES, line.external) if line.external else "",
            self._state(line),
            self._handed_over(line) or (self._owner(line) if owner else ""),
            tr("Repeat") if line.repeat_of is not None else "",
            tr("Reopened {n}×", n=line.reopen_count) if line.reopen_count else "",
            self._name(self._categories, line.category),
        )

    def _owner(self, line: ComplaintLine) -> str:
        return plain(self._words.pick(line.owner_en, line.owner_zh))

    def _handed_over(self, line: ComplaintLine) -> str:
        """Return to whom a line of somebody's own list went who has not taken it yet."""
        if self._whose is None or line.owner_id == self._whose:
            return ""
        return self._words.tr("handed over to {name}, not taken yet", name=self._owner(line))

    def _state(self, line: ComplaintLine) -> str:
        state = self._name(self._states, line.state)
        if not line.wait_for:
            return state
        return self._words.tr("{state}: {whom}", state=state, whom=said(self._words, WAIT_FOR, line.wait_for))

    def _name(self, names: Names, key: str) -> str:
        return plain(self._words.pick(*names[key]) or key) if key in names else key


def tone_of(line: ComplaintLine) -> str:
    """Return breach for what is grave (S1, escalated), due for what is overdue."""
    if line.severity == "S1" or line.level:
        return "breach"
    return "due" if line.overdue else "plain"
