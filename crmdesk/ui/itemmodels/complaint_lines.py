"""The lines of a complaint's file and of its trail (clocks, history), in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.models.payload import CORRECTED
from crmdesk.ui.complaint_values import Values
from crmdesk.ui.complaint_words import (
    BODIES,
    BREACHES,
    CAUSE_CLASSES,
    CHANNELS,
    CLOCK_EVENTS,
    CLOCK_STATES,
    FINDINGS,
    RELATIONS,
    VERDICTS,
    WANTED,
    WHY,
    calendar_word,
    clock_word,
    field_word,
    money,
    step_words,
)
from crmdesk.ui.itemmodels.complaint_outcome import OutcomeLines
from crmdesk.ui.itemmodels.record_line import RecordLine, whole
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from crmdesk.services.complaints.record_view import (
        Body,
        CauseView,
        ClockView,
        ComplaintRecord,
        EventLine,
        LedgerLine,
        Named,
    )
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.translation import Words

__all__ = ["LinesOf", "RecordLine", "clock_tone"]
CORRECTS = "D1"
"""The step that puts mistyped texts right: it is told what they were."""
DUE_SOON = 75
"""Percent of its time after which a clock is shown as due."""


def clock_tone(clock: ClockView) -> str:
    """Return the tone of a clock: breach when it is late, due from :data:`DUE_SOON` percent on."""
    if clock.breach:
        return "breach"
    if clock.state == "stopped":
        return "good" if clock.verdict == "met" else "plain"
    return "due" if clock.percent >= DUE_SOON and clock.state == "running" else "accent"


class LinesOf:
    """Words the lines of a complaint."""

    def __init__(self, words: Words, moments: Moments) -> None:
        self._words = words
        self._moments = moments
        self._values = Values(words, moments)
        self._outcome = OutcomeLines(words, moments)

    def file(self, record: ComplaintRecord) -> list[RecordLine]:
        """Return what the file says, top to bottom."""
        if record.body is None:
            return list(self._outside(record))
        lines = [*self._alerts(record, record.body), *self._happened(record, record.body)]
        lines += [*self._log(record), *self._found(record, record.body)]
        return list(whole((*lines, *self._outcome.lines(record, record.body), *self._links(record))))

    def proposal(self, record: ComplaintRecord) -> list[RecordLine]:
        """Return what is proposed, and who said yes to it: what somebody looks at who approves it."""
        if record.body is None:
            return []
        return list(whole((*self._found(record, record.body), *self._outcome.remedies(record, record.body))))

    def trail(self, record: ComplaintRecord, unfolded: frozenset[object]) -> list[RecordLine]:
        """Return clocks, then history; below what is *unfolded* (a clock's name, an event's id) its lines."""
        tr, lines = self._words.tr, list[RecordLine]()
        if record.clocks:
            lines.append(
                RecordLine("section", tr("Clocks"), aside=tr("Enter shows the ledger"), icon="clock")
            )
        for clock in record.clocks:
            lines.append(self.clock(clock, unfolded=clock.clock in unfolded))
            if clock.clock in unfolded:
                lines += [self._ledger(line) for line in clock.lines]
        lines += self.provisional(record)
        if record.events:
            lines.append(
                RecordLine("section", tr("History"), aside=tr("Enter shows what changed"), icon="steps")
            )
        for event in record.events:
            lines.append(self._event(event, unfolded=event.id in unfolded))
            if event.id in unfolded:
                lines += self._changes(record, event)
        return list(whole(lines))

    def provisional(self, record: ComplaintRecord) -> Iterator[RecordLine]:
        """Say what is meant, if the date of a clock that runs is provisional."""
        if any(clock.provisional and clock.state != "stopped" for clock in record.clocks):
            yield RecordLine(
                "text",
                self._words.tr(
                    "Provisional: holidays of that year are not announced yet; only weekends are left out."
                ),
            )

    def clock(self, clock: ClockView, *, unfolded: bool = False) -> RecordLine:
        """Return the line of a clock: what is due when, how much of its time is used."""
        words, when = self._words, self.due(clock)
        if clock.state == "stopped":
            told = said(words, VERDICTS, clock.verdict) or said(words, CLOCK_STATES, clock.state)
        elif clock.state == "paused":
            told = words.tr("paused")
        else:
            told = when
        if clock.breach:
            told = f"{said(words, BREACHES, clock.breach)} · {when}"
        return RecordLine(
            "clock",
            clock_word(words, clock.clock),
            aside=told,
            icon="clock",
            tone=clock_tone(clock),
            percent=-1 if clock.state == "stopped" else clock.percent,
            source=clock.clock,
            unfolded=unfolded,
        )

    def due(self, dated: ClockView | LedgerLine) -> str:
        """Return when something is due, and that it may move."""
        when = self._moments.day_and_time(dated.due)
        return self._words.tr("{when}, provisional", when=when) if dated.provisional else when

    def ledger(self, clock: ClockView) -> str:
        """Return a clock's ledger as text of several lines."""
        lines = [self._ledger(line) for line in clock.lines]
        return "\n".join(f"{line.label}  {line.text} · {line.aside}" for line in lines)

    def _ledger(self, line: LedgerLine) -> RecordLine:
        words = self._words
        event = said(words, CLOCK_EVENTS, line.event)
        told = f"{event} · {said(words, WHY, line.why)}" if line.why else event
        if line.undone:
            told = words.tr("{line} (taken back)", line=told)
        due = words.tr("due {when}", when=self._moments.amid(self.due(line)))
        by = calendar_word(words, line)
        aside = f"{due} · {by}" if by else due
        return RecordLine("detail", told, label=self._moments.day_and_time(line.at), aside=aside)

    def _event(self, event: EventLine, *, unfolded: bool) -> RecordLine:
        name = self._named(event.name) or event.transition
        who = self._named(event.who)
        when = self._moments.day_and_time(event.at)
        below = step_words(self._words, event.words).strip().partition("\n")[0]
        aside = f"{who} · {when}" if who else when
        return RecordLine("event", name, label=below, aside=aside, source=event.id, unfolded=unfolded)

    def _changes(self, record: ComplaintRecord, event: EventLine) -> Iterator[RecordLine]:
        if event.words:
            yield RecordLine("detail", step_words(self._words, event.words))
        for name, before, after in event.changed:
            corrected = event.transition == CORRECTS and name in CORRECTED
            told = self._values.change(record, name, before, after, corrected=corrected)
            if told:
                yield RecordLine("detail", told, label=field_word(self._words, name))

    def _outside(self, record: ComplaintRecord) -> Iterator[RecordLine]:
        tr = self._words.tr
        if record.elsewhere:
            told = tr("This complaint ended long ago: its file lies at the server.")
            yield RecordLine("alert", told, icon="clock", tone="due")
            return
        whom = self._named(record.owner) or self._named(record.team)
        told = tr("Another team handles this complaint. Ask {who}.", who=whom or tr("a supervisor"))
        yield RecordLine("alert", told, icon="shield", tone="due")
        if record.team is not None:
            yield RecordLine("line", self._named(record.team), label=tr("Team"))

    def _alerts(self, record: ComplaintRecord, body: Body) -> Iterator[RecordLine]:
        tr, head, moments = self._words.tr, record.head, self._moments
        if head.state == "WAITING" and head.wait_until is not None:
            until = moments.day_and_time(head.wait_until)
            told = (
                tr(
                    "Waiting for the customer until {until}: {what}. Our own clocks are paused.",
                    until=until,
                    what=body.wait_what,
                )
                if head.wait_for == "customer"
                else tr(
                    "Waiting for a third party until {until}: {what}. Clocks run on.",
                    until=until,
                    what=body.wait_what,
                )
            )
            yield RecordLine("alert", told, icon="clock", tone="due")
        if head.state == "INVESTIGATING" and body.missing:
            yield RecordLine("alert", tr("Sent back: {what}", what=body.missing), icon="repeat", tone="due")
        if head.state == "INVESTIGATING" and body.refused_why:
            told = tr("The customer refused: {why}", why=body.refused_why)
            yield RecordLine("alert", told, icon="warning", tone="due")
        if head.external:
            body_told = said(self._words, BODIES, head.external)
            told = tr(
                "Goes through {body}, reference {reference}",
                body=body_told,
                reference=body.external_reference,
            )
            yield RecordLine("alert", told, icon="complaint", tone="breach")
        if record.decided_outside:
            told = tr("An outside body decided against us: take it up again")
            yield RecordLine("alert", told, icon="complaint", tone="breach")

    def _happened(self, record: ComplaintRecord, body: Body) -> Iterator[RecordLine]:
        tr, head = self._words.tr, record.head
        when = self._moments.day_and_time(head.received_at)
        aside = f"{said(self._words, CHANNELS, head.channel)} · {when}"
        yield RecordLine("section", tr("What happened"), aside=aside, icon="speech")
        yield RecordLine("text", body.what_happened)
        if body.remedy_wanted:
            yield RecordLine("line", said(self._words, WANTED, body.remedy_wanted), label=tr("Wants"))
        for label, value in ((tr("Complainant"), body.complainant), (tr("Third party"), body.third_party)):
            if value:
                yield RecordLine("line", value, label=label)
        if head.outlet:
            yield RecordLine("line", head.outlet, label=tr("Outlet"))
        if body.persons or body.money:
            loss = money(body.money, record.currency) if body.money else ""
            count = self._words.plural(body.persons, "{n} person", "{n} persons") if body.persons else ""
            yield RecordLine("line", " · ".join(part for part in (count, loss) if part), label=tr("Impact"))
        if body.containment:
            yield RecordLine("line", body.containment, label=tr("Done at once"))

    def _log(self, record: ComplaintRecord) -> Iterator[RecordLine]:
        tr = self._words.tr
        yield RecordLine("section", tr("Investigation log"), aside=tr("F7 adds a note"), icon="note")
        for note in record.log:
            when = self._moments.day_and_time(note.at)
            yield RecordLine("log", note.text, label=self._named(note.who), aside=when)
        if not record.log:
            yield RecordLine("quiet", tr("Nothing noted yet."))

    def _found(self, record: ComplaintRecord, body: Body) -> Iterator[RecordLine]:
        if not (body.cause_class or record.cause or body.finding or body.reason_text):
            return
        tr = self._words.tr
        aside = said(self._words, FINDINGS, body.finding) if body.finding else ""
        yield RecordLine("section", tr("Cause and finding"), aside=aside, icon="search")
        if record.cause is not None:
            yield from self._tree(record.cause)
        elif body.cause_class:
            yield RecordLine(
                "line", said(self._words, CAUSE_CLASSES, body.cause_class), label=tr("Cause, guessed")
            )
        if body.reason_text:
            yield RecordLine("text", body.reason_text)
        if body.internal_reason:
            yield RecordLine("line", body.internal_reason, label=tr("For us only"))

    def _tree(self, cause: CauseView) -> Iterator[RecordLine]:
        """Yield the way from the class on top down to the leaf, one line a level."""
        top = said(self._words, CAUSE_CLASSES, cause.cause_class)
        below = cause.path[1:] if cause.path and cause.path[0].key in CAUSE_CLASSES else cause.path
        yield RecordLine("line", top, label=field_word(self._words, "cause"))
        for depth, node in enumerate(below, 1):
            yield RecordLine("line", f"{'    ' * (depth - 1)}└ {self._named(node)}")

    def _links(self, record: ComplaintRecord) -> Iterator[RecordLine]:
        tr = self._words.tr
        if record.links:
            yield RecordLine("section", tr("Other complaints"), aside=tr("Enter opens"), icon="complaint")
        for link in record.links:
            state = self._named(record.states.get(link.state))
            label = said(self._words, RELATIONS, link.relation)
            yield RecordLine(
                "link",
                link.number,
                label=label,
                aside=f"{state} · {self._day(link.received_at)}",
                source=link,
            )

    def _day(self, moment: datetime | None) -> str:
        return self._moments.day(self._moments.day_of(moment)) if moment is not None else ""

    def _named(self, named: Named | None) -> str:
        return self._words.pick(named.name_en, named.name_zh) or named.key if named is not None else ""
