"""The demo's telephone rings through a real socket, all the way into a desk's calls."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crmdesk.models.operations import Author
from crmdesk.models.screen_pop import ScreenPop
from crmdesk.services.call_desk import CallDesk
from crmdesk.services.demo.company import fill_demo
from crmdesk.services.demo.phone import DemoPhone, Rhythm
from crmdesk.services.demo.stars import STARS
from crmdesk.services.demo_content import DemoContent
from crmdesk.services.followers import followers
from crmdesk.services.store.store import Store
from crmdesk.services.telephony.ami_client import AmiSettings
from crmdesk.services.telephony.ami_gateway import AmiGateway
from crmdesk.services.telephony.gateway import CallEnded, CallEvent
from crmdesk.services.telephony.numbers import NumberParser
from crmdesk.services.telephony.simulator import Simulator
from tests.services.demo.conftest import KEY, NOW, Filled

AT_ONCE = Rhythm(before_first=0.0, ring=(0.0, 0.0), talk=(0.0, 0.0), between=(0.0, 0.0), gives_up=0.0)
SLOW = Rhythm(before_first=0.0, ring=(60.0, 60.0), talk=(60.0, 60.0), between=(60.0, 60.0))
PATIENCE = 20.0


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    held = Simulator("secret", epoch=1_700_000_000)
    yield held
    held.stop()


@contextmanager
def listening(port: int) -> Iterator["queue.Queue[CallEvent]"]:
    """The events of a gateway logged in at *port*."""
    events: queue.Queue[CallEvent] = queue.Queue()
    gateway = AmiGateway(
        AmiSettings("127.0.0.1", port, "crmdesk", "secret"), ["1001"], lambda _state: None, now=lambda: NOW
    )
    gateway.start(events.put)
    try:
        yield events
    finally:
        gateway.stop()


def test_a_call_reaches_the_pop_and_is_kept(
    tmp_path: Path, content: DemoContent, simulator: Simulator
) -> None:
    path = tmp_path / "store.db"
    company = fill_demo(path, KEY, content, now=NOW, customers=30)
    store = Store(path, KEY, Author(str(company.agent_id), "desk", lambda: NOW), followers)
    desk = CallDesk(store, NumberParser().parse, "site", lambda: "zh")
    pops: list[ScreenPop] = []
    desk.on_pop(pops.append)
    phone = DemoPhone(simulator, company, content, calls=len(STARS), rhythm=AT_ONCE)
    with listening(simulator.start()) as events:
        phone.start()
        ended = 0
        while ended < len(STARS):
            event = events.get(timeout=PATIENCE)
            desk.take(event).result(PATIENCE)
            ended += isinstance(event, CallEnded)
    phone.stop()
    kept = store.read(_calls).result(PATIENCE)
    desk.close()
    store.close()
    assert [pop.customer.name if pop.customer else "" for pop in pops][:2] == ["王建国", "Emily Carter"]
    assert [key for key, _, _ in kept] == [pop.call_key for pop in pops]
    assert {(state, result) for _, state, result in kept} == {("ended", "answered")}
    assert kept[0][0].startswith("1700000000.")


def _calls(connection: object) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = connection.execute(  # type: ignore[attr-defined]
        "SELECT call_key, state, result FROM call WHERE call_key LIKE '1700000000.%'"
        " ORDER BY cast(substr(call_key, 12) AS INTEGER)"
    ).fetchall()
    return rows


def test_it_rings_as_often_as_it_was_told(filled: Filled, content: DemoContent, simulator: Simulator) -> None:
    phone = DemoPhone(simulator, filled.company, content, calls=3, rhythm=AT_ONCE)
    with listening(simulator.start()) as events:
        phone.start()
        assert phone.wait(PATIENCE)
        ended = [events.get(timeout=PATIENCE) for _ in range(9)]
    assert sum(isinstance(event, CallEnded) for event in ended) == 3
    assert events.empty()
    phone.stop()


def test_a_key_goes_on_and_a_stop_ends_everything(
    filled: Filled, content: DemoContent, simulator: Simulator
) -> None:
    phone = DemoPhone(simulator, filled.company, content, rhythm=SLOW)
    with listening(simulator.start()) as events:
        phone.start()
        kinds = [type(events.get(timeout=PATIENCE)).__name__]
        phone.go_on()
        kinds.append(type(events.get(timeout=PATIENCE)).__name__)
        phone.stop()
        kinds.append(type(events.get(timeout=PATIENCE)).__name__)
    assert kinds == ["CallRinging", "CallAnswered", "CallEnded"]
    phone.stop()


def test_it_may_be_stopped_before_it_starts(
    filled: Filled, content: DemoContent, simulator: Simulator
) -> None:
    phone = DemoPhone(simulator, filled.company, content, rhythm=SLOW)
    before = threading.active_count()
    phone.stop()
    assert threading.active_count() == before
    with listening(simulator.start()) as events:
        phone.start()
        assert phone.wait(PATIENCE)
        assert events.empty()
