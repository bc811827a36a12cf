"""The services' side of the window, answering from a thread of its own as the real one does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from crmdesk.errors import CrmdeskError, NotFound
from crmdesk.models.screen_pop import Article, FoundPage, NoteDraft, ScreenPop, TimelinePage
from crmdesk.models.types import ArticleId, CallId, CustomerId, TaskId
from crmdesk.models.worklist import Answer, DispositionChoice, Worklist
from crmdesk.services.customers.duplicates import Duplicate
from crmdesk.ui.desk import CustomerRecord, FollowUp, PersonFields, WrapUp
from tests.ui import sample
from tests.ui.fake_complaints import FakeComplaints
from tests.ui.fake_files import FakeFiles
from tests.ui.fake_intakes import FakeIntakes
from tests.ui.fake_sharing import FakeSharing

Result = TypeVar("Result")


class FakeDesk:
    """Answers from :mod:`tests.ui.sample` and remembers what it was asked.

    ``asked`` holds (method, arguments); ``threads`` the names of threads that did the work; ``refuse`` maps
    a method to the error it fails with.
    """

    def __init__(self) -> None:
        self._lane = ThreadPoolExecutor(1, "fake-desk")
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self.threads: set[str] = set()
        self.refuse: dict[str, CrmdeskError] = {}
        self.kept: tuple[NoteDraft, ...] = ()
        self.likely: tuple[Duplicate, ...] = ()
        self.held = threading.Event()
        self.held.set()
        self.sharing = FakeSharing(self._run)
        self.complaints: Any = FakeComplaints(self._run)
        self.intakes = FakeIntakes(self._run)
        self.files = FakeFiles(self._run)
        self.aftercare: Any = None  # asked by tests over a store of their own only

    def close(self) -> None:
        """Stop the thread."""
        self.held.set()
        self._lane.shutdown(wait=True)

    def named(self, method: str) -> list[tuple[Any, ...]]:
        """Return the arguments of each request of *method*."""
        return [arguments for name, arguments in self.asked if name == method]

    def worklist(self) -> Future[Worklist]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("worklist", sample.worklist)

    def dispositions(self) -> Future[tuple[DispositionChoice, ...]]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("dispositions", lambda: sample.DISPOSITIONS)

    def drafts(self) -> Future[tuple[NoteDraft, ...]]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("drafts", lambda: self.kept)

    def call(self, call_id: CallId) -> Future[ScreenPop]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("call", lambda: replace(sample.pop("restored"), call_id=call_id), call_id)

    def choose(self, pop: ScreenPop, customer_id: CustomerId) -> Future[ScreenPop]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("choose", lambda: _decided(pop, customer_id), pop, customer_id)

    def not_him(self, pop: ScreenPop, customer_id: CustomerId | None) -> Future[ScreenPop]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        undecided = replace(sample.shared_pop(), call_id=pop.call_id, call_key=pop.call_key)
        return self._run(
            "not_him", lambda: _decided(pop, customer_id) if customer_id else undecided, pop, customer_id
        )

    def always_ask(self, e164: str) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("always_ask", _nothing, e164)

    def only_this(self, e164: str, customer_id: CustomerId) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("only_this", _nothing, e164, customer_id)

    def customer_record(self, customer_id: CustomerId) -> Future[CustomerRecord]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        card = sample.fleet_card() if customer_id == sample.FLEET else sample.card()
        card = replace(card, id=customer_id)
        pop = sample.pop()
        return self._run(
            "customer_record",
            lambda: CustomerRecord(card, pop.badges, pop.counters, pop.timeline, pop.answers, pop.verify),
            customer_id,
        )

    def similar(self, person: PersonFields) -> Future[tuple[Duplicate, ...]]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("similar", lambda: self.likely, person)

    def open_customer(self, person: PersonFields) -> Future[CustomerId]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("open_customer", lambda: sample.ZHAO, person)

    def change_customer(
        self, customer_id: CustomerId, changes: Mapping[str, object], version: int
    ) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("change_customer", _nothing, customer_id, changes, version)

    def timeline(
        self, customer_id: CustomerId, after: str | None, kinds: tuple[str, ...]
    ) -> Future[TimelinePage]:
        """See :class:`crmdesk.ui.desk.Desk`."""

        def made() -> TimelinePage:
            page = sample.page(start=int(after or 0))
            if not kinds:
                return page
            items = tuple(entry for entry in page.items if entry.kind in kinds)
            return TimelinePage(items, None, len(items))

        return self._run("timeline", made, customer_id, after, kinds)

    def find(self, text: str) -> Future[FoundPage]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("find", lambda: sample.found(text), text)

    def answers(self, query: str, models: tuple[str, ...]) -> Future[tuple[Answer, ...]]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        hits = tuple(a for a in sample.answers() if query.casefold() in (a.title + a.passage).casefold())
        return self._run("answers", lambda: hits, query, models)

    def article(self, article_id: ArticleId) -> Future[Article]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("article", lambda: sample.article(article_id), article_id)

    def mark_article(self, article_id: ArticleId, mark: str, call_id: CallId | None) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("mark_article", _nothing, article_id, mark, call_id)

    def save_draft(self, draft: NoteDraft) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("save_draft", _nothing, draft)

    def append_note(self, call_id: CallId, text: str, draft_id: str) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("append_note", _nothing, call_id, text, draft_id)

    def wrap_up(self, wrap_up: WrapUp) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("wrap_up", _nothing, wrap_up)

    def open_task(self, follow_up: FollowUp) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("open_task", _nothing, follow_up)

    def finish_task(self, task_id: TaskId, version: int) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("finish_task", _nothing, task_id, version)

    def verify(self, call_id: CallId, fact: str, ticked: bool) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("verify", _nothing, call_id, fact, ticked)

    def call_back(self, number: str, customer_id: CustomerId | None) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("call_back", _nothing, number, customer_id)

    def set_ready(self, ready: bool) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Desk`."""
        return self._run("set_ready", _nothing, ready)

    def _run(self, method: str, work: Callable[[], Result], *arguments: Any) -> Future[Result]:
        self.asked.append((method, arguments))

        def done() -> Result:
            self.held.wait(10)
            self.threads.add(threading.current_thread().name)
            if method in self.refuse:
                raise self.refuse[method]
            return work()

        return self._lane.submit(done)


def _nothing() -> None:
    return None


def _decided(pop: ScreenPop, customer_id: CustomerId) -> ScreenPop:
    if all(match.customer_id != customer_id for match in pop.matches) and pop.matches:
        raise NotFound("There is no such customer any more.")
    card = sample.fleet_card() if customer_id == sample.FLEET else sample.card()
    known = sample.pop()
    return replace(
        pop,
        customer=replace(card, id=customer_id),
        badges=known.badges,
        timeline=known.timeline,
        verify=known.verify,
    )
