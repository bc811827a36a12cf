"""Files are filed under complaints and customers, within limits, by whoever may read the record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models.attachment import FILE_LIMIT, RECORD_LIMIT, attach_file
from crmdesk.models.operations import RowChange
from crmdesk.models.types import new_id
from crmdesk.services.attachments.cabinet import Cabinet, Kept
from crmdesk.services.attachments.filing import attach, attached_files, known_files, sealed_file
from tests.services.complaints.house import ANNA, CUSTOMER, TEAM, ComplaintDesk

DIGEST = "ab" * 32


class FilingDesk(ComplaintDesk):
    """A desk with a cabinet."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.cabinet = Cabinet(folder / "attachments")

    def attach(self, record: UUID, content: bytes = b"%PDF-1.7", name: str = "bill.pdf") -> UUID:
        with self.work() as work:
            return attach(work, record, self.cabinet.put(new_id(), content, name))

    def pretend(self, record: UUID, size: int) -> UUID:
        """File something of *size* bytes without writing as many."""
        with self.work() as work:
            return attach(work, record, Kept(new_id(), bytes(32), "x", "", size, DIGEST))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FilingDesk]:
    made = FilingDesk(tmp_path)
    yield made
    made.close()


def test_a_file_of_a_complaint_follows_its_team_and_raises_no_version(desk: FilingDesk) -> None:
    complaint = desk.log()
    desk.later(minutes=1)
    file_id = desk.attach(complaint["id"])
    row = desk.row("attachment", file_id)
    assert (row["team_id"], row["author"], row["at"]) == (complaint["team_id"], str(ANNA), desk.now)
    assert (row["complaint_id"], row["customer_id"]) == (complaint["id"], None)
    assert desk.row("complaint", complaint["id"])["rev"] == complaint["rev"]
    desk.connection.execute("UPDATE complaint SET team_id = ?", (TEAM.bytes,))
    assert desk.row("attachment", desk.attach(complaint["id"]))["team_id"] == TEAM


def test_what_is_told_of_a_file(desk: FilingDesk) -> None:
    complaint = desk.log()["id"]
    first = desk.attach(complaint)
    desk.later(minutes=1)
    second = desk.attach(complaint, "刹车".encode(), "../notes\u202e.txt")
    told = attached_files(desk.connection, complaint)
    assert [each.id for each in told] == [first, second]
    assert [(each.name, each.media_type, each.size) for each in told] == [
        ("bill.pdf", "application/pdf", 8),
        ("notes.txt", "text/plain", 6),
    ]
    assert {each.state for each in told} == {"here"}
    assert told[0].author is not None
    assert told[0].author.key == "p1"
    assert told[1].at == desk.now
    sealed, _ = sealed_file(desk.connection, second)
    assert desk.cabinet.read(sealed) == "刹车".encode()
    assert attached_files(desk.connection, CUSTOMER) == ()


def test_a_customer_has_files_too(desk: FilingDesk) -> None:
    file_id = desk.attach(CUSTOMER)
    assert [each.id for each in attached_files(desk.connection, CUSTOMER)] == [file_id]
    assert desk.row("attachment", file_id)["team_id"] is None


def test_what_is_not_there_gets_no_files(desk: FilingDesk) -> None:
    with pytest.raises(NotFound, match="record is not here"):
        desk.attach(UUID(int=99))
    complaint = desk.log()["id"]
    desk.connection.execute("DELETE FROM complaint_body")
    with pytest.raises(NotFound, match="Another team handles the complaint"):
        desk.attach(complaint)
    assert known_files(desk.connection) == ()


def test_a_record_has_200_mb_at_most(desk: FilingDesk) -> None:
    complaint = desk.log()["id"]
    for _ in range(RECORD_LIMIT // FILE_LIMIT):
        desk.pretend(complaint, FILE_LIMIT)
    before = desk.rows("attachment", complaint)
    with pytest.raises(InvalidInput, match=r"more than 200 MB together\. Attach a smaller one"):
        desk.pretend(complaint, 1)
    assert desk.rows("attachment", complaint) == before
    desk.pretend(complaint, 0)
    desk.pretend(CUSTOMER, FILE_LIMIT)
    with desk.work() as work, pytest.raises(InvalidInput, match="more than 30 MB"):
        attach(work, CUSTOMER, Kept(new_id(), bytes(32), "x", "", 6 << 20, DIGEST), 30 << 20)


@pytest.mark.parametrize(
    "file",
    [
        {"size": FILE_LIMIT + 1},
        {"name": ""},
        {"name": "x" * 256},
        {"digest": "../x"},
        {"digest": DIGEST.upper()},
    ],
)
def test_the_entity_refuses_what_is_no_file(desk: FilingDesk, file: dict[str, str | int]) -> None:
    sound: dict[str, str | int] = {"name": "x", "media_type": "", "size": 1, "digest": DIGEST}
    with pytest.raises(InvalidInput):
        attach_file(desk.author, {"customer_id": CUSTOMER}, {**sound, **file}, new_id())
    with pytest.raises(InvalidInput, match="belongs to a complaint or a customer"):
        attach_file(desk.author, {}, sound, new_id())


def test_the_key_goes_in_the_transaction_in_which_the_file_goes(desk: FilingDesk) -> None:
    complaint = desk.log()["id"]
    gone, stays = desk.attach(complaint), desk.attach(complaint)
    with desk.work() as work:
        work.lay([RowChange("attachment", gone, None)])
        work.commit()
    assert known_files(desk.connection) == (stays,)
    assert desk.cabinet.sweep(lambda: known_files(desk.connection)) == 0, "busy until the store has them"
    for each in (gone, stays):
        desk.cabinet.done(each)
    assert desk.cabinet.sweep(lambda: known_files(desk.connection)) == 1
    assert desk.cabinet.holds(stays)
    with pytest.raises(NotFound, match="file is not here"):
        sealed_file(desk.connection, gone)
