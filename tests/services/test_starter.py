"""A new desk can finish calls and owns its call-backs from the first minute."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from crmdesk.models import agent
from crmdesk.services import calls
from crmdesk.services.profile import Profile, new_profile
from crmdesk.services.starter import complete, furnish
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def profile(tmp_path: Path, light_recovery: None) -> Iterator[Profile]:
    settings = {"extension": "1001"}
    held = new_profile(tmp_path / "desk", settings=settings, secrets=MemorySecrets(), environment={}).profile
    furnish(held, "lin.yue")
    yield held
    held.close()


@pytest.fixture
def store(profile: Profile) -> Iterator[Store]:
    held = profile.open_store()
    yield held
    held.close()


def _all(store: Store, query: str) -> list[tuple[Any, ...]]:
    return list(store.read(lambda connection: connection.execute(query).fetchall()).result())


def _miss(store: Store, queue: str) -> None:
    values = {
        "direction": "in",
        "state": "ended",
        "result": "missed",
        "number_value": "+8613800138000",
        "queue": queue,
        "started_at": NOON,
        "ended_at": NOON,
    }
    store.write(calls.see_call, uuid4(), values).result()


def test_calls_can_be_finished_and_the_agent_is_known(profile: Profile, store: Store) -> None:
    assert len(_all(store, "SELECT 1 FROM disposition")) == 10
    assert _all(store, "SELECT login, extension FROM agent") == [("lin.yue", "1001")]
    assert profile.settings.text("agent") == "lin.yue"


def test_every_name_stands_in_both_languages(store: Store) -> None:
    for table in ("disposition", "team"):
        names = _all(store, f"SELECT name_en, name_zh FROM {table}")
        assert names
        assert all(en and zh and en != zh for en, zh in names)


def test_furnishing_twice_changes_nothing(profile: Profile, store: Store) -> None:
    before = _all(store, "SELECT * FROM history")
    furnish(profile, "lin.yue")
    assert _all(store, "SELECT * FROM history") == before


def test_a_missed_call_is_owned_by_the_team_of_its_queue_else_by_the_general_one(store: Store) -> None:
    team = uuid4()

    def add(work: UnitOfWork) -> None:
        values = {"id": str(team), "key": "english", "queue": "english"}
        work.do(agent.save_code(work.author, "team", values))
        work.commit()

    store.write(add).result()
    for queue in ("english", "hotline"):
        _miss(store, queue)
    owners = _all(
        store,
        "SELECT c.queue, t.key FROM task k JOIN call c ON c.id = k.call_id JOIN team t ON t.id = k.team_id",
    )
    assert sorted(owners) == [("english", "english"), ("hotline", "hotline")]


def test_complaints_can_be_logged_from_the_first_minute(store: Store) -> None:
    categories, causes = (
        _all(store, f"SELECT key FROM {table}") for table in ("complaint_category", "cause")
    )
    assert ("repair_again",) in categories
    assert _all(store, "SELECT cause_class FROM cause WHERE key = 'a_wear_early' AND leaf") == [("A",)]
    assert len(causes) > 40


def test_a_category_that_the_shop_took_away_stays_away(store: Store) -> None:
    def take_away(work: UnitOfWork) -> None:
        work.connection.execute("DELETE FROM complaint_category WHERE key = 'repair_again'")
        work.commit()

    store.write(take_away).result()
    store.write(complete).result()
    assert not _all(store, "SELECT 1 FROM complaint_category WHERE key = 'repair_again'")


def test_a_desk_of_an_older_crmdesk_gets_the_codes_of_complaints(store: Store) -> None:
    def empty(work: UnitOfWork) -> None:
        for table in ("complaint_category", "cause"):
            work.connection.execute(f"DELETE FROM {table}")
        work.connection.execute("DELETE FROM operation")
        work.commit()

    before = _all(store, "SELECT id, key FROM complaint_category ORDER BY id")
    store.write(empty).result()
    store.write(complete).result()
    assert _all(store, "SELECT id, key FROM complaint_category ORDER BY id") == before
