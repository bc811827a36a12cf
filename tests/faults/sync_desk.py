"""One desk as a process: somebody works without a pause, shared with a server, until he is told to rest.

It says on standard output what was kept here (``did OPERATION KIND CUSTOMER``) and which contents of files
were read, on standard input it takes ``rest``, ``drain`` (until nothing waits), ``level`` (one more round,
over a new connection), ``send`` (until no content waits), ``look`` (at all files), ``tidy``, ``clock SHIFT``
and ``end``. With ``FAULT_POINT=NAME:N`` in the environment it is killed at the N-th time that point is
reached; what it sends is sent twice now and then.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from crmdesk.errors import CrmdeskError
from crmdesk.models.customer import Customer, open_customer
from crmdesk.models.note import append_note
from crmdesk.models.operations import Operation
from crmdesk.models.task import Task, open_task
from crmdesk.models.wire import Row
from crmdesk.services.followers import followers
from crmdesk.services.profile import Profile, open_profile
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.keys import KeyFileSecrets
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync import contents, intake, outbox, session, sharing
from crmdesk.services.sync.address import PASSWORD, ServerAddress
from crmdesk.services.sync.copying import CopyElsewhere
from crmdesk.services.sync.first_sync import SUFFIX
from crmdesk.services.sync.worker import Pace, SyncWorker
from tests.faults import sync_complaints
from tests.faults.points import FILE_POINTS, FORM_POINTS, plant, plant_in_copy, plant_in_files, plant_in_forms
from tests.faults.sync_files import Files
from tests.faults.sync_forms import Forms

TWICE = 0.1
"""Of what is sent, so much is sent twice."""
FILES, FILES_TO_DIE_AT = 0.05, 0.5
"""Of what is done, so much is done with files; by whoever is to die at one of its points."""
FORMS, FORMS_TO_DIE_AT = 0.05, 0.7
"""The same with forms of new complaints."""
PAGE_ROWS = 20
"""Of a first copy, so many rows come at once."""
AFTER_FILES_SECONDS = (0.5, 3.0)
"""People do nothing for a while then."""
COMPLAINTS_TO = (0.2, 0.45)
"""Up to this number of the dice people do something with complaints; the administrator does more."""
TRIES = 200
"""So often contents are sent at most that wait."""
Done = tuple[UUID, str, UUID | None]
"""An operation's id and kind, and whose record it is about."""
HINTS = ("rings twice", "后门", "call after five", "dog")


def marked(team: str, login: str) -> str:
    """Return a word that tells whose text it stands in; search indexes keep it whole."""
    return f"sekret{team}by{login}z"


def tell(*words: object) -> None:
    """Write one line past all buffers of this process."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Worker:
    """Works in an open profile."""

    def __init__(self, profile: Profile, store: Store, chance: random.Random, teams: dict[str, UUID]) -> None:
        held = store.read(sharing.server_of).result()
        assert held is not None
        address = ServerAddress.from_values(held)
        self.login = address.user
        self._store = store
        self._chance = chance
        self._teams = teams
        self._resting = threading.Event()
        self._rested = threading.Event()
        pace = Pace(
            poll=1.0,
            poll_spread=0.5,
            first_retry=0.05,
            longest_retry=0.5,
            lasting_retry=0.5,
            chance=random.Random(chance.random()),
        )
        copy = small_copy(profile, address) if os.environ.get("FAULT_COPY") else None
        self.sync = SyncWorker(store, profile, address, pace=pace, copy=copy)
        store.on_change(self.sync.changed)
        self.files_share, self.forms_share = FILES, FORMS
        self.files = Files(store, profile, chance, self._mark, tell)
        self.forms = Forms(store, profile, chance, self._own_mark, tell)

    def work(self) -> None:
        """Do one thing after the other until told to rest."""
        while not self._resting.wait(self._chance.uniform(0.02, 0.3)):
            try:
                done = self._one()
            except CrmdeskError as refused:
                tell("not", type(refused).__name__, str(refused))
            else:
                if done is not None:
                    tell("did", *done)
            if self.sync.locked:
                # Of a full disk this is another victim; he presses the key again.
                with contextlib.suppress(CrmdeskError):
                    self.sync.retry()
        self._rested.set()

    def rest(self) -> None:
        """Begin nothing more."""
        self._resting.set()
        self._rested.wait()

    def drain(self) -> None:
        """Go on until nothing waits for the server."""
        while True:
            try:
                done = self.sync.run_once()
                waiting = self._store.read(outbox.counts).result()
                if not waiting.pending:
                    return
                sys.stderr.write(f"drain: {done} {waiting}\n")
            except CrmdeskError as trouble:
                sys.stderr.write(f"drain: {trouble}\n")
            threading.Event().wait(0.05)

    def level(self) -> None:
        """Do one more round over a new connection: what was in the way of an erasure is looked at first."""
        self.sync.close_line()
        for _ in range(TRIES):
            try:
                self.sync.run_once()
            except CrmdeskError as trouble:
                sys.stderr.write(f"level: {trouble}\n")
                threading.Event().wait(0.05)
            else:
                return

    def begin(self) -> None:
        """Do what a window does when it begins: sweep, and end what was being saved."""
        with contextlib.suppress(CrmdeskError):
            self.files.sweep()
            self.forms.take_over()

    def look_around(self) -> None:
        """Tell of the contents of all files here."""
        self.files.look_around()
        self.forms.look_around()

    def send(self) -> None:
        """Go on until no content waits for the server."""
        for _ in range(TRIES):
            with contextlib.suppress(CrmdeskError):
                self.sync.run_once()
                self.sync.contents.wake(wait=True)
            if not self._store.read(contents.waiting).result():
                return
            threading.Event().wait(0.05)

    def _one(self) -> Done | None:
        if self._chance.random() < self.forms_share:
            done = self.forms.something()
            return done and self._after_files(done)
        if self._chance.random() < self.files_share:
            return self._after_files(self.files.something())
        wrote: Done = self._store.write(self._something).result().result
        return wrote

    def _after_files(self, done: Done | None) -> Done | None:
        """Rest a while: contents go while nothing else waits."""
        self._resting.wait(self._chance.uniform(*AFTER_FILES_SECONDS))
        return done

    def _something(self, work: UnitOfWork) -> Done:
        """Do one thing with rows."""
        known = [UUID(bytes=key) for (key,) in work.connection.execute("SELECT id FROM customer ORDER BY id")]
        row = work.row("agent", UUID(work.author.actor))
        dice, whose = self._chance.random(), self._chance.choice(known) if known else None
        if whose is None or dice < 0.06:
            made = open_customer(work.author, {"name": f"customer {uuid4().hex[:6]}", "kind": "person"})
            whose = UUID(made.payload["id"])
        elif dice < COMPLAINTS_TO[(row["role"] if row else "") == sync_complaints.ADMINISTRATOR]:
            text = f"{self._marked_own(row)} {uuid4().hex}"
            return sync_complaints.something(work, self._chance, whose, text)
        elif dice < 0.5:
            made = self._note(work, whose)
        elif dice < 0.8:
            whose = self._chance.choice(known[:6])
            held = work.load(Customer, whose)
            name = self._chance.choice(("hint", "tier", "name_alt", "language"))
            value = {"tier": ("", "gold", "silver"), "language": ("zh", "en")}.get(name, HINTS)
            made = held.change(work.author, {name: self._chance.choice(value)}, held.rev)
        else:
            made, whose = self._task(work, whose)
        work.do(made)
        work.commit()
        return made.id, made.kind, whose

    def _mark(self, team: bytes | None) -> str:
        """Return what the name of a file of *team* begins with; None: everybody's."""
        keys = {each.bytes: key for key, each in self._teams.items()}
        return marked(keys[team], self.login) if team in keys else "file"

    def _own_mark(self) -> str:
        """Return the word that a complaint written down here begins with."""
        return self._marked_own(self._store.read(_agent, UUID(self._store.author.actor)).result())

    def _marked_own(self, row: Row | None) -> str:
        """Return what tells to which team a complaint written down here would go; *row*: who sits here."""
        keys = {team: key for key, team in self._teams.items()}
        team = keys.get(row["team_id"], "") if row else ""
        return marked(team, self.login) if team else "complaint"

    def _note(self, work: UnitOfWork, customer: UUID) -> Operation:
        team = self._chance.choice((None, *self._teams))
        text = f"{marked(team, self.login) if team else 'note'} {uuid4().hex}"
        if self._chance.random() < 0.05:
            text += " a whole letter" * 1_000
        target = {"team_id": self._teams[team]} if team else {}
        return append_note(work.author, text, customer_id=customer, **target)

    def _task(self, work: UnitOfWork, customer: UUID) -> tuple[Operation, UUID | None]:
        tasks = work.connection.execute("SELECT id FROM task ORDER BY id LIMIT 5").fetchall()
        if len(tasks) < 5:
            fields = {"subject": f"task {uuid4().hex[:6]}", "customer_id": str(customer)}
            return open_task(work.author, fields), customer
        held = work.load(Task, UUID(bytes=self._chance.choice(tasks)[0]))
        if self._chance.random() < 0.3:
            team = self._chance.choice(list(self._teams.values()))
            return held.change(work.author, {"team_id": str(team)}, held.rev), held.customer_id
        changes = {"subject": f"task {uuid4().hex[:6]}"}
        return held.change(work.author, changes, held.rev), held.customer_id


def _agent(connection: Connection, agent_id: UUID) -> Row | None:
    return StoredRows(connection).get("agent", agent_id)


def send_badly(chance: random.Random) -> None:
    """Have some of what is sent sent twice; tell of gaps and of answers that differ."""
    conversation: Any = session
    send = conversation.send

    def badly(*asked: Any) -> Any:
        sent = send(*asked)
        if chance.random() < TWICE and sent.trouble is None:
            again = send(*asked)
            first = [("ok" in each.result, each.n) for each in sent.answers]
            second = [("ok" in each.result, each.n) for each in again.answers]
            tell("twice", len(first))
            # What had to wait the first time ended the answers there; what was answered stays as it was.
            if again.trouble is None and first != second[: len(first)]:
                tell("unequal", first, second)
            sent = again
        if sent.gap is not None:
            tell("gap", sent.gap)
        return sent

    conversation.send = badly


def small_copy(profile: Profile, address: ServerAddress) -> CopyElsewhere:
    """Return what a first copy is made with as if there were much to copy."""
    path, password = profile.store_path, profile.secrets.get(profile.id, PASSWORD) or ""
    beside = path.with_name(path.name + SUFFIX)
    return CopyElsewhere(beside, profile.key, address, password, PAGE_ROWS, at_once=0)


def tell_of_copies() -> None:
    """Have it said when a first copy has taken the store's place."""
    receiver: Any = intake.Intake
    copied = receiver._copied

    def told(receiving: Any) -> Any:
        taken = copied(receiving)
        if not receiving._copying:
            tell("copied")
        return taken

    receiver._copied = told


def die_at(point: str) -> Callable[[str], None]:
    """Return what kills this process when *point* (NAME:N) is reached."""
    name, _, count = point.partition(":")
    left = [int(count or 1)]

    def reached(at: str) -> None:
        if at == name:
            left[0] -= 1
            if left[0] == 0:
                tell("dies", at)
                os.kill(os.getpid(), signal.SIGKILL)

    return reached


def main(folder: Path, seed: str, teams: dict[str, UUID]) -> None:
    """Work in the profile *folder* until ``end``."""
    faulthandler.register(signal.SIGUSR1)
    # Whoever listens hears the end with our own, not with that of a child that survives us.
    os.set_inheritable(sys.stdout.fileno(), False)
    chance = random.Random(seed)
    secrets = KeyFileSecrets(folder.with_name(folder.name + "-keys.json"))
    with open_profile(folder, secrets=secrets, wait_seconds=10.0) as profile:
        store = profile.open_store(folder.with_name(folder.name + "-agent").read_text(), followers)
        if point := os.environ.get("FAULT_POINT"):
            reached = die_at(point)
            plant(reached)
            plant_in_files(reached)
            plant_in_forms(reached)
            plant_in_copy(reached)
        tell_of_copies()
        send_badly(random.Random(f"{seed} twice"))
        desk = Worker(profile, store, chance, teams)
        if point and point.partition(":")[0] in FILE_POINTS:
            desk.files_share = FILES_TO_DIE_AT
        if point and point.partition(":")[0] in FORM_POINTS:
            desk.forms_share = FORMS_TO_DIE_AT
        desk.begin()
        desk.sync.start()
        busy = threading.Thread(target=desk.work)
        if os.environ.get("FAULT_IDLE"):
            desk.rest = lambda: None  # type: ignore[method-assign]
        else:
            busy.start()
        tell("ready")
        orders = {"rest": desk.rest, "drain": desk.drain, "level": desk.level, "send": desk.send}
        orders |= {"look": desk.look_around, "tidy": desk.files.tidy}
        for line in sys.stdin:
            order = line.strip()
            if order == "end":
                break
            if order.startswith("clock "):
                profile.clock.set(order.removeprefix("clock "))
                continue
            with contextlib.suppress(CrmdeskError):
                orders[order]()
                tell("done", order)
        desk.rest()
        desk.files.close()
        desk.forms.close()
        desk.sync.close()
        store.close()


if __name__ == "__main__":
    _, place, start, *pairs = sys.argv
    main(Path(place), start, {key: UUID(value) for key, _, value in (pair.partition("=") for pair in pairs)})
