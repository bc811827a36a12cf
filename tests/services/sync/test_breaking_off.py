"""What is fetched from the server can be broken off; nothing half done is seen of it."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest

from crmdesk.errors import Stopped
from crmdesk.services.attachments.cabinet import PIECE_BYTES
from crmdesk.services.attachments.desk import attachments_of
from crmdesk.services.stop import Stop
from crmdesk.services.sync.contents import fetch_content
from crmdesk.services.sync.history import load_file
from tests.cluster import Database
from tests.services.sync.desks import address_of
from tests.services.sync.test_complaint_files import counted, end_long_ago, evict, told
from tests.services.sync.test_contents import CONTENT, Pair, fetch, keep, pair, read, states
from tests.services.sync.test_two_desks_complaints import Team, team

__all__ = ["pair", "team", "told"]


@pytest.fixture
def film(pair: Pair) -> UUID:
    """A content of Anna's that is at the server, and Ben knows of."""
    file_id = keep(pair.anna, pair.customer)
    pair.anna.worker.run_once()
    pair.anna.worker.contents.wake(wait=True)
    pair.ben.worker.run_once()
    return file_id


def test_a_content_goes_on_where_it_was_broken_off(pair: Pair, film: UUID) -> None:
    stop, address = Stop(), address_of(pair.database, pair.ben.person.login)

    def hear(done: int, _total: int) -> None:
        if done == 2 * PIECE_BYTES:
            stop.ask()

    with pytest.raises(Stopped):
        fetch_content(pair.ben.store, pair.ben.profile, address, film, hear, stop)
    assert states(pair.ben, pair.customer) == ["only_there"]
    assert not pair.ben.profile.cabinet.holds(film)
    assert fetch(pair.ben, pair.database, film)[0] == 2 * PIECE_BYTES
    assert read(pair.ben, film) == CONTENT


def test_what_is_broken_off_before_its_turn_asks_nobody(pair: Pair, film: UUID) -> None:
    given, stop = attachments_of(pair.ben.profile, pair.ben.store), Stop()
    stop.ask()
    heard: list[int] = []
    try:
        with pytest.raises(Stopped):
            given.read(film, lambda done, _total: heard.append(done), stop).result()
    finally:
        given.close()
    assert heard == []


class _Heard(Stop):
    """A wish that tells a test when it is made."""

    def __init__(self) -> None:
        super().__init__()
        self.told = threading.Event()

    def ask(self) -> None:
        super().ask()
        self.told.set()


def test_a_desk_that_closes_waits_for_no_content(pair: Pair, film: UUID) -> None:
    given, stop, heard = attachments_of(pair.ben.profile, pair.ben.store), _Heard(), list[int]()
    closing = threading.Thread(target=given.close)

    def hear(done: int, _total: int) -> None:
        heard.append(done)
        if done == 0:
            closing.start()
            assert stop.told.wait(20)

    reading = given.read(film, hear, stop)
    with pytest.raises(Stopped):
        reading.result()
    closing.join()
    assert heard == [0]


def test_the_file_of_a_complaint_that_is_broken_off_changes_nothing(
    team: Team, database: Database, told: UUID
) -> None:
    end_long_ago(team, database, told)
    assert evict(team.ben) == 2
    stop, heard = Stop(), list[tuple[int, int]]()

    def hear(done: int, total: int) -> None:
        heard.append((done, total))
        if done == 3:
            stop.ask()

    with pytest.raises(Stopped):
        load_file(team.ben.store, team.ben.profile, team.ben.worker.address, told, hear, stop)
    assert [done for done, _ in heard] == [0, 1, 2, 3]
    assert counted(team.ben, told) == [0, 0, 0, 0, 0]
    assert load_file(team.ben.store, team.ben.profile, team.ben.worker.address, told) == sum(
        counted(team.anna, told)
    )
