"""The place where the shared side of a desk is plugged into the window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, cast
from uuid import UUID

import pytest

from crmdesk.errors import WorldFault
from crmdesk.models.sync_views import FieldChoice, JoinFields, JoinProgress, SyncStatus
from crmdesk.services.sync.desk import SharedDesk
from crmdesk.ui.local_desk import LocalDesk
from crmdesk.ui.shared_desk import SharedHere
from tests.ui import sample, sample_sharing
from tests.ui.fake_sharing import shared


class Recorder:
    """The shared side of a desk: remembers what was asked, on which thread."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.threads: set[str] = set()
        self.listeners: list[Callable[[SyncStatus], None]] = []
        self.others: Any = Others

    def on_status(self, listener: Callable[[SyncStatus], None]) -> None:
        self.listeners.append(listener)

    def start(self) -> None:
        self._note("start")

    def close(self) -> None:
        self.asked.append(("close",))

    def status(self) -> SyncStatus:
        self._note("status")
        return shared()

    def pending(self) -> tuple[Any, ...]:
        self._note("pending")
        return sample_sharing.pending()

    def refused(self) -> tuple[Any, ...]:
        self._note("refused")
        return sample_sharing.refused()

    def resolve(self, op_id: UUID, choices: Any) -> None:
        self._note("resolve", op_id, choices)

    def dismiss(self, op_id: UUID) -> None:
        self._note("dismiss", op_id)

    def send_as_note(self, op_id: UUID, customer_id: UUID) -> None:
        self._note("send_as_note", op_id, customer_id)

    def join(self, words: str, user: str, password: str, *, ca: str, adopt: bool | None, told: Any) -> None:
        self._note("join", words, user, password, ca, adopt)
        told(5, 9)

    def colleagues(self, language: Callable[[], str]) -> Any:
        return self.others(self, language) if self.others is not None else None

    def _note(self, *asked: Any) -> None:
        self.asked.append(asked)
        self.threads.add(threading.current_thread().name)


class Others:
    """What asks about other desks, answering at once."""

    def __init__(self, recorder: Recorder, language: Callable[[], str]) -> None:
        self._recorder = recorder
        self._language = language

    def present(self, customer_id: UUID) -> Future[Any]:
        self._recorder.asked.append((self._language(), customer_id))
        return _done((sample_sharing.presence(),))

    def tell(self, *told: object) -> Future[Any]:
        self._recorder.asked.append(("tell", *told))
        return _done(None)


def _done(answer: object) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(answer)
    return future


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def told() -> list[SyncStatus]:
    return []


@pytest.fixture
def here(recorder: Recorder, told: list[SyncStatus]) -> Iterator[SharedHere]:
    made = SharedHere(lambda: True, lambda: cast("SharedDesk", recorder), told.append, language=lambda: "zh")
    yield made
    made.close()


def test_every_request_is_done_on_the_lane(here: SharedHere, recorder: Recorder) -> None:
    op = sample.made_id("op")
    choices = {"hint": FieldChoice("mine")}
    assert here.sync_status().result() == shared()
    assert here.pending().result() == sample_sharing.pending()
    assert here.refused().result() == sample_sharing.refused()
    here.resolve(op, choices).result()
    here.dismiss(op).result()
    here.send_as_note(op, sample.CHEN).result()
    here.join(JoinFields("crm.example", "lin", "correct horse", "ca.pem", True)).result()
    here.start()
    here.sync_status().result()
    assert recorder.asked[3:9] == [
        ("resolve", op, choices),
        ("dismiss", op),
        ("send_as_note", op, sample.CHEN),
        ("join", "crm.example", "lin", "correct horse", "ca.pem", True),
        ("status",),
        ("start",),
    ]
    assert all(name.startswith("sharing") for name in recorder.threads)


def test_news_are_passed_on(here: SharedHere, recorder: Recorder, told: list[SyncStatus]) -> None:
    here.start()
    here.sync_status().result()
    assert told == [shared()]
    (listener,) = recorder.listeners
    listener(shared(pending=2))
    assert told == [shared(), shared(pending=2)]


def test_rows_that_go_along_are_told(recorder: Recorder) -> None:
    heard: list[JoinProgress] = []
    here = SharedHere(
        lambda: True, lambda: cast("SharedDesk", recorder), lambda _: None, joining=heard.append
    )
    here.join(JoinFields("crm.example", "lin", "correct horse", "ca.pem", True)).result()
    here.close()
    assert heard == [JoinProgress(5, 9)]


def test_a_desk_that_works_alone_makes_nothing() -> None:
    here = SharedHere(lambda: False, lambda: pytest.fail("made"), lambda _: pytest.fail("told"))
    here.start()
    here.close()
    assert here.sync_status().cancelled()


def test_questions_about_colleagues_are_handed_on(here: SharedHere, recorder: Recorder) -> None:
    assert here.presence(sample.CHEN).result() == (sample_sharing.presence(),)
    here.tell_presence("ready", None, "")
    here.sync_status().result()
    recorder.others = None
    with pytest.raises(WorldFault, match="works alone"):
        here.helpers().result()
    assert recorder.asked == [("zh", sample.CHEN), ("tell", "ready", None, ""), ("status",)]


def test_a_desk_answers_with_what_was_handed_over(here: SharedHere) -> None:
    nothing = cast("Any", None)
    desk = LocalDesk(nothing, nothing, nothing, nothing, nothing, nothing, lambda: here)
    assert desk.sharing is here
    alone = LocalDesk(nothing, nothing, nothing, nothing, nothing, nothing)
    assert alone.sharing.sync_status().result() == SyncStatus()
