"""What agents do with calls, and what the telephone tells of them, as use cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models import article, call, choice, note, task
from crmdesk.models.wire import Row
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork


def see_call(
    work: UnitOfWork, call_id: UUID, values: Mapping[str, Any], legs: Iterable[Mapping[str, Any]] = ()
) -> None:
    """Keep what the telephone tells of a call; telling it twice changes nothing."""
    operation = call.see_call(work.author, call_id, values, legs)
    work.do(operation)
    work.commit()


def choose_caller(work: UnitOfWork, call_id: UUID, customer_id: UUID) -> None:
    """Say who is calling; the number remembers it as a hint."""
    held = known_call(work, call_id)
    work.do(_assign(work, held, customer_id, "chosen"))
    if held["number_value"]:
        work.do(choice.remember_choice(work.author, held["number_value"], "last", customer_id))
    work.commit()


def reassign_call(work: UnitOfWork, call_id: UUID, customer_id: UUID | None) -> None:
    """Put a wrong pop right: call, notes and tasks move to *customer_id*, or to nobody yet."""
    held = known_call(work, call_id)
    work.do(_assign(work, held, customer_id, "corrected"))
    work.commit()


def remember_number(work: UnitOfWork, number: str, mode: str, customer_id: UUID | None) -> None:
    """Always ask for this number (``ask``), or let it lead to one customer only (``customer``)."""
    work.do(choice.remember_choice(work.author, number, mode, customer_id))
    work.commit()


def verify_caller(work: UnitOfWork, call_id: UUID, fact: str, known: bool) -> None:
    """Keep that the caller confirmed *fact* (the question's template), or take it back."""
    held = known_call(work, call_id)
    others = [other for other in held["verified"] if other != fact]
    facts = [*others, fact] if known else others
    work.do(work.author.describe("call.verify", {"id": held["id"], "facts": facts}))
    work.commit()


def append_note(
    work: UnitOfWork,
    text: str,
    call_id: UUID | None = None,
    customer_id: UUID | None = None,
    note_id: UUID | None = None,
    team_id: UUID | None = None,
    complaint_id: UUID | None = None,
) -> UUID:
    """Append a note to a call, a customer or a complaint; return its id. The same *note_id* changes nothing.

    With *team_id* only that team, the author and the team's supervisors may read it; what is noted about a
    complaint is for whoever may read the complaint.
    """
    if team_id is not None and work.row("team", team_id) is None:
        raise NotFound("This {what} is not here any more.", fields=("team_id",), what="team")
    if complaint_id is not None:
        from crmdesk.services.complaints.files import fields_of

        team_id = team_id or fields_of(work.stored, complaint_id)["team_id"]
    operation = note.append_note(
        work.author,
        text,
        call_id=call_id,
        customer_id=customer_id,
        row_id=note_id,
        team_id=team_id,
        complaint_id=complaint_id,
    )
    work.do(operation)
    work.commit()
    return UUID(operation.payload["id"])


@dataclass(frozen=True, slots=True)
class WrapUp:
    """All that finishes a call, kept in one transaction.

    ``text`` becomes a note with the id ``note_id`` (a draft's) unless it is blank; ``follow_up`` holds the
    fields of a task that was promised; ``seconds`` is the wrap-up time, ``stretched`` why it was longer.
    """

    call_id: UUID
    disposition: str = ""
    seconds: int | None = None
    topic: str = ""
    text: str = ""
    note_id: UUID | None = None
    articles: tuple[UUID, ...] = ()
    follow_up: Mapping[str, Any] | None = None
    stretched: str = ""


def wrap_up_call(work: UnitOfWork, finish: WrapUp) -> Row:
    """Finish a call as *finish* says; return the call."""
    held = known_call(work, finish.call_id)
    _refuse_unknown_disposition(work, finish.disposition)
    if finish.text.strip():
        work.do(note.append_note(work.author, finish.text, call_id=held["id"], row_id=finish.note_id))
    for article_id in finish.articles:
        work.do(_marked(work, article_id, "used", held["id"]))
    if finish.follow_up:
        promised = {**finish.follow_up, "call_id": held["id"]}
        work.do(task.open_task(work.author, promised, uuid5(held["id"], "follow-up")))
    work.do(
        call.wrap_up(work.author, held, finish.disposition, finish.seconds, finish.topic, finish.stretched)
    )
    finished = known_call(work, finish.call_id)
    work.commit()
    return finished


def mark_article(work: UnitOfWork, article_id: UUID, verdict: str, call_id: UUID | None = None) -> None:
    """Say that an article was used, or did not help."""
    work.load(article.Article, article_id)
    work.do(_marked(work, article_id, verdict, call_id))
    work.commit()


def open_task(work: UnitOfWork, values: Mapping[str, Any], task_id: UUID | None = None) -> UUID:
    """Open a task or call-back; return its id."""
    operation = task.open_task(work.author, values, task_id)
    work.do(operation)
    work.commit()
    return UUID(operation.payload["id"])


def change_task(
    work: UnitOfWork, task_id: UUID, changes: Mapping[str, Any], base_revision: int | None = None
) -> Row:
    """Change a task: done, dropped, another time or owner; return it."""
    held = work.load(task.Task, task_id)
    work.do(held.change(work.author, changes, base_revision))
    changed = work.row("task", task_id) or {}
    work.commit()
    return changed


def known_call(work: UnitOfWork, call_id: UUID) -> Row:
    """Return the call; raise NotFound when this desk does not know it."""
    held = work.row("call", call_id)
    if held is None:
        raise NotFound("This desk does not know that call.")
    return held


def call_row(connection: Any, call_id: UUID) -> Row:
    """Return what a pop needs of a kept call, read on a plain connection; raise NotFound."""
    names = ("call_key", "direction", "number_raw", "caller_name", "dialled", "queue", "identified_by")
    found = connection.execute(
        f"SELECT customer_id, started_at, {', '.join(names)} FROM call WHERE id = ?", (call_id.bytes,)
    ).fetchone()
    if found is None:
        raise NotFound("This desk does not know that call.")
    owner, started, *texts = found
    return {
        "id": call_id,
        "customer_id": UUID(bytes=owner) if owner else None,
        "started_at": datetime.fromtimestamp(started / 1_000_000, UTC),
        **dict(zip(names, texts, strict=True)),
    }


def _assign(work: UnitOfWork, held: Row, customer_id: UUID | None, how: str) -> Any:
    if customer_id is not None and work.row("customer", customer_id) is None:
        raise NotFound("This {what} is not here any more.", what="customer")
    return work.author.describe("call.assign", {"id": held["id"], "customer_id": customer_id, "by": how})


def _marked(work: UnitOfWork, article_id: UUID, verdict: str, call_id: UUID | None) -> Any:
    """Return the operation that marks an article; within a call the same mark counts once."""
    row_id = uuid5(call_id, f"{verdict}/{article_id}") if call_id else None
    return article.mark_article(work.author, article_id, verdict, call_id, row_id)


def _refuse_unknown_disposition(work: UnitOfWork, key: str) -> None:
    rows = work.rows("disposition", "key", key)
    if key and not rows:
        raise InvalidInput("There is no disposition {key}.", fields=("disposition",), key=key)
