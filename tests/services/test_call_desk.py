"""A ringing telephone becomes a pop first and a kept call right after; what agents do with it stays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models import agent, article, asset, customer
from crmdesk.models.operations import Author
from crmdesk.models.screen_pop import ScreenPop
from crmdesk.models.types import CustomerId
from crmdesk.services import calls
from crmdesk.services.call_desk import CallDesk
from crmdesk.services.followers import followers
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.telephony.gateway import CallAnswered, CallEnded, CallRinging, CallTimes
from crmdesk.services.telephony.numbers import NumberParser
from tests.stores import KEY, empty_store

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
AGENT = "0193f2a0-0000-7000-8000-000000000001"
WANG, LI, SWITCHBOARD = "13800138000", "13912345678", "02161234567"


class SteppingClock:
    """A clock that stands still until told to go on."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Scene:
    """A desk with a few customers, and what it showed."""

    def __init__(self, store: Store, clock: SteppingClock) -> None:
        parser = NumberParser()
        self.store = store
        self.clock = clock
        self.desk = CallDesk(store, parser.parse, "test", lambda: "zh", ZoneInfo("Asia/Shanghai"))
        self.pops: list[ScreenPop] = []
        self.desk.on_pop(self.pops.append)

    def ring(self, key: str, number: str | None, **more: Any) -> ScreenPop:
        event = CallRinging(call_key=key, extension="1001", number=number, wall_at=self.clock(), **more)
        self.desk.take(event).result()
        return self.pops[-1]

    def end(self, key: str, result: str, talked: float | None = None) -> None:
        times = CallTimes(ring_seconds=4.2, talk_seconds=talked)
        event = CallEnded(
            call_key=key, extension="1001", number=WANG, result=result, times=times, wall_at=self.clock()
        )
        self.desk.take(event).result()

    def one(self, query: str, *values: Any) -> Any:
        return self.store.read(lambda c: c.execute(query, values).fetchone()).result()

    def id_of(self, name: str) -> CustomerId:
        return CustomerId(UUID(bytes=self.one("SELECT id FROM customer WHERE name = ?", name)[0]))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    path, clock = empty_store(tmp_path / "store.db"), SteppingClock()
    store = Store(path, KEY, Author(AGENT, "desk", clock), followers)
    store.write(_company).result()
    held = Scene(store, clock)
    yield held
    held.desk.close()
    store.close()


def _company(work: UnitOfWork) -> None:
    parse = NumberParser().parse
    for name, numbers in (("王建国", [WANG]), ("李梅", [LI, SWITCHBOARD]), ("东方物流", [SWITCHBOARD])):
        points = []
        for raw in numbers:
            parsed = parse(raw)
            points.append({"raw": raw, "value": parsed.e164, "national": parsed.national_digits})
        created = customer.open_customer(work.author, {"name": name, "language": "zh"}, points)
        work.do(created)
        fields = {"customer_id": created.payload["id"], "model": "SUV-7", "plate": f"沪A{len(name)}2345"}
        work.do(asset.open_asset(work.author, fields))
    for n in range(4):
        fields = {"title": f"漏油怎么办 {n}", "body": "发动机下方有油渍，请先停车检查。", "models": ["SUV-7"]}
        work.do(article.save_article(work.author, fields))
    work.do(agent.save_code(work.author, "disposition", {"id": uuid4(), "key": "resolved"}))
    work.commit()


def test_known_caller_pops_with_all_he_owns_and_answers(scene: Scene) -> None:
    pop = scene.ring("1.1", WANG, name="Wang", dialled="02158208000", queue="hotline")
    assert pop.customer is not None
    assert pop.customer.name == "王建国"
    assert [card.model for card in pop.customer.assets] == ["SUV-7"]
    assert len(pop.answers) >= 3
    assert pop.number.e164 == "+8613800138000"
    assert (pop.queue, pop.dialled, pop.caller_name) == ("hotline", "02158208000", "Wang")


def test_unknown_caller_makes_a_call_but_no_record(scene: Scene) -> None:
    before = scene.one("SELECT count(*) FROM customer")
    pop = scene.ring("1.1", "02187654321")
    assert (pop.customer, pop.matches) == (None, ())
    assert len(pop.answers) >= 3
    assert scene.one("SELECT count(*) FROM customer") == before
    assert scene.one("SELECT count(*), customer_id FROM call") == (1, None)


def test_a_number_not_sent_is_no_reason_to_guess(scene: Scene) -> None:
    pop = scene.ring("1.1", None)
    assert (pop.customer, pop.number.e164, pop.number.kind) == (None, None, "unknown")


def test_shared_number_asks_with_reasons(scene: Scene) -> None:
    pop = scene.ring("1.1", SWITCHBOARD)
    assert pop.customer is None
    assert {match.name for match in pop.matches} == {"李梅", "东方物流"}
    assert all(match.reasons for match in pop.matches)
    assert scene.one("SELECT customer_id, identified_by FROM call") == (None, "")


def test_choice_moves_the_call_and_is_remembered_as_hint(scene: Scene) -> None:
    pop = scene.ring("1.1", SWITCHBOARD)
    scene.store.write(calls.choose_caller, pop.call_id, scene.id_of("东方物流")).result()
    owner = scene.id_of("东方物流").bytes
    assert scene.one("SELECT customer_id FROM interaction WHERE kind = 'call'") == (owner,)
    scene.clock.now += timedelta(hours=1)
    assert scene.ring("1.2", SWITCHBOARD).matches[0].name == "东方物流"


def test_yesterday_is_that_of_the_site(scene: Scene) -> None:
    first = scene.ring("1.1", SWITCHBOARD)
    scene.store.write(calls.choose_caller, first.call_id, scene.id_of("东方物流")).result()
    scene.clock.now = NOON + timedelta(hours=13)
    best = scene.ring("1.2", SWITCHBOARD).matches[0]
    assert "called yesterday" in [str(reason) for reason in best.reasons]


def test_only_this_customer_ends_the_asking_and_always_ask_begins_it(scene: Scene) -> None:
    number = scene.ring("1.1", SWITCHBOARD).number.e164 or ""
    scene.store.write(calls.remember_number, number, "customer", scene.id_of("李梅")).result()
    chosen = scene.ring("1.2", SWITCHBOARD).customer
    assert chosen is not None
    assert chosen.name == "李梅"
    scene.store.write(calls.remember_number, "+8613800138000", "ask", None).result()
    assert scene.ring("1.3", WANG).customer is None


def test_not_him_takes_call_notes_and_tasks_along_and_warns_of_the_number(scene: Scene) -> None:
    pop = scene.ring("1.1", WANG)
    scene.store.write(calls.append_note, "漏油第三次", pop.call_id).result()
    scene.store.write(calls.open_task, {"subject": "回电", "call_id": pop.call_id}).result()
    right = scene.id_of("李梅")
    scene.store.write(calls.reassign_call, pop.call_id, right).result()
    for table in ("call", "interaction", "note", "task"):
        where = "WHERE kind = 'call'" if table == "interaction" else ""
        assert scene.one(f"SELECT customer_id FROM {table} {where}") == (right.bytes,), table
    assert scene.one("SELECT count(*) FROM contact_point WHERE warned_at IS NOT NULL") == (1,)
    assert scene.ring("1.1", WANG).call_id == pop.call_id
    assert scene.one("SELECT customer_id, identified_by FROM call") == (right.bytes, "corrected")


def test_times_stand_apart_and_a_repeated_event_changes_nothing(scene: Scene) -> None:
    scene.ring("1.1", WANG)
    scene.clock.now += timedelta(seconds=4)
    answered = CallAnswered(call_key="1.1", extension="1001", number=WANG, wall_at=scene.clock())
    for _ in range(2):
        scene.desk.take(answered).result()
    scene.clock.now += timedelta(seconds=61)
    for _ in range(2):
        scene.end("1.1", "answered", talked=61.0)
    assert scene.one("SELECT state, result, ring_seconds, talk_seconds, hold_seconds FROM call") == (
        "ended",
        "answered",
        4,
        61,
        None,
    )
    assert scene.one("SELECT count(*) FROM call_leg") == (1,)
    assert scene.one("SELECT count(*) FROM task") == (0,)


def test_who_took_the_call_stands_on_call_and_leg(scene: Scene) -> None:
    scene.ring("1.1", WANG)
    assert scene.one("SELECT agent_id FROM call") == (None,)
    answered = CallAnswered(call_key="1.1", extension="1001", number=WANG, wall_at=scene.clock())
    scene.desk.take(answered).result()
    taken_by = UUID(AGENT).bytes
    assert scene.one("SELECT c.agent_id, l.agent_id FROM call c, call_leg l") == (taken_by, taken_by)


def test_missed_call_makes_exactly_one_call_back(scene: Scene) -> None:
    scene.ring("1.1", WANG)
    for _ in range(3):
        scene.end("1.1", "missed")
    assert scene.one("SELECT count(*), max(kind), max(number_value) FROM task") == (
        1,
        "callback",
        "+8613800138000",
    )


def test_wrap_up_keeps_everything_in_one_step(scene: Scene) -> None:
    pop = scene.ring("1.1", WANG)
    note = uuid4()
    finish = calls.WrapUp(
        call_id=pop.call_id,
        disposition="resolved",
        seconds=20,
        topic="oil_leak",
        text="讲清楚了",
        note_id=note,
        articles=(pop.answers[0].article_id,),
        follow_up={"kind": "callback", "subject": "明天回电"},
    )
    for _ in range(2):
        scene.store.write(calls.wrap_up_call, finish).result()
    assert scene.one("SELECT disposition, wrap_up_seconds, topic FROM call") == ("resolved", 20, "oil_leak")
    assert scene.one("SELECT count(*) FROM note") == (1,)
    assert scene.one("SELECT topic, subject FROM interaction WHERE kind = 'call'") == ("oil_leak", "讲清楚了")
    assert scene.one("SELECT call_id FROM task LIMIT 1") == (pop.call_id.bytes,)


def test_wrap_up_with_an_unknown_disposition_changes_nothing(scene: Scene) -> None:
    pop = scene.ring("1.1", WANG)
    finish = calls.WrapUp(call_id=pop.call_id, disposition="nonsense", text="typed")
    with pytest.raises(InvalidInput, match="no disposition nonsense"):
        scene.store.write(calls.wrap_up_call, finish).result()
    assert scene.one("SELECT count(*) FROM note") == (0,)


def test_verified_facts_stay_with_the_call(scene: Scene) -> None:
    pop = scene.ring("1.1", WANG)
    for fact, known in (("Plate?", True), ("City?", True), ("Plate?", False)):
        scene.store.write(calls.verify_caller, pop.call_id, fact, known).result()
    assert scene.one("SELECT verified FROM call") == ('["City?"]',)


def test_what_this_desk_does_not_know_is_said(scene: Scene) -> None:
    with pytest.raises(NotFound, match="does not know that call"):
        scene.store.write(calls.choose_caller, uuid4(), scene.id_of("李梅")).result()
    pop = scene.ring("1.1", WANG)
    with pytest.raises(NotFound, match="customer is not here"):
        scene.store.write(calls.choose_caller, pop.call_id, uuid4()).result()


def test_an_earlier_call_opens_as_it_looks_now(scene: Scene) -> None:
    pop = scene.ring("1.1", SWITCHBOARD)
    scene.store.write(calls.choose_caller, pop.call_id, scene.id_of("李梅")).result()
    row = scene.store.read(calls.call_row, pop.call_id).result()
    again = scene.desk.pop_of_call(row)
    assert again.customer is not None
    assert (again.call_id, again.customer.name) == (pop.call_id, "李梅")


def test_hostile_words_from_the_line_stay_words(scene: Scene) -> None:
    name = "Robert'); DROP TABLE call;--\x00\x1b[31m<b>" + "长" * 400
    pop = scene.ring("1.1", "'; DROP TABLE customer; --", name=name)
    assert pop.customer is None
    stored = scene.one("SELECT caller_name FROM call")[0]
    assert "\x00" not in stored
    assert "\x1b" not in stored
    assert len(stored) <= 255
    assert scene.one("SELECT count(*) FROM customer") == (3,)


def test_warming_up_shows_nothing_and_keeps_nothing(scene: Scene) -> None:
    scene.desk.warm()
    assert scene.pops == []
    assert scene.one("SELECT count(*) FROM call") == (0,)
    assert scene.ring("c1", WANG).customer is not None


def test_nothing_is_written_while_a_pop_is_built_and_painted(scene: Scene) -> None:
    steps: list[str] = []
    build = scene.desk._build

    def building(*arguments: Any) -> ScreenPop:
        steps.append("built")
        return build(*arguments)

    scene.desk._build = building  # type: ignore[assignment, method-assign]  # watched from outside
    scene.desk._breath_seconds = 0.001
    scene.desk._store.let_pass = lambda _seconds: steps.append("still")  # type: ignore[assignment, method-assign]  # the same
    scene.desk.on_pop(lambda _pop: steps.append("shown"))
    scene.ring("c1", WANG)
    assert steps == ["still", "built", "shown", "still"]


def test_a_pop_is_painted_before_its_call_is_kept_and_closing_waits_for_nobody(tmp_path: Path) -> None:
    store = Store(empty_store(tmp_path / "store.db"), KEY, Author(AGENT, "desk", lambda: NOON), followers)
    patient = CallDesk(store, NumberParser().parse, "test", lambda: "zh", breath_seconds=600.0)
    shown: list[ScreenPop] = []
    patient.on_pop(shown.append)
    kept = patient.take(CallRinging(call_key="7", extension="1001", number=WANG, wall_at=NOON))
    assert [pop.call_key for pop in shown] == ["7"]
    assert not kept.done()
    patient.close()
    store.close()
    assert kept.exception(timeout=20) is None
