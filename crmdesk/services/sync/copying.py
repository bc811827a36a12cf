"""A large first copy in a process of its own, so that the window's Python stays free.

What the process needs, the key and the password among it, comes as one line on its standard input, never as
an argument or in its environment. It answers with one JSON object a line: how far it is, that it is done, or
why it gave up. When its standard input ends, whoever wanted the copy is gone, and so goes the process; what
is copied stays and is gone on with. A lock beside the file keeps two from filling it at once; it is never
deleted, for then whoever waited for it and whoever comes next would each hold one.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from crmdesk import errors
from crmdesk.errors import CrmdeskError, ServerBusy, StoreBusy
from crmdesk.models.wire import Json
from crmdesk.services.store.files import FileLock
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.first_sync import AT_ONCE, PAGE_ROWS, FirstCopy
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.sync.connection import Link
    from crmdesk.services.sync.coverage import Coverage
    from crmdesk.services.sync.pull import Snapshot

COMMAND = "first-copy"
"""The sub-command of `crmdesk` that the process runs; not for people."""
LOOK_SECONDS = 0.5
"""How long the thread that shares waits for news of the copy before it sends what was written meanwhile."""
LOCK_SECONDS = 10.0
ROWS_PART = 0.6
"""The part of the whole work that is fetching rows; the rest is making indexes."""
_WITHOUT_WINDOW = 0x08000000
"""CREATE_NO_WINDOW of Windows."""
Say = Callable[[Mapping[str, Json]], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What the process needs; it travels through a pipe and is shown nowhere."""

    path: Path
    key: bytes
    address: ServerAddress
    password: str
    head: int
    fp: bytes
    scope: Mapping[str, Json]
    reached: int
    kind: str
    complete_from: str
    since: str
    page_rows: int

    def line(self) -> str:
        """Return it as one line."""
        values: dict[str, Json] = {name: getattr(self, name) for name in self.__slots__}
        values |= {"path": str(self.path), "key": self.key.hex(), "fp": self.fp.hex()}
        return json.dumps({**values, "address": dict(self.address.values), "scope": dict(self.scope)})

    @staticmethod
    def of_line(line: str) -> Job:
        """Return the job that *line* tells."""
        told = json.loads(line)
        told |= {"path": Path(told["path"]), "key": bytes.fromhex(told["key"])}
        told |= {"fp": bytes.fromhex(told["fp"]), "address": ServerAddress.from_values(told["address"])}
        return Job(**told)


def work(job: Job, say: Say) -> None:
    """Make the copy, or go on with it; in the process of its own.

    Raises:
        CrmdeskError: what is copied stays.
    """
    from crmdesk.services.sync.connection import connect, worded
    from crmdesk.services.sync.coverage import Coverage
    from crmdesk.services.sync.pull import Snapshot

    lock = FileLock(job.path.with_name(job.path.name + ".lock"))
    if not lock.acquire(LOCK_SECONDS):
        raise StoreBusy("Another program uses this store. Close it, or try again in a moment.")
    copy = FirstCopy(job.path, job.key, job.page_rows)
    since = datetime.fromisoformat(job.since)
    complete_from = datetime.fromisoformat(job.complete_from) if job.complete_from else None
    seen = Snapshot(job.head, job.fp, job.scope, job.reached, forked=False, news={}, at=since)
    try:
        with connect(job.address, job.password) as link, worded(job.address), link.patient():
            copy.begin(link, seen, Coverage(job.kind, "", complete_from, job.head), since)
            while (rows := copy.step(link)) >= 0:
                say({"rows": rows, "part": copy.progress * ROWS_PART})
        copy.finish(lambda part: say({"rows": 0, "part": ROWS_PART + part * (1 - ROWS_PART)}))
    finally:
        copy.close()
        lock.release()


def run(given: IO[str], told: IO[str]) -> int:
    """Do the job that the first line of *given* tells; the process ends when *given* does."""
    job = Job.of_line(given.readline())

    def say(news: Mapping[str, Json]) -> None:
        told.write(json.dumps(news) + "\n")
        told.flush()

    def end_with_whoever_asked() -> None:
        given.read()
        os._exit(1)

    threading.Thread(target=end_with_whoever_asked, daemon=True).start()
    _be_nice()
    try:
        work(job, say)
        say({"done": True})
    except CrmdeskError as trouble:
        values = {name: str(value) for name, value in trouble.values.items()}
        say({"trouble": type(trouble).__name__, "sentence": trouble.sentence, "values": values})
        return 1
    return 0


def _be_nice() -> None:
    """Leave the processor to the window."""
    if hasattr(os, "nice"):
        os.nice(5)


class CopyElsewhere:
    """A first copy that another process makes; used like :class:`FirstCopy` by the thread that shares.

    Args:
        path: the new file.
        key: 32 bytes, those of the store it will replace.
        address: of the server.
        password: of the account there.
        page_rows: rows of one transaction.
        at_once: up to so many rows in all no new file is made.
    """

    def __init__(
        self,
        path: Path,
        key: bytes,
        address: ServerAddress,
        password: str,
        page_rows: int = PAGE_ROWS,
        at_once: int = AT_ONCE,
    ) -> None:
        self.path = path
        self.at_once = at_once
        self.progress = 0.0
        self._key = key
        self._address = address
        self._password = password
        self._page_rows = page_rows
        self._process: _Process | None = None
        self._news: queue.Queue[Mapping[str, Json] | None] = queue.Queue()

    def begin(self, _link: Link, seen: Snapshot, coverage: Coverage, since: datetime) -> None:
        """Start the process; it begins at the snapshot *seen*, or goes on where an earlier one stopped."""
        self.close()
        complete_from = coverage.from_at.isoformat() if coverage.from_at else ""
        job = Job(
            self.path,
            self._key,
            self._address,
            self._password,
            seen.head,
            seen.fp,
            dict(seen.scope),
            seen.reached,
            coverage.kind,
            complete_from,
            since.isoformat(),
            self._page_rows,
        )
        self.progress, self._news = 0.0, queue.Queue()
        self._process = _Process(job, self._news)

    def step(self, _link: Link) -> int:
        """Wait a moment for news; return how many rows came since the last time, -1 when the file is whole.

        Raises:
            CrmdeskError: the process gave up, or is gone; what it copied is gone on with at the next attempt.
        """
        rows = 0
        try:
            news = self._news.get(timeout=LOOK_SECONDS)
            while True:
                if news is None or "trouble" in news:
                    self.close()
                    raise _trouble(news)
                if news.get("done"):
                    self.close()
                    return -1
                rows, self.progress = rows + int(news["rows"]), float(news["part"])
                news = self._news.get_nowait()
        except queue.Empty:
            return rows

    def finish(self) -> None:
        """Nothing is left to do: the other process finished the file."""

    def close(self) -> None:
        """End the process, if it still runs."""
        process, self._process = self._process, None
        if process is not None:
            process.end()


class _Process:
    """The other process, and the thread that passes on what it says."""

    def __init__(self, job: Job, news: queue.Queue[Mapping[str, Json] | None]) -> None:
        self._process = started()
        self._news = news
        self._thread = threading.Thread(target=self._listen, name="first-copy", daemon=True)
        self._thread.start()
        with contextlib.suppress(OSError):  # gone already: the listener tells
            hand_over(self._process, job)

    def end(self) -> None:
        """Have it ended, and let go of the pipes."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _listen(self) -> None:
        """Pass on what the process says; None when it says no more."""
        with contextlib.suppress(ValueError, OSError):
            for line in self._process.stdout or ():
                self._news.put(json.loads(line))
        self._news.put(None)


def started() -> subprocess.Popen[str]:
    """Start the process; it waits for its job."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "crmdesk"]
    hidden: Any = {"creationflags": _WITHOUT_WINDOW} if sys.platform == "win32" else {}
    return subprocess.Popen(
        [*program, COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        **hidden,
    )


def hand_over(process: subprocess.Popen[str], job: Job) -> None:
    """Tell *process* its job."""
    pipe = process.stdin
    if pipe is not None:
        pipe.write(job.line() + "\n")
        pipe.flush()


def _trouble(news: Mapping[str, Json] | None) -> CrmdeskError:
    if news is None:
        return ServerBusy("The first copy was broken off. It goes on by itself.")
    kind = getattr(errors, str(news["trouble"]), ServerBusy)
    made: CrmdeskError = kind(str(news["sentence"]), **news["values"])
    return made
