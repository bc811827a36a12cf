"""The head of a complaint in words: whose it is, how it stands, what marks it, what is due next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.ui.complaint_words import BODIES, LEVELS, SEVERITIES
from crmdesk.ui.itemmodels.complaint_lines import LinesOf
from crmdesk.ui.views.complaint_head import HeadCard
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from crmdesk.services.complaints.record_view import ComplaintRecord, Named
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.translation import Words


class HeadsOf:
    """Words heads."""

    def __init__(self, words: Words, moments: Moments) -> None:
        self._words = words
        self._moments = moments
        self._lines = LinesOf(words, moments)

    def card(self, record: ComplaintRecord) -> HeadCard:
        """Return the head of *record*."""
        tr, head, pick = self._words.tr, record.head, self._named
        customer = " · ".join(
            part
            for part in (
                record.customer.name or (tr("Not identified") if head.unidentified else ""),
                record.customer.name_alt,
                record.customer.asset,
            )
            if part
        )
        category = " › ".join(pick(each) for each in record.category)
        owner = tr("Owner: {name}", name=pick(record.owner)) if record.owner else tr("Nobody owns it")
        at = self._moments.amid(self._moments.day_and_time(head.received_at))
        received = tr("received {when}", when=at)
        below = " · ".join(part for part in (owner, category, received) if part)
        clock = record.next_clock
        line = self._lines.clock(clock) if clock is not None else None
        return HeadCard(head.number, tuple(self._chips(record)), customer, below, line)

    def _chips(self, record: ComplaintRecord) -> list[tuple[str, str]]:
        tr, head = self._words.tr, record.head
        guessed = tr(" (guessed)") if head.provisional else ""
        grave = {"S1": "breach", "S2": "due"}.get(head.severity, "plain")
        chips = [(self._named(record.state), "accent")]
        if record.body is None and head.restricted:
            return [*chips, (tr("Restricted"), "due")]
        chips.append((said(self._words, SEVERITIES, head.severity) + guessed, grave))
        repeat = any(link.relation == "repeats" for link in record.links)
        marks = (
            (
                bool(head.level),
                tr("Level {level}", level=said(self._words, LEVELS, str(head.level))),
                "breach",
            ),
            (bool(head.external), said(self._words, BODIES, head.external), "breach"),
            (repeat, tr("Repeat"), "due"),
            (bool(head.reopen_count), tr("Reopened {n}×", n=head.reopen_count), "due"),
            (head.regime not in {"", "none"}, head.regime, "plain"),
            (head.restricted, tr("Restricted"), "due"),
            (head.first_contact, tr("Solved on the call"), "good"),
            (head.imported, tr("Imported"), "plain"),
        )
        return [*chips, *((text, tone) for there, text, tone in marks if there)]

    def _named(self, named: Named | None) -> str:
        return self._words.pick(named.name_en, named.name_zh) or named.key if named is not None else ""
