"""The window's requests, answered by the services of this desk.

What a request needs is imported by the first one of its kind: the first window wants the worklist only.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from crmdesk.errors import InvalidInput, NotFound, TelephonyFault
from crmdesk.models.types import AgentId
from crmdesk.services.executor import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmdesk.models.operations import Author
    from crmdesk.models.screen_pop import Article, FoundPage, NoteDraft, ScreenPop, TimelinePage
    from crmdesk.models.types import ArticleId, CallId, CustomerId, TaskId
    from crmdesk.models.wire import Row
    from crmdesk.models.worklist import Answer, DispositionChoice, Worklist
    from crmdesk.services.call_desk import CallDesk
    from crmdesk.services.complaints.letter_case import Sender
    from crmdesk.services.complaints.procedure import House
    from crmdesk.services.customers.duplicates import Duplicate
    from crmdesk.services.exchange.points import Parse
    from crmdesk.services.store.drafts import Drafts
    from crmdesk.services.store.store import Outcome, Store
    from crmdesk.services.telephony.gateway import Gateway
    from crmdesk.ui.aftercare_desk import Aftercare
    from crmdesk.ui.complaint_desk import Complaints
    from crmdesk.ui.desk import CustomerRecord, FollowUp, PersonFields, Sharing, WrapUp
    from crmdesk.ui.files_desk import Files
    from crmdesk.ui.intake_desk import Intakes

T = TypeVar("T")
U = TypeVar("U")
PAGE = 30
FOUND = 20
ANSWERS = 8
BY_HAND = "desk"
"""Source of numbers that an agent typed."""


class LocalDesk:
    """The services of one desk behind the :class:`~crmdesk.ui.desk.Desk` protocol.

    Args:
        store: the desk's store.
        calls_here: gives what builds pops and knows call ids.
        drafts: keeps what is being typed; used on a lane of its own.
        gateway: gives the telephone, None when there is none.
        language: gives the language of the window (zh or en).
        parser: gives what understands numbers as typed.
        sharing: gives what knows the shared database; None while this PC works alone and cannot join.
        viewed: hears whose record was opened and why, once it was read.
        house: tells where complaints are handled: calendar, currency, zone.
        tag: gives this desk's part of the numbers of complaints.
        sender: tells the house as its letters name it.
        files: makes what knows attachments.
    """

    def __init__(  # noqa: PLR0913 - each is a service of its own; half have a default
        self,
        store: Store,
        calls_here: Callable[[], CallDesk],
        drafts: Drafts,
        gateway: Callable[[], Gateway | None],
        language: Callable[[], str],
        parser: Callable[[], Parse],
        sharing: Callable[[], Sharing | None] = lambda: None,
        viewed: Callable[[CustomerId, str], None] = lambda _customer_id, _why: None,
        *,
        house: Callable[[], House] | None = None,
        tag: Callable[[], str] = lambda: "",
        sender: Callable[[], Sender] | None = None,
        files: Callable[[], Files] | None = None,
    ) -> None:
        self._store = store
        self._calls = calls_here
        self._drafts = drafts
        self._gateway = gateway
        self._language = language
        self._parser = parser
        self._sharing = sharing
        self._viewed = viewed
        self._house = house
        self._tag = tag
        self._sender = sender
        self._files = files
        self._errands = Lane("errands")

    def close(self) -> None:
        """Finish what is under way and close the drafts."""
        if "aftercare" in self.__dict__:
            self.aftercare.rest()
        if "files" in self.__dict__:
            self.files.close()
        self._errands.close()
        self._drafts.close()

    @property
    def sharing(self) -> Sharing:
        """What other desks have to do with this one; answers for a PC that works alone, too."""
        shared = self._sharing()
        if shared is not None:
            return shared
        from crmdesk.ui.alone import Alone

        return Alone()

    @property
    def complaints(self) -> Complaints:
        """What is asked about one complaint."""
        from crmdesk.ui.complaint_desk import LocalComplaints

        return LocalComplaints(self._store, self._drafts, self._house or _usual_house, self._viewed)

    @cached_property
    def intakes(self) -> Intakes:
        """What is asked while a complaint is written down."""
        from crmdesk.ui.intake_desk import LocalIntakes

        return LocalIntakes(self._store, self._drafts, self._house or _usual_house, self._tag)

    @cached_property
    def aftercare(self) -> Aftercare:
        """What is done around a complaint."""
        from crmdesk.ui.aftercare_desk import LocalAftercare

        house, sender = self._house or _usual_house, self._sender or _no_sender
        return LocalAftercare(self._store, house, sender, self._errands.run)

    @cached_property
    def files(self) -> Files:
        """What is attached to records."""
        if self._files is None:
            raise NotFound("This desk keeps no files.")
        return self._files()

    def worklist(self) -> Future[Worklist]:
        """Ask for what waits for this agent."""
        return self._store.read(_worklist, self._store.author, self._language())

    def dispositions(self) -> Future[tuple[DispositionChoice, ...]]:
        """Ask for the ways a call can end, the usual ones first."""
        from crmdesk.services.codes import dispositions

        return self._store.read(dispositions)

    def drafts(self) -> Future[tuple[NoteDraft, ...]]:
        """Ask for notes that were typed and never became notes."""
        return self._drafts.open_drafts()

    def call(self, call_id: CallId) -> Future[ScreenPop]:
        """Ask for an earlier call as its pop would look now."""
        return self._errands.run(self._pop_again, call_id)

    def choose(self, pop: ScreenPop, customer_id: CustomerId) -> Future[ScreenPop]:
        """Say who calls; the pop comes back with that customer."""
        from crmdesk.services import calls

        return self._errands.run(self._settle, calls.choose_caller, pop, customer_id)

    def not_him(self, pop: ScreenPop, customer_id: CustomerId | None) -> Future[ScreenPop]:
        """Say that the wrong person popped; call and notes move."""
        from crmdesk.services import calls

        return self._errands.run(self._settle, calls.reassign_call, pop, customer_id)

    def always_ask(self, e164: str) -> Future[None]:
        """Ask who calls whenever this number rings."""
        from crmdesk.services import calls

        return nothing(self._store.write(calls.remember_number, e164, "ask", None))

    def only_this(self, e164: str, customer_id: CustomerId) -> Future[None]:
        """This number belongs to this customer and nobody else."""
        from crmdesk.services import calls

        return nothing(self._store.write(calls.remember_number, e164, "customer", customer_id))

    def customer_record(self, customer_id: CustomerId) -> Future[CustomerRecord]:
        """Ask for a customer opened by hand."""
        found = self._store.read(_record, customer_id, self._store.author)
        found.add_done_callback(lambda done: self._tell_viewed(customer_id, done))
        return found

    def similar(self, person: PersonFields) -> Future[tuple[Duplicate, ...]]:
        """Ask who may be this person, surest first."""
        return self._errands.run(self._similar, person)

    def open_customer(self, person: PersonFields) -> Future[CustomerId]:
        """Open a record for somebody new, with number and car if given."""
        return self._errands.run(self._open_customer, person)

    def change_customer(
        self, customer_id: CustomerId, changes: Mapping[str, object], version: int
    ) -> Future[None]:
        """Change fields of a customer seen at *version*."""
        from crmdesk.services.customers import edit

        return nothing(self._store.write(edit.change_customer, customer_id, changes, version))

    def timeline(
        self, customer_id: CustomerId, after: str | None, kinds: tuple[str, ...]
    ) -> Future[TimelinePage]:
        """Ask for a page of the time line; no kinds means all of them."""
        return self._store.read(_timeline, customer_id, after, kinds)

    def find(self, text: str) -> Future[FoundPage]:
        """Search names, pinyin, numbers, plates and VINs."""
        return self._store.read(_find, text)

    def answers(self, query: str, models: tuple[str, ...]) -> Future[tuple[Answer, ...]]:
        """Search the knowledge base; articles about the models come first."""
        return self._store.read(_answers, query, models, self._language())

    def article(self, article_id: ArticleId) -> Future[Article]:
        """Ask for one article as it is read."""
        from crmdesk.services.knowledge.views import article

        return self._store.read(article, article_id)

    def mark_article(self, article_id: ArticleId, mark: str, call_id: CallId | None) -> Future[None]:
        """Remember that an article was ``used`` or ``unhelpful``."""
        from crmdesk.services import calls

        return nothing(self._store.write(calls.mark_article, article_id, mark, call_id))

    def save_draft(self, draft: NoteDraft) -> Future[None]:
        """Keep what was typed, durably."""
        return self._drafts.save(draft)

    def append_note(self, call_id: CallId, text: str, draft_id: str) -> Future[None]:
        """Turn a draft into a note, at most once for each draft id."""
        from crmdesk.services import calls

        kept = self._store.write(calls.append_note, text, call_id, None, UUID(draft_id))
        return then(kept, lambda _outcome: self._forget(draft_id))

    def wrap_up(self, wrap_up: WrapUp) -> Future[None]:
        """Close the call."""
        from crmdesk.services import calls

        finish = calls.WrapUp(
            call_id=wrap_up.call_id,
            disposition=wrap_up.disposition,
            text=wrap_up.text,
            note_id=UUID(wrap_up.draft_id) if wrap_up.draft_id else None,
            articles=wrap_up.articles,
            seconds=wrap_up.seconds,
            stretched=wrap_up.stretched,
            follow_up=_task_fields(wrap_up.follow_up, self._store.author) if wrap_up.follow_up else None,
        )
        kept = self._store.write(calls.wrap_up_call, finish)
        return then(kept, lambda _outcome: self._forget(wrap_up.draft_id))

    def open_task(self, follow_up: FollowUp) -> Future[None]:
        """Write down a task or a call-back outside of a wrap-up."""
        from crmdesk.services import calls

        fields = _task_fields(follow_up, self._store.author)
        return nothing(self._store.write(calls.open_task, {**fields, "call_id": follow_up.call_id}))

    def finish_task(self, task_id: TaskId, version: int) -> Future[None]:
        """Mark a task as done."""
        from crmdesk.services import calls

        return nothing(self._store.write(calls.change_task, task_id, {"state": "done"}, version))

    def verify(self, call_id: CallId, fact: str, ticked: bool) -> Future[None]:
        """Store that the caller knew a fact."""
        from crmdesk.services import calls

        return nothing(self._store.write(calls.verify_caller, call_id, fact, ticked))

    def call_back(self, number: str, customer_id: CustomerId | None) -> Future[None]:
        """Dial a number from this desk's telephone."""
        return self._errands.run(self._dial, number)

    def set_ready(self, ready: bool) -> Future[None]:
        """Take calls, or pause; the telephone is told when it can pause."""
        return self._errands.run(self._announce_ready, ready)

    def _tell_viewed(self, customer_id: CustomerId, done: Future[CustomerRecord]) -> None:
        if not done.cancelled() and done.exception() is None:
            self._viewed(customer_id, "record")

    def _pop_again(self, call_id: CallId) -> ScreenPop:
        from crmdesk.services import calls

        row = self._store.read(calls.call_row, call_id).result()
        return self._calls().pop_of_call(row)

    def _settle(
        self, use_case: Callable[..., None], pop: ScreenPop, customer_id: CustomerId | None
    ) -> ScreenPop:
        self._store.write(use_case, pop.call_id, customer_id).result()
        if customer_id is None:
            return self._pop_again(pop.call_id)
        return self._calls().with_customer(pop, customer_id)

    def _similar(self, person: PersonFields) -> tuple[Duplicate, ...]:
        try:
            points = self._points(person)
        except InvalidInput:
            points = []
        return self._store.read(_similar, _head(person), points, _cars(person)).result()

    def _open_customer(self, person: PersonFields) -> CustomerId:
        from crmdesk.services.customers import edit

        kept = self._store.write(edit.open_customer, _head(person), self._points(person), _cars(person))
        return kept.result().result.customer_id

    def _points(self, person: PersonFields) -> list[Row]:
        if not person.phone.strip():
            return []
        from crmdesk.services.exchange.points import phone_point

        return [phone_point(person.phone, self._parser(), BY_HAND)]

    def _dial(self, number: str) -> None:
        gateway = self._gateway()
        if gateway is None:
            raise TelephonyFault(
                "No telephone is connected to this desk. Dial {number} by hand.", number=number
            )
        gateway.dial(number)

    def _announce_ready(self, ready: bool) -> None:
        pause = getattr(self._gateway(), "set_ready", None)
        if pause is not None:
            pause(ready)

    def _forget(self, draft_id: str) -> None:
        if draft_id:
            self._drafts.forget(draft_id)


def _no_sender() -> Sender:
    from crmdesk.services.complaints.letter_case import Sender

    return Sender()


def _usual_house() -> House:
    from crmdesk.services.complaints.procedure import House

    return House()


def _worklist(connection: Any, author: Author, language: str) -> Worklist:
    from crmdesk.services.customers.worklist import worklist

    agent = AgentId(UUID(author.actor)) if author.actor else None
    return worklist(connection, agent, now=author.now(), language=language)


def _record(connection: Any, customer_id: CustomerId, author: Author) -> CustomerRecord:
    from crmdesk.services.pop import record_view
    from crmdesk.ui.desk import CustomerRecord

    pop = record_view(connection, customer_id, now=author.now())
    if pop is None or pop.customer is None:
        raise NotFound("This {what} is not here any more.", what="customer")
    return CustomerRecord(pop.customer, pop.badges, pop.counters, pop.timeline, pop.answers, pop.verify)


def _head(person: PersonFields) -> Row:
    return {
        "kind": person.kind,
        "name": person.name,
        "name_alt": person.name_alt,
        "language": person.language,
        "tier": person.tier,
    }


def _cars(person: PersonFields) -> list[Row]:
    if not person.plate.strip() and not person.model.strip():
        return []
    return [{"plate": person.plate, "model": person.model}]


def _similar(connection: Any, values: Row, points: list[Row], cars: list[Row]) -> tuple[Duplicate, ...]:
    from crmdesk.models.asset import checked_fields
    from crmdesk.services.customers.duplicates import possible_duplicates

    return possible_duplicates(connection, values, points, [checked_fields(car) for car in cars])


def _timeline(
    connection: Any, customer_id: CustomerId, after: str | None, kinds: tuple[str, ...]
) -> TimelinePage:
    from crmdesk.services.customers.timeline import timeline_page

    return timeline_page(connection, customer_id, after=after, limit=PAGE, kinds=kinds)


def _find(connection: Any, text: str) -> FoundPage:
    from crmdesk.services.customers.search import find

    return find(connection, text, limit=FOUND)


def _answers(connection: Any, query: str, models: tuple[str, ...], language: str) -> tuple[Answer, ...]:
    from crmdesk.services.knowledge.views import answers

    return answers(connection, query, models=models, language=language, limit=ANSWERS)


def _task_fields(follow_up: FollowUp, author: Author) -> dict[str, Any]:
    return {
        "kind": follow_up.kind,
        "subject": follow_up.subject,
        "due_at": follow_up.due_at,
        "customer_id": follow_up.customer_id,
        "number_value": follow_up.number,
        "owner_id": author.actor or None,
    }


def nothing(kept: Future[Outcome[T]]) -> Future[None]:
    """Return a future that is done after *kept*, with its failure or nothing."""
    return then(kept, lambda _outcome: None)


def then(kept: Future[T], follow: Callable[[T], U]) -> Future[U]:
    """Return a future that is done after *kept*, with its failure or what *follow* makes of its result."""
    answer: Future[U] = Future()

    def settle(done: Future[T]) -> None:
        error = done.exception()
        if error is not None:
            answer.set_exception(error)
            return
        answer.set_result(follow(done.result()))

    kept.add_done_callback(settle)
    return answer
