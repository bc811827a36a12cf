"""The installed program, driven from outside: processes, their lines, their exit codes."""

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

PROGRAM = Path(os.environ.get("TESTED_PROGRAM") or Path(sys.executable).with_name("crmdesk"))
"""The one beside our Python; `make package-test` names that of the package."""
COMMAND = [str(PROGRAM)] if PROGRAM.exists() else [sys.executable, "-m", "crmdesk"]
PATIENCE_SECONDS = 60
NO_DISPLAY = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


class Refused(Exception):
    """The error that an answer carried."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        self.data: dict[str, Any] = error["data"]


class Rpc:
    """A running `crmdesk rpc`; leaving the block ends its input and waits."""

    def __init__(self, environment: Mapping[str, str], *words: str) -> None:
        pipe = subprocess.PIPE
        command = [*COMMAND, "rpc", *words]
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=dict(environment))
        self.news: list[dict[str, Any]] = []
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._count = 0
        self._reader = threading.Thread(target=self._read, name="rpc-reader")
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._answers.put(json.loads(line))
        self._answers.put(None)

    def send(self, line: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def next(self) -> dict[str, Any]:
        """Return the next line it says."""
        line = self._answers.get(timeout=PATIENCE_SECONDS)
        if line is None:
            raise EOFError
        return line

    def ask(self, method: str, **params: Any) -> Any:
        """Return the result of *method*; raise Refused for an error."""
        self._count += 1
        request = {"jsonrpc": "2.0", "id": self._count, "method": method, "params": params}
        self.send(json.dumps(request).encode() + b"\n")
        while (answer := self.next()).get("id") != self._count:
            self.news.append(answer)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    def end(self) -> int:
        """End its input; return its exit code."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        code = self.process.wait(PATIENCE_SECONDS)
        self._close()
        return code

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)
        self._close()

    def _close(self) -> None:
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


class Desk:
    """One profile and the environment to use it in."""

    def __init__(self, path: Path, keys: Path) -> None:
        self.path = path
        kept = {name: value for name, value in os.environ.items() if name not in NO_DISPLAY}
        self.environment = {**kept, "CRMDESK_PROFILE": str(path), "CRMDESK_KEY_FILE": str(keys)}

    def run(
        self, *words: str, stdin: str | bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end."""
        return subprocess.run(
            [*COMMAND, *words],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env={**self.environment, **environment},
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def rpc(self, **environment: str) -> Rpc:
        """Start a conversation."""
        return Rpc({**self.environment, **environment})

    def beside(self, name: str) -> "Desk":
        """Return a desk that shares the keys; its profile is not there yet."""
        return Desk(self.path.with_name(name), Path(self.environment["CRMDESK_KEY_FILE"]))


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A fresh test profile; not to be changed."""
    folder = tmp_path_factory.mktemp("blackbox")
    made = Desk(folder / "first", folder / "keys.json")
    done = made.run("profile", "new", "--test", str(made.path))
    assert done.returncode == 0, done.stderr.decode()
    return made


@pytest.fixture
def desk(first: Desk, tmp_path: Path) -> Desk:
    """A test profile of one's own."""
    shutil.copytree(first.path, tmp_path / "profile")
    shutil.copy(first.environment["CRMDESK_KEY_FILE"], tmp_path / "keys.json")
    return Desk(tmp_path / "profile", tmp_path / "keys.json")


@pytest.fixture
def talk(desk: Desk) -> Iterator[Callable[..., Any]]:
    """A conversation with that profile, its clock standing still."""
    with desk.rpc(CRMDESK_CLOCK="2026-11-20T09:58:00Z") as rpc:
        yield rpc.ask
