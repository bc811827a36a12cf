"""Some desks on one server, each a process of the installed program with its person, and a clock for all."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from crmdesk.services.server.people import furnish
from crmdesk.services.store.connection import open_connection
from tests.blackbox.conftest import Desk, Refused, Rpc
from tests.blackbox.test_two_desks import PASSWORD, House
from tests.cluster import Cluster
from tests.oracle import Rows, rows_here, rows_there, shared_columns
from tests.services.sync.proxy import Line

FILES = (
    *("complaint", "complaint_body", "complaint_event", "clock_line", "remedy_line", "approval"),
    *("letter", "survey", "corrective_action", "note", "task"),
)
"""What a complaint is made of."""
CHECKLIST = dict.fromkeys(("ours", "facts", "in_time", "undecided", "not_query"), True)
UNREACHED = -32010


def money(amount: str) -> dict[str, str]:
    """Return money on the wire."""
    return {"amount": amount, "currency": "CNY"}


class Seat:
    """Somebody at his desk: one process, one profile, one account, a line of its own to the server."""

    def __init__(self, house: House, login: str, stack: ExitStack) -> None:
        self.login = login
        self._house = house
        self.line = Line(house.cluster.port)
        self.line.__enter__()
        stack.callback(self._hang_up)
        self.desk = house.desk(login)
        place = f"127.0.0.1:{self.line.port}/{house.database}"
        words = (
            "server",
            "join",
            place,
            "--user",
            login,
            "--ca",
            str(house.ca),
            "--password-stdin",
            "--json",
        )
        done = self.desk.run(*words, stdin=PASSWORD + "\n")
        assert done.returncode == 0, done.stderr.decode()
        self.tag: str = json.loads(done.stdout)["tag"]
        self.rpc: Rpc
        self.id = ""

    def _hang_up(self) -> None:
        self.line.__exit__()

    def sit_down(self, moment: str, stack: ExitStack) -> None:
        """Start the program."""
        self.rpc = stack.enter_context(self.desk.rpc(CRMDESK_CLOCK=moment))
        self.rpc.ask("sync.run")
        everybody = self.rpc.ask("agent.list")["items"]
        self.id = next(each["id"] for each in everybody if each["login"] == self.login)

    def ask(self, method: str, **params: Any) -> Any:
        """Ask the program."""
        return self.rpc.ask(method, **params)

    def call(self, number: str, name: str) -> str:
        """Take a call; return its id."""
        self.ask("call.ring", external_id=name, **{"from": number})
        return str(self.ask("call.answer", external_id=name)["call"]["id"])

    def step(self, complaint: str, transition: str, **fields: Any) -> Any:
        """Take a step on a complaint as this desk shows it; return the complaint."""
        seen = self.ask("complaint.get", id=complaint)["complaint"]
        return self.ask(
            "complaint.transition",
            id=complaint,
            transition=transition,
            from_state=seen["state"],
            base_version=seen["version"],
            fields=fields,
        )["complaint"]

    def denied(self, complaint: str, transition: str, **fields: Any) -> str:
        """Try a step that may not be taken; return why."""
        before = self.ask("complaint.get", id=complaint)
        try:
            self.step(complaint, transition, **fields)
        except Refused as refused:
            assert self.ask("complaint.get", id=complaint) == before
            return str(refused)
        raise AssertionError(f"{self.login} may do {transition}")

    def undo(self, complaint: str) -> Any:
        """Take back the last step."""
        (last,) = self.ask("complaint.history", id=complaint, limit=1)["items"]
        return self.step(complaint, "U1", operation_id=last["id"])

    def letter(self, complaint: str, kind: str, via: str = "", **said: Any) -> str:
        """Make a letter, and send it if *via* says how; return its id."""
        made = self.ask("letter.make", complaint_id=complaint, kind=kind, **said)
        assert made["unprintable"] == ""
        if via:
            self.ask("letter.send", id=made["id"], sent_via=via)
        return str(made["id"])

    def solved(self, complaint: str, **how: Any) -> Any:
        """The customer accepts, and everything he was promised is done (T11)."""
        lines = self.ask("complaint.get", id=complaint)["complaint"]["remedies"]
        done = [{"id": line["id"], "done_at": self.ask("system.info")["now"]} for line in lines]
        return self.step(complaint, "T11", **how, remedies_state=done)

    def sync(self, refused: int = 0) -> None:
        """Send and fetch."""
        done = self.ask("sync.run")
        assert (done["refused"], done["pending"]) == (refused, 0), self.ask("sync.refused")

    @contextmanager
    def offline(self) -> Iterator[None]:
        """Be cut off from the server."""
        port = self.line.port
        self.line.__exit__()
        yield
        try:
            self.ask("sync.run")
        except Refused as refused:
            assert refused.code == UNREACHED
        else:
            raise AssertionError("this desk reaches the server")
        self.line = Line(self._house.cluster.port, socket.create_server(("127.0.0.1", port)))
        self.line.__enter__()

    def rows(self, tables: dict[str, tuple[str, ...]]) -> dict[str, Rows]:
        """Return the rows of *tables* in this desk's file, by SQL."""
        (kept,) = json.loads(Path(self.desk.environment["CRMDESK_KEY_FILE"]).read_text()).values()
        key = bytes.fromhex(kept["store"])
        connection = open_connection(self.desk.path / "store.db", key, role="reader")
        try:
            return {table: rows_here(connection, table, names) for table, names in tables.items()}
        finally:
            connection.close()


class Company:
    """The desks, the server, and the time."""

    def __init__(self, house: House, logins: tuple[str, ...], stack: ExitStack) -> None:
        self.house = house
        self._stack = stack
        with ThreadPoolExecutor(3) as several:
            seats = list(several.map(lambda login: Seat(house, login, stack), logins))
        self.seats = {seat.login: seat for seat in seats}
        self.owner = stack.enter_context(house.cluster.connect(database=house.database))
        self.tables = {name: shared_columns(self.owner)[name] for name in FILES}

    def give_one_tag(self, first: str, second: str) -> None:
        """Let two desks give the same numbers, as after a mishap with the table of desks."""
        self.owner.execute("ALTER TABLE crm.device DROP CONSTRAINT device_tag_key")
        self.owner.execute(
            "UPDATE crm.device SET tag = %s WHERE tag = %s", (self.seats[first].tag, self.seats[second].tag)
        )

    def begin(self, moment: str) -> None:
        """Everybody sits down."""
        self.owner.execute("SELECT crm.set_clock(%s)", (moment,))
        for seat in self.seats.values():
            seat.sit_down(moment, self._stack)

    def at(self, moment: str) -> None:
        """Let it be *moment* everywhere."""
        for seat in self.seats.values():
            seat.ask("clock.set", at=moment)
        self.owner.execute("SELECT crm.set_clock(%s)", (moment,))

    def time_acts(self, moment: str) -> None:
        """Let it be *moment*, and let the server do what is due by then."""
        self.at(moment)
        self.share()
        while self.owner.execute("SELECT crm.run_due()").fetchone()[0]["complaints"]:
            continue
        self.share()

    def share(self) -> None:
        """Let everybody know everything: those who did something send it, then all fetch."""
        for seat in self.seats.values():
            if seat.ask("sync.status")["pending"]:
                seat.sync()
        for seat in self.seats.values():
            seat.sync()

    def comes(self, login: str) -> Seat:
        """Let somebody join now; what the server shows him is at his desk."""
        return Seat(self.house, login, self._stack)

    def rows_at_the_server(self, login: str) -> dict[str, Rows]:
        """Return what the server shows to somebody, by SQL."""
        place = self.house.cluster.conninfo(login, self.house.database)
        with psycopg.connect(place, password=PASSWORD) as session:
            session.execute("SET timezone = 'UTC'")
            return {table: rows_there(session, table, names) for table, names in self.tables.items()}


def company_of(cluster: Cluster, people: Mapping[str, str], folder: Path) -> House:
    """Return a house with a prepared server and accounts for *people*, login to role."""
    database = cluster.database()
    with database.connect() as admin:
        furnish(admin)
    for login, role in people.items():
        database.person(login, role, password=PASSWORD)
    return House(cluster, database.name, Desk(folder / "no profile", folder / "no keys.json"), folder)


def with_id(rows: Rows, complaint: str) -> dict[str, Any]:
    """Return the row that has the id of a complaint."""
    return rows[UUID(complaint).bytes]


def of(rows: Rows, complaint: str) -> list[dict[str, Any]]:
    """Return the rows that belong to a complaint."""
    return [row for row in rows.values() if row["complaint_id"] == UUID(complaint).bytes]
