"""What the procedure reads of a complaint: how often its cause came, and at what cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmdesk.models.wire import Row
from crmdesk.services.complaints.files import CAUSES_COUNTED, actor_of, case_of, file_of
from crmdesk.services.store.rows import StoredRows
from tests.services.complaints.house import ANNA, CHECKLIST, OTHER_TEAM, ComplaintDesk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    yield desk
    desk.close()


def caused(desk: ComplaintDesk) -> Row:
    """Log a complaint whose cause was found."""
    row = desk.log()
    desk.connection.execute("UPDATE complaint_body SET cause = 'wrong_part' WHERE id = ?", (row["id"].bytes,))
    return row


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
    old = desk.log({"received_at": desk.iso(days=-91), "channel": "letter"})
    desk.connection.execute("UPDATE complaint_body SET cause = 'wrong_part' WHERE id = ?", (old["id"].bytes,))
    assert seen(desk, caused(desk)) == 1


def test_a_frequent_cause_is_counted_to_a_limit(desk: ComplaintDesk) -> None:
    row = caused(desk)
    for table in ("complaint", "complaint_body"):
        names = [name for _, name, *_ in desk.connection.execute(f"PRAGMA table_info({table})").fetchall()]
        rest = ", ".join(name for name in names if name != "id")
        for n in range(CAUSES_COUNTED + 5):
            made = row["id"].bytes[:8] + n.to_bytes(8, "big")
            sql = f"INSERT INTO {table} (id, {rest}) SELECT ?, {rest} FROM {table} WHERE id = ?"
            desk.connection.execute(sql, (made, row["id"].bytes))
    assert seen(desk, row) == CAUSES_COUNTED


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
