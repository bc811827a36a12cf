"""What the server reads: the rows that are meant, and not all there ever were."""

from __future__ import annotations

from typing import Any

from tests.services.complaints.house import ANNA, CHECKLIST
from tests.services.server.mirror import MirroredDesk, judge, lay_out

MANY = 2_000


def rows_read(server: Any, table: str) -> int:
    """Rows of *table* that this transaction has read so far."""
    (count,) = server.execute(
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
        " WHERE schemaname = 'crm' AND relname = %s",
        (table,),
    ).fetchone()
    return int(count)


def test_undoing_reads_the_history_of_the_complaint_and_no_other(desk: MirroredDesk, server: Any) -> None:
    row = desk.step(desk.log(), "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    desk.step(row, "U1", operation_id=str(row["last_operation_id"]))
    operation, before = desk.done[-1]
    lay_out(server, before)
    server.execute("SELECT crm.set_clock(%s)", (desk.now,))
    server.execute(
        "INSERT INTO crm.complaint_event SELECT m.* FROM crm.complaint_event e, generate_series(1, %s) n,"
        " LATERAL jsonb_populate_record(e, jsonb_build_object("
        "  'id', md5(e.id || n::text)::uuid, 'complaint_id', md5(n::text)::uuid)) m",
        (MANY,),
    )
    server.execute("ANALYZE crm.complaint_event")
    read = rows_read(server, "complaint_event")
    judge(server, operation)
    assert rows_read(server, "complaint_event") - read < 50
