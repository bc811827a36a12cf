"""A desk destroys what the server erased: rows, log, history, refusals; then it gives its word."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from crmdesk.models.customer import open_customer
from crmdesk.models.note import append_note
from crmdesk.services.sync.erasing import destroy_erased
from tests.cluster import Database
from tests.services.sync.desks import TestDesk, address_of, desk

CANARY = "Canary-Zhang"
TABLES = (
    "customer",
    "contact_point",
    "note",
    "interaction",
    "operation",
    "history",
    "not_accepted",
    "server_row",
)


def shown(here: TestDesk) -> bool:
    """Whether anything in the store still tells of him."""
    return any(
        CANARY in str(here.asked(f"SELECT * FROM {table}")) for table in (*TABLES, "outbox", "request")
    )


def destroy(here: TestDesk, database: Database) -> int:
    with database.connect(here.person.login) as link:
        device = UUID(here.store.author.device)
        return destroy_erased(here.store, link, address_of(database, here.person.login), device)


def test_nothing_of_an_erased_person_stays_at_a_desk(database: Database, tmp_path: Path) -> None:
    person = database.person("wang")
    with desk(database, person, tmp_path / "wang") as here, database.connect() as owner:
        here.worker.run_once()
        made = here.do(
            here.describe(
                open_customer, {"name": CANARY}, [{"kind": "phone", "raw": CANARY, "value": CANARY}]
            )
        )
        customer = UUID(made.payload["id"])
        here.do(here.describe(append_note, CANARY, customer_id=customer))
        other = here.do(here.describe(open_customer, {"name": "Li Si"}))
        here.worker.run_once()
        assert shown(here), "the control must find him"
        assert destroy(here, database) == 0
        assert owner.execute("SELECT crm.erase_customer(%s)", (customer,)).fetchone()[0]["desks"] == 1

        waiting = here.do(here.describe(append_note, CANARY, customer_id=customer))
        assert destroy(here, database) == 0, "what was typed meanwhile comes first"
        here.worker.run_once()
        assert here.asked("SELECT code FROM not_accepted WHERE op_id = ?", waiting.id.bytes) == [("gone",)]

        assert destroy(here, database) == 1
        assert not shown(here)
        assert here.row("customer", UUID(other.payload["id"])) is not None
        assert here.asked("SELECT count(*) FROM operation") == [(1,)]
        assert destroy(here, database) == 0
        state = owner.execute("SELECT confirmed, open_tags FROM crm.erasures()").fetchone()
        assert state == (1, [])
        here.worker.run_once()
        assert not shown(here)
