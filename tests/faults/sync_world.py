"""The world of the fault run: a server of its own, people at desks behind lines that fail, a backup."""

from __future__ import annotations

import json
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

import psycopg

from crmdesk.errors import CrmdeskError
from crmdesk.services.followers import followers
from crmdesk.services.profile import new_profile, open_profile
from crmdesk.services.server.install import after_restore, init
from crmdesk.services.store.keys import KeyFileSecrets
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.join import join
from tests.cluster import Cluster, Database, Person, binaries, team_id
from tests.faults.lines import BadLine, line_to
from tests.faults.points import COPY_POINTS
from tests.faults.small_disk import Disk, SmallDisk
from tests.faults.sync_complaints import CODES
from tests.faults.sync_desk import marked
from tests.faults.sync_files import NUMBER, attach_hidden

ROOT = Path(__file__).resolve().parents[2]
TEAMS = ("hotline", "legal", "workshop")
ROLES = (*("supervisor",) * 3, "administrator", *("agent",) * 4)
"""Whoever sits at the desks, one at each; the last one joins late."""
SMALL = 2
"""So many desks have a small disk of their own."""
PATIENCE_SECONDS = 240.0
CANARY_BYTES = 2_000
ERASABLE = """
SELECT c.id FROM crm.customer c
CROSS JOIN LATERAL (
    SELECT count(*) AS all_of_them, count(*) FILTER (WHERE s.open) AS open
    FROM crm.complaint f JOIN crm.procedure_state s ON s.key = f.state WHERE f.customer_id = c.id) f
WHERE f.open = 0 AND (f.all_of_them = 0 OR NOT %s) AND EXISTS (
    SELECT 1 FROM crm.attachment a LEFT JOIN crm.complaint f ON f.id = a.complaint_id
    WHERE c.id IN (a.customer_id, f.customer_id))
ORDER BY f.all_of_them DESC, c.id LIMIT 1
"""
"""Customers that can be erased and have files; without complaints at all if need be."""
SAID = """
SELECT text FROM crm.note WHERE customer_id = %(customer)s
UNION ALL SELECT b.what_happened FROM crm.complaint_body b JOIN crm.complaint c USING (id)
WHERE c.customer_id = %(customer)s
UNION ALL SELECT a.name FROM crm.attachment a LEFT JOIN crm.complaint c ON c.id = a.complaint_id
WHERE %(customer)s IN (a.customer_id, c.customer_id)
"""
"""What is said of a customer."""


class DeskProcess:
    """One person's desk: its profile lives on, its process comes and goes."""

    def __init__(self, world: World, person: Person, line: BadLine, disk: Disk) -> None:
        self.person, self.world, self.line, self.disk = person, world, line, disk
        self.folder = disk.folder / "profile"
        self.log = world.folder / f"{person.login}.log"
        self.said: list[list[str]] = []
        self.points: tuple[str, ...] = ()
        """Where it is to die once each, one after the other; its first copy is one of much then."""
        self.lives = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._ear: threading.Thread | None = None

    def furnish(self) -> None:
        """Make the profile."""
        first = new_profile(self.folder, test=True, secrets=self._secrets, environment={})
        self.folder.with_name(self.folder.name + "-agent").write_text(str(self.person.agent_id))
        with first.profile as profile:
            self.key, self.store_path, self.drafts_path = profile.key, profile.store_path, profile.drafts_path

    def join(self) -> None:
        """Share the server from now on."""
        database = self.world.database
        ca, login = str(database.ca), self.person.login
        address = ServerAddress("127.0.0.1", self.line.port, database.name, login, ca)
        opened = open_profile(self.folder, secrets=self._secrets, environment={})
        with opened as profile, closing(profile.open_store(followers=followers)) as store:
            self.line.use(lambda: join(profile, store, address, self.person.password, adopt=False))

    @property
    def _secrets(self) -> KeyFileSecrets:
        return KeyFileSecrets(self.folder.with_name(self.folder.name + "-keys.json"))

    def start(self, **environment: str) -> None:
        """Sit down; *environment* may name a point to die at, and a clock."""
        self.lives += 1
        if self.points:
            died = {each[1] for each in self.said if each[0] == "dies"}
            left = [point for point in self.points if point not in died]
            environment = {**environment, "FAULT_COPY": "1", **({"FAULT_POINT": left[0]} if left else {})}
        words = [f"{key}={value}" for key, value in self.world.teams.items()]
        seed = f"{self.world.seed}/{self.person.login}/{self.lives}"
        program = [sys.executable, "-m", "tests.faults.sync_desk"]
        command = [*self.line.command, *program, str(self.folder), seed, *words]
        pipe = subprocess.PIPE
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=log, cwd=ROOT, env={**os.environ, **environment}
            )
        self._ear = threading.Thread(target=self._listen, args=(self.process,))
        self._ear.start()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            words = line.decode().split()
            self.said.append(words)
            if words[0] in {"done", "ready"}:
                self._answers.put(words[-1])
        self._answers.put("gone")

    def order(self, word: str) -> None:
        """Tell it something; see the desk."""
        assert self.process is not None and self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(word.encode() + b"\n")
            self.process.stdin.flush()

    def await_answer(self, word: str) -> bool:
        """Wait until it says that *word* is done; False when it died."""
        while True:
            try:
                told = self._answers.get(timeout=PATIENCE_SECONDS)
            except queue.Empty:
                raise RuntimeError(f"{self.person.login} does not answer {word}:\n{self._where()}") from None
            if told == "gone":
                return False
            if told == word:
                return True

    def _where(self) -> str:
        """Return where its threads stand, and what it said before."""
        self.signal(signal.SIGUSR1)
        threading.Event().wait(1.0)
        threads = [thread.is_alive() for thread in self.line._threads].count(True)
        state = f"line closed {self.line.closed.is_set()}, {threads} threads\n"
        with self.world.database.connect() as owner:
            found = owner.execute(
                "SELECT usename, state, wait_event, left(query, 60), count(*) FROM pg_stat_activity"
                " WHERE usename IS NOT NULL GROUP BY 1, 2, 3, 4"
            ).fetchall()
        return state + "\n".join(map(str, found)) + "\n" + self.log.read_text(errors="replace")[-6000:]

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def gone(self) -> bool:
        """Whether nobody sits there."""
        return self.process is None or self.process.poll() is not None

    def collect(self) -> None:
        """Clear away after the process ended."""
        if self.process is not None and self._ear is not None:
            self.process.wait(PATIENCE_SECONDS)
            self._ear.join()
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    with suppress(BrokenPipeError):
                        stream.close()
        self._answers = queue.Queue()


class World:
    """Everything of one run; use as a context manager.

    Args:
        seed: of all dice.
        kernel: whether the kernel breaks lines and disks, as root; else the proxy and limits on files do.
    """

    def __init__(self, seed: int, *, kernel: bool) -> None:
        self.seed = seed
        self.kernel = kernel
        self.chance = random.Random(seed)
        found = binaries()
        if found is None:
            raise SystemExit("no PostgreSQL server is installed on this machine")
        self.folder = Path(tempfile.mkdtemp(prefix="crmdesk-faults-"))
        self.cluster = Cluster(found, self.folder)
        self.cluster.own(self.folder)
        self.folder.chmod(0o755)
        self.teams: dict[str, UUID] = {}
        self.rooms: list[DeskProcess] = []
        self.desks: list[DeskProcess] = []
        """Of the rooms those in which somebody works; one comes late."""
        self.device = uuid4()
        self.canaries = 0
        self.sent_meanwhile = 0
        self.erased: dict[UUID, frozenset[str]] = {}
        """Who was erased, and the numbers of what was said of him."""

    def __enter__(self) -> Self:
        """Start the server, let everybody join."""
        self.cluster.create()
        # Made directly: a template's copy with an unlogged table survives no crash of PostgreSQL 15.
        self.database: Database = self.cluster.empty_database("house")
        init(self.database.owner_dsn, test=True, password=self.database.password())
        self.boss = self.database.person("boss", "supervisor", ("board",))
        self.teams = {key: team_id(key) for key in TEAMS}
        for n, role in enumerate(ROLES):
            person = self.database.person(f"p{n}", role, teams=(TEAMS[n % 3],))
            line = line_to(self.cluster.port, n, kernel=self.kernel)
            small = len(ROLES) - SMALL - 1 <= n < len(ROLES) - 1
            made = SmallDisk if self.kernel and small else Disk
            desk = DeskProcess(self, person, line, made(self.folder / person.login))
            desk.line.__enter__()
            self.rooms.append(desk)
            desk.furnish()
        *first, self.latecomer = self.rooms
        self.latecomer.points = COPY_POINTS
        for desk in first:
            desk.join()
            self.desks.append(desk)
        self.found_customers()
        return self

    def __exit__(self, *_: object) -> None:
        """End all that was started here."""
        for desk in self.rooms:
            desk.signal(signal.SIGKILL)
            desk.collect()
            desk.line.__exit__()
            desk.disk.close()
        self.cluster.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def let_in(self) -> bool:
        """Have the last one join while all others work; return whether it could be done: try again."""
        with suppress(CrmdeskError):
            self.latecomer.join()
            self.latecomer.start()
            self.desks.append(self.latecomer)
            return True
        return False

    @property
    def small(self) -> list[DeskProcess]:
        """The desks whose disk may be full."""
        return self.rooms[-SMALL - 1 : -1]

    def owner(self) -> Any:
        """Return a connection of the server's owner, once it has come up again."""
        pause = threading.Event()
        for _ in range(int(PATIENCE_SECONDS)):
            with suppress(psycopg.OperationalError):
                return self.database.connect()
            pause.wait(1.0)
        return self.database.connect()

    def found_customers(self) -> None:
        """Have some customers that everybody talks to, and what they may complain about."""
        with self.database.connect() as owner:
            for table, key in CODES:
                owner.execute(f"INSERT INTO crm.{table} (id, key) VALUES (%s, %s)", (team_id(key), key))
        for n in range(6):
            self._push("customer.create", {"fields": {"name": f"house {n}", "kind": "person"}, "points": []})

    def drop_canary(self) -> None:
        """Have the boss write what nobody at these desks may read, and attach it."""
        with self.database.connect() as owner:
            (customer,) = owner.execute("SELECT id::text FROM crm.customer LIMIT 1").fetchone()
        text = f"{marked('board', 'boss')} {uuid4().hex}"
        words = {"call_id": None, "customer_id": customer, "text": text, "team_id": str(team_id("board"))}
        self._push("note.append", words)
        with self.database.connect() as owner, owner.transaction():
            attach_hidden(owner, customer, team_id("board"), f"{text} {CANARY_BYTES}")
        self.canaries += 1

    def _found_stranger(self, owner: Any) -> None:
        """Have somebody new of whom there is a file that one team sees, and who has no complaints yet."""
        customer, team = uuid4(), "hotline"
        text = f"{marked(team, 'boss')} {uuid4().hex}"
        fields = {"name": "a stranger", "kind": "person"}
        self._push("customer.create", {"id": str(customer), "fields": fields, "points": []})
        attach_hidden(owner, str(customer), self.teams[team], f"{text} {CANARY_BYTES}")

    def erase(self, *, without_complaints: bool = False) -> bool:
        """Have somebody erased who has files and no open complaint; return whether it was done.

        A server that is just being started, a deadlock with a desk that sends, nobody to be found: try again.
        """
        with suppress(psycopg.Error), self.database.connect() as owner, owner.transaction():
            found = owner.execute(ERASABLE, (without_complaints,)).fetchone()
            if found is None:
                self._found_stranger(owner)
                return False
            (customer,) = found
            said = owner.execute(SAID, {"customer": customer}).fetchall()
            owner.execute("SELECT crm.erase_customer(%s, 'his wish')", (customer,))
            self.erased[customer] = frozenset(NUMBER.findall(" ".join(text for (text,) in said)))
            return True
        return False

    def _push(self, kind: str, payload: dict[str, Any]) -> None:
        with self.database.connect("boss") as boss:
            told = boss.execute("SELECT crm.register_device(%s, NULL, 'boss')", (self.device,)).fetchone()[0]
            answer = boss.execute(
                "SELECT crm.push(%s, %s, %s, %s, 1, %s::text, NULL, now(), 0, 0)",
                (self.device, told["last_n"] + 1, uuid4(), kind, json.dumps({"id": str(uuid4()), **payload})),
            ).fetchone()[0]
            assert answer == {"ok": True}, answer
            boss.execute("SELECT crm.stamp()")

    @property
    def backup(self) -> Path:
        """Where the copy of the server's folder lies."""
        return self.folder / "backup"

    def take_backup(self) -> None:
        """Copy the server's folder as it is between a stop and a start."""
        self.cluster.stop()
        subprocess.run(["cp", "-a", str(self.cluster.data), str(self.backup)], check=True)
        self.cluster.start()

    def restore(self) -> None:
        """Put the backup in the server's place, with the lines closed, and make it fit to work with."""
        for desk in self.desks:
            desk.line.closed.set()
        self.cluster.stop(signal.SIGQUIT)
        self.cluster.data.rename(self.folder / f"lost-{time.monotonic_ns()}")
        subprocess.run(["cp", "-a", str(self.backup), str(self.cluster.data)], check=True)
        self.cluster.start()
        after_restore(self.database.owner_dsn, password=self.database.password())
        with self.database.connect() as owner:
            for customer in self.erased:
                owner.execute("SELECT crm.erase_customer(%s, 'again')", (customer,))
            for desk in self.desks:
                # Who was put off when the backup was made has been let back since.
                owner.execute("SELECT crm.set_person(%s, NULL, NULL, NULL, NULL)", (desk.person.login,))
        for desk in self.desks:
            desk.line.closed.clear()
