"""A desk brings stale indexes up to date in a child process and writes its nightly backup."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crmdesk.models import article, customer
from crmdesk.services.customers.search import find
from crmdesk.services.followers import followers
from crmdesk.services.knowledge.search import search
from crmdesk.services.profile import Profile, new_profile
from crmdesk.services.store.backup import NIGHTLY
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.store.values import to_micros
from crmdesk.services.upkeep import Upkeep


@pytest.fixture
def profile(tmp_path: Path, light_recovery: None) -> Iterator[Profile]:
    held = new_profile(tmp_path / "desk", secrets=MemorySecrets(), environment={}).profile
    yield held
    held.close()


@pytest.fixture
def store(profile: Profile) -> Iterator[Store]:
    held = profile.open_store(followers=followers)
    held.write(_fill).result()
    yield held
    held.close()


def _fill(work: UnitOfWork) -> None:
    work.do(customer.open_customer(work.author, {"name": "王建国"}))
    work.do(article.save_article(work.author, {"title": "漏油", "body": "机油滴在地上"}))
    work.commit()


def _make_stale(profile: Profile) -> None:
    """Leave the indexes as an older program would: marked by another analysis, and empty."""
    connection = open_connection(profile.store_path, profile.key, role="writer")
    connection.execute("UPDATE setting SET value = '\"0\"' WHERE name = 'customer_search'")
    connection.execute("INSERT INTO customer_fts (customer_fts) VALUES ('delete-all')")
    connection.execute("DELETE FROM customer_search")
    connection.execute("UPDATE knowledge_total SET analysis = 0")
    connection.close()


def test_stale_indexes_are_made_anew(profile: Profile, store: Store) -> None:
    _make_stale(profile)
    assert store.read(find, "王建").result().items == ()
    Upkeep(profile, store).look_after()
    assert [found.name for found in store.read(find, "王建").result().items] == ["王建国"]
    assert [hit.title for hit in store.read(search, "机油").result()] == ["漏油"]
    assert store.write(_fill).result().changes.kinds >= {"customer", "article"}


def test_nightly_backup_is_written_once_a_day(profile: Profile, store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    profile.change_settings("agent", {"backup_folder": str(folder)})
    profile.secrets.set(profile.id, NIGHTLY, "correct horse battery")
    upkeep = Upkeep(profile, store)
    upkeep.look_after()
    (written,) = folder.iterdir()
    first = written.stat().st_mtime_ns
    upkeep.look_after()
    assert [each.stat().st_mtime_ns for each in folder.iterdir()] == [first]
    assert f"{datetime.now(UTC):%Y-%m-%d}" in written.name


def test_a_folder_that_cannot_be_written_does_not_stop_the_desk(
    profile: Profile, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    profile.change_settings("agent", {"backup_folder": str(blocked)})
    profile.secrets.set(profile.id, NIGHTLY, "correct horse battery")
    upkeep = Upkeep(profile, store)
    with caplog.at_level("ERROR", "crmdesk.upkeep"):
        upkeep.start()
        upkeep.stop()
    assert caplog.records
    assert store.read(find, "王建").result().items


def test_answers_long_given_are_forgotten(profile: Profile, store: Store) -> None:
    def given(work: UnitOfWork) -> None:
        for name, days in (("old", 31), ("new", 29)):
            at = to_micros(profile.clock() - timedelta(days=days))
            work.connection.execute("INSERT INTO request VALUES (?, '{}', ?)", (name, at))
        work.commit()

    store.write(given).result()
    Upkeep(profile, store).look_after()
    assert store.read(lambda c: c.execute("SELECT id FROM request").fetchall()).result() == [("new",)]
