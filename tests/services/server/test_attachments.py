"""Files at the server: the row judges who sees them, their pieces make a whole only when they fit it."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from tests.cluster import Database
from tests.services.server.rows import MOMENT, add_customer, mutate
from tests.services.server.sender import Sender
from tests.services.server.test_complaint_rights import House, house

__all__ = ["house"]

PIECE = 256 * 1024
CONTENT = bytes(range(256)) * 1500
"""One piece and a half."""
MIB = 1 << 20


def add_file(session: Any, team: uuid.UUID | None, content: bytes = CONTENT, **of: object) -> uuid.UUID:
    """Write the row of a file as the owner of the database and return its id."""
    file, digest = uuid.uuid4(), hashlib.sha256(content).hexdigest()
    names = ", ".join(["id", "name", "size", "digest", "at", "team_id", *of])
    values = (file, "a.pdf", len(content), digest, MOMENT, team, *of.values())
    marks = ", ".join(["%s"] * len(values))
    session.execute(f"INSERT INTO crm.attachment ({names}) VALUES ({marks})", values)
    return file


def begun(session: Any, file: uuid.UUID) -> dict[str, Any]:
    told: dict[str, Any] = session.execute("SELECT crm.begin_file(%s)", (file,)).fetchone()[0]
    return told


def put(session: Any, file: uuid.UUID, i: int, piece: bytes) -> bool:
    return bool(session.execute("SELECT crm.put_piece(%s, %s, %s)", (file, i, piece)).fetchone()[0])


def got(session: Any, file: uuid.UUID, i: int) -> bytes | None:
    found: bytes | None = session.execute("SELECT crm.get_piece(%s, %s)", (file, i)).fetchone()[0]
    return found


def test_a_file_comes_in_pieces_in_any_order_and_is_whole_when_they_fit(database: Database) -> None:
    database.person("wang")
    with database.connect() as owner, database.connect("wang") as wang:
        file = add_file(owner, None)
        assert begun(wang, file) == {"whole": False, "pieces": []}
        for wrong in ((1, CONTENT[:PIECE]), (0, CONTENT[:9]), (2, b"x"), (-1, CONTENT[:PIECE])):
            with pytest.raises(psycopg.Error, match="does not belong"):
                put(wang, file, *wrong)
        assert not put(wang, file, 1, CONTENT[PIECE:])
        assert begun(wang, file)["pieces"] == [1]
        assert got(wang, file, 1) is None, "not before it is whole"
        assert not put(wang, file, 0, bytes(PIECE)), "other bytes: all over again"
        assert begun(wang, file) == {"whole": False, "pieces": []}
        assert not put(wang, file, 0, CONTENT[:PIECE])
        assert put(wang, file, 1, CONTENT[PIECE:])
        assert begun(wang, file)["whole"]
        assert b"".join(got(wang, file, i) or b"" for i in (0, 1)) == CONTENT
        assert put(wang, file, 0, bytes(PIECE)), "whole is whole"
        assert got(wang, file, 0) == CONTENT[:PIECE]


def test_a_file_without_content_is_whole_at_once(database: Database) -> None:
    database.person("wang")
    with database.connect() as owner, database.connect("wang") as wang:
        assert begun(wang, add_file(owner, None, b"")) == {"whole": True, "pieces": []}


def test_who_does_not_see_the_complaint_gets_neither_row_nor_piece(house: House, database: Database) -> None:
    complaint = house.log("anna")
    fields = {
        "complaint_id": str(complaint),
        "name": "bill.pdf",
        "media_type": "application/pdf",
        "size": 5,
        "digest": hashlib.sha256(b"12345").hexdigest(),
    }
    author = house.as_if("anna").author
    operation = author.describe("attachment.add", {"id": author.new_id(), "fields": fields})
    assert house.desks["bela"].push(replace(operation, id=uuid.uuid4()))["rejected"] == "denied"
    assert house.desks["anna"].push(operation) == {"ok": True}
    file = uuid.UUID(operation.payload["id"])
    anna, bela = house.desks["anna"], house.desks["bela"]
    assert put(anna.connection, file, 0, b"12345")
    assert anna.sees()["attachment"] == {file}
    assert got(house.desks["chen"].connection, file, 0) == b"12345"
    assert "attachment" not in bela.sees()
    assert got(bela.connection, file, 0) is None
    for ask in (begun, lambda session, file: put(session, file, 0, b"12345")):
        with pytest.raises(psycopg.Error, match="no such file"):
            ask(bela.connection, file)
    told = bela.connection.execute("SELECT count(*) FROM crm.feed WHERE pk = %s", (file,)).fetchone()
    assert told == (0,)
    heir = str(bela.person.agent_id)
    house.step("anna", complaint, "H1", extra={"to": heir, "team_id": house.teams["bela"]})
    assert got(bela.connection, file, 0) == b"12345", "it goes with the complaint"
    assert got(house.desks["chen"].connection, file, 0) is None
    for table in ("crm.attachment_piece", "crm.attachment_whole"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            bela.connection.execute(f"SELECT * FROM {table}")


SOUND = {"name": "x.pdf", "media_type": "", "size": MIB, "digest": "ab" * 32}
UNFIT: list[tuple[dict[str, object], str]] = [
    ({"size": 25 * MIB + 1}, "at most. Make it smaller"),
    ({"size": -1}, "at most. Make it smaller"),
    ({"digest": "x"}, "no file that can be attached"),
    ({"name": ""}, "no file that can be attached"),
    ({"name": "刹" * 86}, "no file that can be attached"),
    ({"name": "../x"}, "no file that can be attached"),
    ({"name": "a\\b"}, "no file that can be attached"),
    ({"name": "a\nb"}, "no file that can be attached"),
    ({"name": ".."}, "no file that can be attached"),
    ({"customer_id": None}, "belongs to a complaint or a customer"),
]


@pytest.mark.parametrize(("fields", "why"), UNFIT)
def test_the_server_takes_no_unfit_file(database: Database, fields: dict[str, object], why: str) -> None:
    database.person("wang")
    with database.connect() as owner, database.connect("wang") as wang:
        customer = add_customer(owner)
        given = {**SOUND, "customer_id": str(customer), **fields}
        told = Sender(wang).send("attachment.add", {"id": str(uuid.uuid4()), "fields": given})
        assert told["rejected"] == "invalid"
        assert why in told["why"]
        told["why"].format(**told["values"])
        assert owner.execute("SELECT count(*) FROM crm.attachment").fetchone() == (0,)


def test_a_record_has_200_mb_at_most(database: Database) -> None:
    database.person("wang")
    with database.connect() as owner, database.connect("wang") as wang:
        customer, other = add_customer(owner), add_customer(owner)
        sender = Sender(wang)

        def send(of: uuid.UUID, size: int) -> dict[str, Any]:
            fields = {**SOUND, "customer_id": str(of), "size": size}
            return sender.send("attachment.add", {"id": str(uuid.uuid4()), "fields": fields})

        assert [send(customer, 25 * MIB) for _ in range(8)] == [{"ok": True}] * 8
        assert send(customer, 1)["why"].startswith("The files here would have more than {limit} MB")
        assert send(other, 1) == {"ok": True}


def test_an_erased_persons_files_go_with_their_pieces(database: Database) -> None:
    with database.connect() as owner:
        customer = add_customer(owner)
        file, other = add_file(owner, None, customer_id=customer), add_file(owner, None)
        for each in (file, other):
            owner.execute("INSERT INTO crm.attachment_piece VALUES (%s, 0, 'x')", (each,))
        told = owner.execute("SELECT crm.erase_customer(%s)", (customer,)).fetchone()[0]
        assert told["tables"]["attachment"] == 1
        left = owner.execute("SELECT attachment FROM crm.attachment_piece").fetchall()
        assert left == [(other,)]
        audit = "SELECT count(*) FROM crm.audit a JOIN crm.audit_value v ON v.audit = a.n WHERE a.pk = %s"
        assert owner.execute(audit, (file,)).fetchone() == (0,)


def test_the_digest_is_what_makes_it_whole(database: Database) -> None:
    """With the comparison gone any bytes would pass for the file: the tests above must see that."""
    database.person("wang")
    mutate(database, "crm.put_piece(uuid, integer, bytea)", "<> held.digest", "= 'never'")
    with database.connect() as owner, database.connect("wang") as wang:
        file = add_file(owner, None, b"right")
        assert put(wang, file, 0, b"wrong")
