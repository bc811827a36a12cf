"""What the procedure reads of a complaint: how often its cause came, and at what cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmdesk.models.wire import Row
from crmdesk.services.complaints.files import _CAUSE_SEEN, CAUSES_COUNTED, actor_of, case_of, file_of
from crmdesk.services.store.rows import StoredRows
from tests.services.complaints.house import ANNA, CHECKLIST, OTHER_TEAM, ComplaintDesk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    yield desk
    desk.close()


def caused(desk: ComplaintDesk, fields: dict[str, str] | None = None) -> Row:
    """Log a complaint whose cause was found, and which can be closed."""
    row = desk.log(fields)
    desk.connection.execute("UPDATE complaint_body SET cause = 'wrong_part' WHERE id = ?", (row["id"].bytes,))
    desk.connection.execute("UPDATE complaint SET state = 'FOLLOW_UP' WHERE id = ?", (row["id"].bytes,))
    return row


def copies(desk: ComplaintDesk, row: Row, count: int) -> None:
    """Lay *count* complaints beside *row* that are as it is, with the ids that come after it."""
    for table in ("complaint", "complaint_body"):
        names = [name for _, name, *_ in desk.connection.execute(f"PRAGMA table_info({table})").fetchall()]
        rest = ", ".join(name for name in names if name != "id")
        made = [(row["id"].bytes[:8] + (n + 1).to_bytes(8, "big"), row["id"].bytes) for n in range(count)]
        sql = f"INSERT INTO {table} (id, {rest}) SELECT ?, {rest} FROM {table} WHERE id = ?"
        desk.connection.executemany(sql, made)


def seen(desk: ComplaintDesk, row: Row) -> int:
    rows = StoredRows(desk.connection)
    actor = actor_of(rows, desk.connection, desk.author)
    return case_of(
        rows, desk.connection, desk.rules(), file_of(rows, row["id"]), actor, {}, desk.now
    ).cause_seen


def test_a_cause_counts_for_ninety_days_from_receipt(desk: ComplaintDesk) -> None:
    caused(desk)
    desk.later(days=1)
    row = caused(desk)
    desk.log()
    assert seen(desk, row) == 2
    desk.later(days=89)
    assert seen(desk, row) == 2
    desk.later(seconds=1)
    assert seen(desk, row) == 1
    desk.later(days=1)
    assert seen(desk, row) == 0


def test_one_that_came_by_letter_long_ago_and_was_typed_today_counts_by_its_receipt(
    desk: ComplaintDesk,
) -> None:
    caused(desk, {"received_at": desk.iso(days=-91), "channel": "letter"})
    assert seen(desk, caused(desk)) == 1


def test_a_frequent_cause_is_counted_to_a_limit(desk: ComplaintDesk) -> None:
    row = caused(desk)
    copies(desk, row, CAUSES_COUNTED + 5)
    assert seen(desk, row) == CAUSES_COUNTED


def test_thousands_that_came_from_another_system_since_hide_nothing(desk: ComplaintDesk) -> None:
    first, second = caused(desk), caused(desk)
    desk.later(days=1)
    copies(desk, caused(desk, {"received_at": desk.iso(days=-300), "channel": "letter"}), 1_200)
    row = caused(desk)
    assert len({first["id"], second["id"], row["id"]}) == seen(desk, row) == 3


def test_it_is_found_by_the_index_of_causes(desk: ComplaintDesk) -> None:
    plan = desk.connection.execute(f"EXPLAIN QUERY PLAN {_CAUSE_SEEN}", ("x", b"", 0, 3)).fetchall()
    told = " ".join(str(line[-1]) for line in plan)
    assert "(cause=? AND id>?)" in told, told
    assert "TEMP B-TREE" not in told, told


def test_it_is_asked_for_only_where_a_complaint_can_be_closed(desk: ComplaintDesk) -> None:
    row = caused(desk)
    desk.connection.execute("UPDATE complaint SET state = 'RESOLVED'")
    assert seen(desk, row) == 0


def test_the_log_of_a_complaint_goes_to_the_team_that_it_is_handed_to(desk: ComplaintDesk) -> None:
    from crmdesk.services import calls

    row = desk.step(desk.log(), "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    with desk.work() as work:
        note = calls.append_note(work, "He wants to hear by Friday.", complaint_id=row["id"])
    assert desk.row("note", note)["team_id"] == row["team_id"]
    desk.connection.execute("UPDATE agent SET team_id = ? WHERE login = 'p2'", (OTHER_TEAM.bytes,))
    row = desk.step(row, "H1", to="00000000-0000-0000-0000-000000000002", open_points="Ring him.")
    assert row["team_id"] == OTHER_TEAM
    assert desk.row("note", note)["team_id"] == OTHER_TEAM
