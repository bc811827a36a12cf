"""A letter that is sent ends the same clock at the server as at the desk, with the same line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.models.wire import Row
from crmdesk.services.complaints.correspondence import send_letter
from crmdesk.services.store.values import from_micros
from tests.cluster import Cluster
from tests.services.complaints.house import ANNA, under_regime
from tests.services.server.mirror import DEVICE, MirroredDesk, lay_out, rows_before
from tests.services.server.sender import rows_of

SEND = "SELECT crm.apply(ROW(%s, %s, 1, %s::jsonb, NULL, %s, 'agent', %s, %s, false)::crm.operation_in)"


@pytest.fixture
def server(cluster: Cluster) -> Iterator[Any]:
    """A connection of the owner, with nothing in the database."""
    database = cluster.database()
    with database.connect() as connection:
        connection.execute("SET timezone = 'UTC'; SET session_replication_role = replica")
        yield connection
    database.drop()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[MirroredDesk]:
    made = MirroredDesk(tmp_path)
    yield made
    made.close()


def send_on_both(desk: MirroredDesk, server: Any, letter: str) -> None:
    """Send a letter at the desk, and what that wrote at the server; compare the rows."""
    before = rows_before(desk)
    desk.later(minutes=5)
    with desk.work() as work:
        send_letter(work, UUID(letter), "letter")
    op, kind, payload, at = desk.connection.execute(
        "SELECT id, kind, payload, at FROM operation WHERE kind = 'letter.send' ORDER BY n DESC LIMIT 1"
    ).fetchone()
    lay_out(server, before)
    server.execute(SEND, (UUID(bytes=op), kind, payload, str(ANNA), DEVICE, from_micros(at)))
    found = rows_of(server)
    for table in ("complaint", "clock_line", "letter"):
        wanted: dict[UUID, Row] = {row["id"]: row for row in rows_before(desk)[table]}
        assert found[table] == wanted, table


@pytest.mark.parametrize("regime", ["UK-8W", "CN-ODR"])
def test_the_server_ends_the_clock_as_the_desk_does(desk: MirroredDesk, server: Any, regime: str) -> None:
    row = under_regime(desk, regime)
    desk.step(row, "T5", contacted_at=desk.iso())
    count = len(desk.rows("clock_line", row["id"]))
    send_on_both(desk, server, desk.letter(row, "holding"))
    assert len(desk.rows("clock_line", row["id"])) == count
    send_on_both(desk, server, desk.letter(row, "acknowledgement"))
    lines = sorted(desk.rows("clock_line", row["id"]), key=lambda each: each["n"])
    assert [each["clock"] for each in lines[count:]] == (["UK-8W/acknowledge"] if regime == "UK-8W" else [])
    send_on_both(desk, server, desk.letter(row, "acknowledgement"))
