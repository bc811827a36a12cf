"""A desk takes out whom the server had erased, before anything else; then it gives its word."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.models.call import see_call
from crmdesk.models.customer import open_customer
from crmdesk.models.note import append_note
from crmdesk.services import renewal
from crmdesk.services.store.backup import NIGHTLY
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.drafts import drafts_key
from tests.cluster import Database
from tests.pages import decrypted
from tests.services.sync.desks import TestDesk, desk

CANARY = "Canary-Zhang"
NUMBER = "+8613800138099"
EMPTY = ("outbox", "request", "not_accepted", "server_row", "history", "operation", "customer", "note")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fresh file is made in this process: another one is tried elsewhere."""
    monkeypatch.setattr(
        renewal, "copied_in_child", lambda path, beside, key, stopped: renewal.copied(path, beside, key)
    )


def shown(here: TestDesk) -> bool:
    """Whether anything in the store still tells of him, read as rows or as bytes."""
    tables = [name for (name,) in here.asked("SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = any(CANARY in str(here.asked(f"SELECT * FROM {t}")) for t in tables if not t.endswith("_fts"))
    pages = decrypted(here.store.path, here.profile.key)
    return rows or CANARY.encode() in pages or NUMBER.encode() in pages


def known_to_both(here: TestDesk) -> UUID:
    """Make a customer with a note and a call, sent and pulled; return his id."""
    point = {"kind": "phone", "raw": NUMBER, "value": NUMBER}
    made = here.do(here.describe(open_customer, {"name": CANARY}, [point]))
    customer = UUID(made.payload["id"])
    here.do(here.describe(append_note, CANARY, customer_id=customer))
    told = {"number_value": NUMBER, "caller_name": CANARY, "customer_id": customer}
    here.do(here.describe(see_call, UUID(int=7), told))
    here.worker.run_once()
    return customer


def erase(owner: Any, customer: UUID) -> dict[str, Any]:
    done: dict[str, Any] = owner.execute("SELECT crm.erase_customer(%s, 'his wish')", (customer,)).fetchone()[
        0
    ]
    return done


def open_tags(owner: Any) -> list[str]:
    tags: list[str] = owner.execute("SELECT open_tags FROM crm.erasures()").fetchone()[0]
    return tags


def test_nothing_of_an_erased_person_stays_at_a_desk(database: Database, tmp_path: Path) -> None:
    person = database.person("wang")
    with desk(database, person, tmp_path / "wang") as here, database.connect() as owner:
        customer = known_to_both(here)
        other = here.do(here.describe(open_customer, {"name": "Li Si"}))
        here.worker.run_once()
        assert shown(here), "the control must find him"
        here.worker.close_line()
        assert erase(owner, customer)["desks"] == 1
        assert len(open_tags(owner)) == 1
        here.worker.run_once()
        assert not shown(here)
        assert here.row("customer", UUID(other.payload["id"])) is not None
        call = here.row("call", UUID(int=7))
        assert call is not None
        assert (call["number_value"], call["customer_id"]) == ("", None)
        assert open_tags(owner) == []
        assert here.worker.check() == 0, "desk and server hold the same"
        assert here.asked("SELECT * FROM setting WHERE name = 'renewal'") == []


def test_what_was_to_be_sent_about_him_is_taken_back_and_the_rest_goes(
    database: Database, tmp_path: Path
) -> None:
    person = database.person("wang")
    with desk(database, person, tmp_path / "wang") as here, database.connect() as owner:
        customer = known_to_both(here)
        here.worker.close_line()
        here.do(here.describe(append_note, f"{CANARY} again", customer_id=customer))
        other = here.do(here.describe(open_customer, {"name": "Li Si"}))
        call = UUID(int=8)
        here.do(here.describe(see_call, call, {"number_value": NUMBER, "customer_id": customer}))
        erase(owner, customer)
        done = here.worker.run_once()
        assert done.refused == 1, "an empty operation goes under the number"
        assert not shown(here)
        assert here.asked("SELECT count(*) FROM not_accepted") == [(0,)]
        names = owner.execute("SELECT id FROM crm.customer").fetchall()
        assert names == [(UUID(other.payload["id"]),)]
        known = owner.execute(
            "SELECT number_value, customer_id FROM crm.call WHERE id = %s", (call,)
        ).fetchone()
        assert known == ("", None), "a call stays as a figure"
        sent = owner.execute("SELECT kind, result::text FROM crm.op ORDER BY n").fetchall()
        assert not any(CANARY in text for _, text in sent)
        assert here.worker.status.refused == 0
        assert here.worker.check() == 0


def test_an_erasure_while_the_desk_is_connected_is_seen_to_in_time(
    database: Database, tmp_path: Path
) -> None:
    """The rows go with the pull, their traces with what is due by time."""
    person = database.person("wang")
    with desk(database, person, tmp_path / "wang") as here, database.connect() as owner:
        customer = known_to_both(here)
        erase(owner, customer)
        here.worker.run_once()
        assert here.row("customer", customer) is None
        here.worker.close_line()
        here.worker.run_once()
        assert not shown(here)
        assert open_tags(owner) == []


def test_a_desk_gives_its_word_only_when_nothing_is_left(database: Database, tmp_path: Path) -> None:
    person = database.person("wang")
    with desk(database, person, tmp_path / "wang") as here, database.connect() as owner:
        customer = known_to_both(here)
        folder = tmp_path / "backups"
        folder.mkdir()
        old = folder / f"crmdesk-{here.profile.id[:8]}-2020-01-01.crmdesk-backup"
        old.write_bytes(b"an older backup")
        here.profile.change_settings("agent", {"backup_folder": str(folder)})
        here.worker.close_line()
        erase(owner, customer)
        here.worker.run_once()
        assert len(open_tags(owner)) == 1, "a backup could not be replaced: its passphrase is not known"
        here.profile.secrets.set(here.profile.id, NIGHTLY, "a long passphrase")
        here.worker.close_line()
        here.worker.run_once()
        assert open_tags(owner) == []
        assert not old.exists()
        assert len(list(folder.iterdir())) == 1


def test_somebody_typing_just_now_stops_nothing_else(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = database.person("wang")
    with desk(database, person, tmp_path / "wang") as here, database.connect() as owner:
        customer = known_to_both(here)
        typing = here.profile.open_drafts()
        typing.open_drafts().result()
        key = drafts_key(here.profile.key)
        reading = open_connection(here.profile.drafts_path, key, role="reader")
        reading.execute("BEGIN")
        reading.execute("SELECT * FROM draft").fetchall()
        here.worker.close_line()
        erase(owner, customer)
        other = here.do(here.describe(open_customer, {"name": "Li Si"}))
        here.worker.run_once()
        assert len(open_tags(owner)) == 1
        assert owner.execute(
            "SELECT count(*) FROM crm.customer WHERE id = %s", (UUID(other.payload["id"]),)
        ).fetchone()
        reading.close()
        typing.close()
        here.worker.close_line()
        here.worker.run_once()
        assert open_tags(owner) == []
        assert not shown(here)
