"""Words of sharing: the mark of the status line, who else is here, and the fields in conflict. No Qt."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crmdesk.ui.painting import plain
from crmdesk.ui.translation import word
from crmdesk.ui.vocabulary import CHANNELS, LANGUAGES, TIERS, said
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from crmdesk.models.sync_views import Helper, HelpRequest, PresenceLine, SyncStatus
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.translation import Words

OLD = timedelta(minutes=5)
"""Data older than this is marked in amber."""
RECENT = timedelta(minutes=1)
"""Data up to this old is up to date: a desk looks for news at least every 40 seconds."""
STALE = timedelta(seconds=30)
"""What a colleague did longer ago may not be true any more."""

DOINGS = {
    "open": word("{name} has this customer open, too"),
    "note": word("{name} is writing a note here"),
    "record": word("{name} is changing this record"),
    "call": word("{name} is on the phone with this customer"),
}
HELPER_STATES = {
    "ready": word("Ready"),
    "talking": word("Talking"),
    "wrap_up": word("Wrap-up"),
    "paused": word("Paused"),
    "away": word("Not here"),
}
ROLES = {
    "agent": word("Agent"),
    "supervisor": word("Supervisor"),
    "administrator": word("Administrator"),
    "auditor": word("Auditor"),
}
HELP_STATES = {
    "waiting": word("waiting"),
    "taken": word("taken"),
    "cancelled": word("taken back"),
    "over": word("over"),
}
FIELDS = {
    "kind": word("Kind"),
    "name": word("Name"),
    "name_alt": word("Other script"),
    "language": word("Speaks"),
    "tier": word("Tier"),
    "preferred_channel": word("Prefers"),
    "do_not_call": word("Do not call"),
    "key_account": word("Key account"),
    "hint": word("Hint"),
    "plate": word("Plate"),
    "model": word("Model"),
    "vin": word("VIN"),
    "mileage_km": word("Mileage"),
    "subject": word("About"),
    "due_at": word("When"),
    "owner_id": word("Owner"),
    "state": word("State"),
    "label": word("Label"),
    "value": word("Number"),
    "title": word("Title"),
    "body": word("Text"),
    "address": word("Address"),
    "city": word("City"),
    "external_id": word("Number in other systems"),
    "first_business_on": word("Since"),
    "customer_id": word("Customer"),
    "built_on": word("Built on"),
    "next_service_km": word("Next service, km"),
    "next_service_on": word("Next service on"),
    "warranty_until": word("Warranty"),
    "attempts": word("Attempts"),
    "note": word("Note"),
    "number_value": word("Number"),
    "team_id": word("Team"),
    "outlet": word("Workshop"),
    "summary": word("Summary"),
    "visited_at": word("Visit"),
    "do_this": word("Do this"),
    "say_this": word("Say this"),
    "safety": word("Safety"),
    "lang": word("Language"),
    "keywords": word("Keywords"),
    "models": word("Models"),
    "topics": word("Topics"),
    "raw": word("Number"),
    "sharing": word("Shared"),
}
_VALUES = {"language": LANGUAGES, "tier": TIERS, "preferred_channel": CHANNELS}


@dataclass(frozen=True, slots=True)
class Mark:
    """What the status line says of sharing.

    ``part`` is how much of the first copy is here, None when all is; ``detail`` is the long form.
    """

    icon: str
    text: str
    tone: str = "plain"
    part: float | None = None
    detail: str = ""


def sync_mark(words: Words, moments: Moments, status: SyncStatus) -> Mark:
    """Return the mark of *status* as it is at this moment."""
    tr = words.tr
    if not status.configured:
        return Mark("desk", tr("This PC alone"))
    copied = "" if status.first_sync is None else tr("First copy: {n} %", n=int(status.first_sync * 100))
    age = moments.now() - status.last_pull_at if status.last_pull_at is not None else None
    old = age is None or age > OLD
    if not status.connected:
        parts = [tr("Server not reachable")]
        if copied:
            parts.append(copied)
        elif status.last_pull_at is not None:
            parts.append(tr("data of {time}", time=_when(moments, status.last_pull_at)))
        text = _with_counts(words, " · ".join(parts), status)
        detail = words.text(status.trouble) if status.trouble is not None else text
        return Mark("server-off", text, "due" if old else _tone(status), status.first_sync, detail)
    if copied:
        return Mark("server", _with_counts(words, copied, status), _tone(status), status.first_sync, copied)
    text = _with_counts(words, _age(words, moments, status.last_pull_at, age), status)
    if status.trouble is not None:
        trouble = words.text(status.trouble)
        return Mark("warning", f"{trouble} · {text}", "due", detail=trouble)
    return Mark("server", text, "due" if old else _tone(status), detail=text)


def _age(words: Words, moments: Moments, at: datetime | None, age: timedelta | None) -> str:
    if at is None or age is None:
        return words.tr("Not synced yet")
    return words.tr("Up to date") if age <= RECENT else words.tr("Data of {time}", time=_when(moments, at))


def _when(moments: Moments, at: datetime) -> str:
    today = moments.day_of(at) == moments.today()
    return moments.clock_time(at) if today else moments.day_and_time(at)


def _with_counts(words: Words, text: str, status: SyncStatus) -> str:
    parts = [text]
    if status.pending:
        parts.append(words.tr("{n} to send", n=status.pending))
    if status.refused:
        parts.append(words.plural(status.refused, "{n} needs your choice", "{n} need your choice"))
    return " · ".join(parts)


def _tone(status: SyncStatus) -> str:
    return "due" if status.refused else "plain"


def presence_mark(words: Words, moments: Moments, line: PresenceLine) -> tuple[str, str]:
    """Return what a colleague does at this record and its tone: plain (grey) when it may be over."""
    text = words.tr(DOINGS.get(line.doing, DOINGS["open"]), name=plain(line.name))
    if moments.now() - line.seen_at > STALE:
        return f"{moments.clock_time(line.seen_at)} · {text}", "plain"
    return text, "due" if line.doing in {"note", "record"} else "accent"


def helper_state(words: Words, moments: Moments, helper: Helper) -> tuple[str, str]:
    """Return what a helper does at present and its tone: plain (grey) when it may be over."""
    if helper.kind == "team":
        return "", "plain"
    state = said(words, HELPER_STATES, helper.state)
    if helper.seen_at is None or helper.state == "away":
        return said(words, HELPER_STATES, "away"), "plain"
    if moments.now() - helper.seen_at > STALE:
        return f"{state} · {moments.clock_time(helper.seen_at)}", "plain"
    return state, "good" if helper.state == "ready" else "due"


def help_age(moments: Moments, request: HelpRequest) -> tuple[str, bool]:
    """Return since when a request waits, and whether its state may not be true any more."""
    stale = moments.now() - request.seen_at > STALE
    return moments.clock_time(request.asked_at), stale


def field_value(words: Words, name: str, value: object) -> str:
    """Return the value of a field as a person reads it; nothing as a dash."""
    if isinstance(value, bool):
        return words.tr("yes") if value else words.tr("no")
    if value is None or value == "":
        return "—"
    return plain(said(words, _VALUES.get(name, {}), str(value)))
