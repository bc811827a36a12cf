"""What a caller is told of a complaint: one sentence to read out, from state, owner and next date.

Sentences are :class:`~crmdesk.models.text.Text`; whoever shows them translates into the caller's language,
which need not be the screen's. Names of months and days are texts too, so that a date reads well in both.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from crmdesk.models.text import Text, say
from crmdesk.values import dataclass

MONTHS = (
    *(say("January"), say("February"), say("March"), say("April"), say("May"), say("June"), say("July")),
    *(say("August"), say("September"), say("October"), say("November"), say("December")),
)
DAYS = (
    *(say("Monday"), say("Tuesday"), say("Wednesday"), say("Thursday"), say("Friday"), say("Saturday")),
    say("Sunday"),
)
LATE = say("We are late with it: you hear from us today.")
MAY_MOVE = say("That may still move by a few days: the public holidays are not announced yet.")
FOLLOWED_UP = ("S1", "S2", "S3")
"""Severities after which every customer is asked whether all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a complaint stands, as far as a caller may know.

    ``owner`` is the name in his language; ``due_at`` when the next clock is due, ``provisional`` that this
    date may move; ``text`` what the state is about: what is waited for, what was done, why it was not
    accepted; ``route`` where else he may turn.
    """

    number: str
    state: str
    owner: str = ""
    due_at: datetime | None = None
    provisional: bool = False
    wait_for: str = ""
    text: str | Text = ""
    route: str = ""


def numbered_status(standing: Standing, now: datetime, zone: tzinfo) -> Text:
    """Return what is read to whoever asks how his complaint stands, with its number."""
    told = status_sentence(standing, now, zone)
    if standing.state == "RECEIVED":
        return told
    return say("Number {number}. {told}", number=spoken_number(standing.number), told=told)


def status_sentence(standing: Standing, now: datetime, zone: tzinfo) -> Text:
    """Return what whoever rings about a complaint is told; a date that is past is not promised again."""
    due = standing.due_at
    if due is not None and due <= now and standing.state in _WITH_DATE:
        return say("{told} {late}", told=_told(standing, None), late=LATE)
    told = _told(standing, spoken_moment(due, now, zone) if due is not None else None)
    return _doubted(told, provisional=standing.provisional and due is not None)


def readout(
    number: str, due_at: datetime | None, now: datetime, zone: tzinfo, *, provisional: bool = False
) -> Text:
    """Return what is read to a complainant when his complaint is recorded; a *provisional* date may move."""
    if due_at is None or due_at <= now:
        return say(
            "Your complaint is recorded. The number is {number}. We see to it at once.",
            number=spoken_number(number),
        )
    told = say(
        "Your complaint is recorded. The number is {number}. By {when} you hear from us how it goes on.",
        number=spoken_number(number),
        when=spoken_moment(due_at, now, zone),
    )
    return _doubted(told, provisional=provisional)


def readout_solved(
    number: str,
    severity: str,
    due_at: datetime | None,
    now: datetime,
    zone: tzinfo,
    *,
    provisional: bool = False,
) -> Text:
    """Return what is read to a complainant whose complaint was solved on the call."""
    if due_at is None or severity not in FOLLOWED_UP:
        return say(
            "Your complaint is recorded and settled. Should it come back, name this number: {number}.",
            number=spoken_number(number),
        )
    told = say(
        "Your complaint is recorded and settled. The number is {number}. By {when} we ask if all is well.",
        number=spoken_number(number),
        when=spoken_moment(due_at, now, zone),
    )
    return _doubted(told, provisional=provisional)


def _doubted(told: Text, *, provisional: bool) -> Text:
    """Return *told* with the doubt about its date, if that is *provisional*."""
    return say("{told} {doubt}", told=told, doubt=MAY_MOVE) if provisional else told


def spoken_number(number: str) -> Text:
    """Return *number* as it is told: sign by sign, with a pause between its groups."""
    first, second, third = ((*number.split("-"), "", "")[n] for n in range(3))
    return say("{first}, {second}, {third}", first=_apart(first), second=_apart(second), third=_apart(third))


def spoken_moment(moment: datetime, now: datetime, zone: tzinfo) -> Text:
    """Return *moment*, by which something is promised, as people say it at the site; midnight ends a day."""
    there, today = moment.astimezone(zone), now.astimezone(zone).date()
    time = there.strftime("%H:%M")
    if time == "00:00":
        there, time = there - timedelta(days=1), "24:00"
    if there.date() == today:
        return say("{time} today", time=time)
    if there.date() == today + timedelta(days=1):
        return say("{time} tomorrow", time=time)
    return say(
        "{time} on {weekday}, {day} {month}",
        time=time,
        weekday=DAYS[there.weekday()],
        day=there.day,
        month=MONTHS[there.month - 1],
    )


def _apart(group: str) -> str:
    """Return the signs of *group* with gaps between them, over which no line ends."""
    return "\u00a0".join(group)


_WITH_DATE = frozenset({"RECEIVED", "ACKNOWLEDGED", "ASSESSED", "INVESTIGATING", "WAITING", "PROPOSED"})
_OF_TEXT = frozenset({"WAITING", "REJECTED", "RESPONDED", "MERGED"})
"""States whose sentence says nothing without what they are about, as of another team's complaint."""


def _told(standing: Standing, when: Text | None) -> Text:
    """Return the sentence of the state, with *when* the next step is due if that can be promised."""
    silent = standing.state in _OF_TEXT and not standing.text
    if silent or standing.state in ("RECEIVED", "PROPOSED") or (standing.state in _WITH_DATE and not when):
        return _plain(standing, when)
    if standing.state == "WAITING":
        who = say("you") if standing.wait_for == "customer" else say("somebody else")
        return say("We wait for {who}: {what}. Until {when}.", who=who, what=standing.text, when=when)
    if standing.state in _WITH_DATE:
        owner = standing.owner or say("A colleague")
        if standing.state == "ACKNOWLEDGED":
            return say(
                "{owner} looks after it: it is accepted. You hear more by {when}.", owner=owner, when=when
            )
        if standing.state == "ASSESSED":
            return say("{owner} looks after it and speaks with you by {when}.", owner=owner, when=when)
        return say("{owner} is finding out what happened. You hear more by {when}.", owner=owner, when=when)
    return _over(standing, when)


def _plain(standing: Standing, when: Text | None) -> Text:
    if standing.state == "RECEIVED":
        number = spoken_number(standing.number)
        if when is None:
            return say("It is recorded under number {number}.", number=number)
        return say(
            "It is recorded under number {number}. By {when} you hear whether we take it up.",
            number=number,
            when=when,
        )
    if standing.state == "PROPOSED":
        return (
            say("The decision is being prepared. You hear it by {when}.", when=when) if when else _prepared()
        )
    return say("{owner} looks after it.", owner=standing.owner or say("A colleague"))


def _prepared() -> Text:
    return say("The decision is being prepared.")


def _over(standing: Standing, when: Text | None) -> Text:
    """Return the sentence of a state in which the house has answered."""
    text = standing.text
    if standing.state == "REJECTED":
        if standing.route:
            return say(
                "We did not take it up: {why}. You can turn to: {route}.", why=text, route=standing.route
            )
        return say("We did not take it up: {why}.", why=text)
    if standing.state == "RESPONDED":
        if when is None:
            return say("The decision has been told to you: {what}.", what=text)
        return say(
            "The decision has been told to you: {what}. Tell us by {when} if you disagree.",
            what=text,
            when=when,
        )
    if standing.state in ("RESOLVED", "FOLLOW_UP"):
        return say("It is settled: {what}.", what=text) if text else say("It is settled.")
    if standing.state == "CLOSED":
        return say("It is closed: {what}.", what=text) if text else say("It is closed.")
    if standing.state == "MERGED":
        return say("It goes on under another number: {number}.", number=text)
    return say("You have withdrawn it.")
