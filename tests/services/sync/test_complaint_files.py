"""The file of a complaint leaves a desk that holds it no longer, and comes again when it is wanted there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import NotFound
from crmdesk.models.note import append_note
from crmdesk.services import renewal
from crmdesk.services.complaints.procedure import House
from crmdesk.services.complaints.record import complaint_record
from crmdesk.services.complaints.record_view import ComplaintRecord
from crmdesk.services.erasure import Erasure
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.store.values import to_micros
from crmdesk.services.sync import replica
from crmdesk.services.sync.eviction import Eviction
from crmdesk.services.sync.history import load_file
from crmdesk.services.sync.holding import FILES, FILES_LONGER, TABLES, window_start
from crmdesk.services.sync.verify import desk_sums, server_sums
from tests.cluster import Database, team_id
from tests.pages import decrypted
from tests.services.sync.desks import TestDesk
from tests.services.sync.test_two_desks_complaints import PROPOSAL, Team, team

__all__ = ["team"]

FILE = ("complaint_body", "complaint_event", "clock_line", "remedy_line", "note")
LOG = "He is a journalist."
WORDS = ("Mr Zhang", "squeal again", "fitted the wrong part", LOG)
LARGE = 1 << 40


@pytest.fixture
def told(team: Team) -> Iterator[UUID]:
    """A complaint with words in all of its file, on the desks of its team."""
    complaint = team.investigated()
    team.anna.do(
        team.anna.describe(append_note, LOG, complaint_id=complaint, team_id=team_id("hotline")),
    )
    team.step(team.anna, complaint, "T8", **PROPOSAL)
    team.settle()
    yield complaint


def mark_left(work: UnitOfWork) -> None:
    renewal.mark_left(work.connection)
    work.commit()


def words_at(at: TestDesk) -> list[str]:
    """Which words of the file stand in the pages of a desk."""
    pages = decrypted(at.store.path, at.profile.key)
    return [word for word in WORDS if word.encode() in pages]


def counted(at: TestDesk, complaint: UUID) -> list[int]:
    """How many rows of the file are at a desk, table by table."""
    return [
        sum(complaint in (row["id"], row.get("complaint_id")) for row in at.rows(table)) for table in FILE
    ]


def state(at: TestDesk, complaint: UUID) -> str:
    return {row["id"]: str(row["state"]) for row in at.rows("complaint")}[complaint]


def end_long_ago(team: Team, database: Database, complaint: UUID, days: int = 1_300) -> None:
    """Have a complaint end so many days ago, and its notes be as old."""
    with database.connect() as owner:
        owner.execute(
            "UPDATE crm.complaint SET rev = rev + 1, state = 'CLOSED',"
            " closed_at = now() - %s * interval '1 day' WHERE id = %s",
            (days, complaint),
        )
        owner.execute("UPDATE crm.note SET at = at - %s * interval '1 day'", (days,))
    team.settle()


def evict(at: TestDesk, *, kept: int = 200, days: int = 89) -> int:
    """Let go of what a desk holds no longer; return how many rows went."""
    eviction = Eviction(at.store, LARGE, kept=kept, step_rows=20, steps=40)
    return eviction.look(window_start(at.store.author.now(), days))


def test_the_file_of_what_ended_long_ago_goes_with_every_byte_and_the_head_stays(
    team: Team, database: Database, told: UUID
) -> None:
    open_one = team.investigated()
    assert words_at(team.ben) == list(WORDS), "the control: they are found where they are"
    end_long_ago(team, database, told, days=FILES_LONGER.days + 50)
    assert evict(team.ben) == 0, "inside of window and years together it stays"
    end_long_ago(team, database, told)
    assert evict(team.ben, days=88) == 2, "body with all that belongs to it, and the note"
    assert counted(team.ben, told) == [0, 0, 0, 0, 0]
    assert counted(team.ben, open_one) == counted(team.anna, open_one)
    assert {row["id"] for row in team.ben.rows("complaint")} == {told, open_one}
    assert state(team.ben, told) == "CLOSED"
    assert words_at(team.ben) == ["Mr Zhang", "squeal again"], "of the one that is open"
    assert team.ben.worker.check() == 0, "nothing is missing by the rules"


def test_it_comes_again_when_it_is_opened_and_is_kept_level(
    team: Team, database: Database, told: UUID
) -> None:
    end_long_ago(team, database, told)
    assert evict(team.ben) == 2
    assert load_file(team.ben.store, team.ben.profile, team.ben.worker.address, told) == sum(
        counted(team.anna, told)
    )
    for table in FILE:
        assert team.ben.rows(table) == team.anna.rows(table), table
    assert evict(team.ben, days=88) == 0, "looked at lately"
    team.anna.do(
        team.anna.describe(append_note, "He rang.", complaint_id=told, team_id=team_id("hotline")),
    )
    team.settle()
    assert {row["text"] for row in team.ben.rows("note")} == {LOG, "He rang."}
    assert team.ben.worker.check() == 0
    assert evict(team.ben, days=87, kept=0) == 2
    assert counted(team.ben, told)[:4] == [0, 0, 0, 0]
    assert [row["text"] for row in team.ben.rows("note")] == ["He rang."], "of the last months"


def test_its_page_says_where_the_file_is_and_no_step_is_taken_without_it(
    team: Team, database: Database, told: UUID
) -> None:
    end_long_ago(team, database, told)
    for at in (team.anna, team.ben):
        evict(at)
    for at, elsewhere in ((team.anna, True), (team.ben, True), (team.tom, False)):
        record = page(at, told)
        assert (record.body, record.elsewhere) == (None, elsewhere), at.person.login
        assert record.head.number
    with pytest.raises(NotFound, match="not on this PC"):
        team.step(team.ben, told, "T20", reason="new_facts", text="It squeals once more.")
    load_file(team.ben.store, team.ben.profile, team.ben.worker.address, told)
    assert not page(team.ben, told).elsewhere
    assert page(team.ben, told).log[0].text == LOG


def page(at: TestDesk, complaint: UUID) -> ComplaintRecord:
    author = at.store.author
    asked = (complaint, House(), author, author.now())
    found: ComplaintRecord = at.store.read(complaint_record, *asked).result()
    return found


def test_another_team_gets_nothing_of_it(team: Team, database: Database, told: UUID) -> None:
    end_long_ago(team, database, told)
    assert load_file(team.tom.store, team.tom.profile, team.tom.worker.address, told) == 0
    assert counted(team.tom, told) == [0, 0, 0, 0, 0]
    assert words_at(team.tom) == []
    assert team.tom.asked("SELECT count(*) FROM coverage WHERE kind = 'complaint'") == [(0,)]


@pytest.mark.parametrize("at_once", [True, False])
def test_taken_up_again_it_is_whole_at_all_desks_of_its_team(
    team: Team, database: Database, told: UUID, at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not at_once:
        monkeypatch.setattr("crmdesk.services.sync.staging.AT_ONCE", 0)
    end_long_ago(team, database, told)
    assert evict(team.ben) == 2
    team.step(team.anna, told, "T20", reason="new_facts", text="It squeals once more.")
    assert team.anna.worker.run_once().refused == 0
    team.settle()
    assert state(team.ben, told) == "INVESTIGATING"
    for table in TABLES:
        assert team.ben.rows(table) == team.anna.rows(table), table
    assert team.ben.worker.check() == 0
    assert counted(team.tom, told) == [0, 0, 0, 0, 0]


def test_who_joins_another_team_keeps_what_was_fetched_of_the_own(
    team: Team, database: Database, told: UUID
) -> None:
    end_long_ago(team, database, told)
    evict(team.ben)
    load_file(team.ben.store, team.ben.profile, team.ben.worker.address, told)
    database.person("ben", "supervisor", teams=("hotline", "workshop"))
    team.ben.worker.run_once()
    assert counted(team.ben, told) == counted(team.anna, told)


def test_who_loses_the_team_keeps_no_byte_of_what_was_fetched(
    team: Team, database: Database, told: UUID
) -> None:
    end_long_ago(team, database, told)
    evict(team.ben)
    load_file(team.ben.store, team.ben.profile, team.ben.worker.address, told)
    assert words_at(team.ben) == list(WORDS)
    database.person("ben", "supervisor", teams=("workshop",))
    team.ben.worker.run_once()
    assert counted(team.ben, told) == [0, 0, 0, 0, 0]
    assert words_at(team.ben) == []


def test_handed_to_another_team_no_byte_of_it_stays(team: Team, told: UUID) -> None:
    tom = str(team.tom.person.agent_id)
    team.step(team.anna, told, "H1", to=tom, open_points="Look at the brakes.")
    assert team.anna.worker.run_once().refused == 0
    team.settle()
    assert counted(team.ben, told) == [0, 0, 0, 0, 0]
    assert words_at(team.ben) == []
    assert words_at(team.tom) == list(WORDS)


def test_a_compare_while_a_step_on_it_waits_finds_nothing_amiss(
    team: Team, database: Database, told: UUID
) -> None:
    end_long_ago(team, database, told)
    load_file(team.anna.store, team.anna.profile, team.anna.worker.address, told)
    team.step(team.anna, told, "T20", reason="new_facts", text="It squeals once more.")
    since = window_start(team.anna.store.author.now(), 90)
    with database.connect("anna") as link:
        for table in (*FILES, "note", "complaint"):
            ((chunk, there),) = server_sums(link, table, since)
            assert team.anna.store.read(desk_sums, chunk, to_micros(since)).result() == there, table
    assert team.anna.worker.run_once().accepted == 1, "it still waited"
    assert team.anna.worker.check() == 0


def test_what_left_a_large_table_goes_with_the_store_written_anew_once_a_day(
    team: Team, told: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "ANEW_ROWS", -1)
    tom = str(team.tom.person.agent_id)
    team.step(team.anna, told, "H1", to=tom, open_points="Look at the brakes.")
    team.settle()
    store = team.ben.store
    assert store.read(renewal.state).result().due == (renewal.LEFT,)
    made: list[Path] = []

    def copy(path: Path, beside: Path, key: bytes) -> None:
        made.append(beside)
        renewal.copied(path, beside, key)

    erasure = Erasure(team.ben.profile, store, copy)
    for _ in range(2):
        erasure.tidy()
        erasure.wait()
    assert len(made) == 1
    assert renewal.LEFT not in store.read(renewal.state).result().due
    store.write(mark_left).result()
    erasure.tidy()
    erasure.wait()
    assert len(made) == 1, "once a day"
    assert renewal.LEFT in store.read(renewal.state).result().due
