"""What is due by time is done in passing; when the server cannot, notes and customers go on all the same."""

from __future__ import annotations

from pathlib import Path

from crmdesk.models.customer import open_customer
from tests.cluster import Database
from tests.services.sync.desks import desk


def test_what_is_due_and_cannot_be_done_stops_no_round(database: Database, tmp_path: Path) -> None:
    anna, ben = database.person("anna"), database.person("ben")
    with database.connect() as owner:
        owner.execute("REVOKE EXECUTE ON FUNCTION crm.run_due(integer) FROM crm_agent")
    with desk(database, anna, tmp_path / "a") as one, desk(database, ben, tmp_path / "b") as other:
        for each in (one, other):
            for _ in range(3):
                each.worker.run_once()
        one.do(one.describe(open_customer, {"name": "Zhang San", "kind": "person"}))
        assert one.worker.run_once().accepted == 1
        other.worker.run_once()
        assert len(other.rows("customer")) == 1
        assert (one.worker.status.connected, one.worker.status.trouble) == (True, None)
