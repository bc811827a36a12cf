"""A server whose rules and tables do not fit: nothing is recorded against what was typed; it waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import ServerUnfit
from crmdesk.models.customer import open_customer
from crmdesk.models.note import append_note
from crmdesk.services.sync.connection import is_transient
from tests.cluster import Database
from tests.services.sync.desks import TestDesk, desk


@pytest.fixture
def one(database: Database, tmp_path: Path) -> Iterator[TestDesk]:
    with desk(database, database.person("anna"), tmp_path / "a") as made:
        made.worker.run_once()
        yield made


@pytest.mark.parametrize(
    ("spoil", "mend", "words"),
    [
        (
            "ALTER TABLE crm.note RENAME COLUMN text TO words",
            "ALTER TABLE crm.note RENAME COLUMN words TO text",
            'no field "text"',
        ),
        (
            "ALTER FUNCTION crm.apply_note_append(crm.operation_in) RENAME TO apply_gone",
            "ALTER FUNCTION crm.apply_gone(crm.operation_in) RENAME TO apply_note_append",
            "crm.apply_note_append",
        ),
        (
            "ALTER TABLE crm.interaction RENAME TO timeline",
            "ALTER TABLE crm.timeline RENAME TO interaction",
            "crm.interaction",
        ),
    ],
    ids=["42703", "42883", "42P01"],
)
def test_what_the_server_lacks_is_no_fault_of_the_operation(
    database: Database, one: TestDesk, spoil: str, mend: str, words: str
) -> None:
    customer = one.do(one.describe(open_customer, {"name": "Zhang San"}))
    one.worker.run_once()
    owner_id = UUID(customer.payload["id"])
    one.do(one.describe(append_note, "typed by hand", customer_id=owner_id))
    with database.connect() as owner:
        owner.execute(spoil)
        with pytest.raises(ServerUnfit, match="the server needs an upgrade") as caught:
            one.worker.run_once()
        assert words in str(caught.value)
        assert "crmdesk admin server upgrade" in str(caught.value)
        assert not is_transient(caught.value), "it is tried again, at leisure"
        assert one.worker.status.trouble is not None
        assert one.worker.status.trouble.in_words() == str(caught.value)
        assert one.asked("SELECT state, result FROM outbox WHERE state = 'new'") == [("new", None)]
        assert owner.execute("SELECT kind FROM crm.op").fetchall() == [(customer.kind,)]
        assert one.asked("SELECT count(*) FROM not_accepted") == [(0,)]
        owner.execute(mend)
    assert one.worker.run_once().accepted == 1
    assert [row["text"] for row in one.rows("note")] == ["typed by hand"]


def test_a_right_that_is_missing_is_a_refusal(database: Database, one: TestDesk) -> None:
    customer = one.do(one.describe(open_customer, {"name": "Zhang San"}))
    one.worker.run_once()
    with database.connect() as owner:
        owner.execute("REVOKE INSERT ON crm.note FROM crm_owner")
        one.do(one.describe(append_note, "typed by hand", customer_id=UUID(customer.payload["id"])))
        assert one.worker.run_once().refused == 1
        assert one.asked("SELECT code, text FROM not_accepted") == [("denied", "typed by hand")]
        owner.execute("GRANT INSERT ON crm.note TO crm_owner")
