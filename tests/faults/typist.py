"""Somebody who types notes without a pause, the way the window keeps them, until he is killed; and his check.

The child writes one line for each key and each note that was acknowledged, so the parent knows afterwards
what had been typed when, and what the desk had promised to keep.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from crmdesk.models.customer import open_customer
from crmdesk.models.note import append_note
from crmdesk.models.screen_pop import NoteDraft
from crmdesk.services.followers import followers
from crmdesk.services.profile import Profile, new_profile, open_profile
from crmdesk.services.store.connection import Connection, open_connection
from crmdesk.services.store.drafts import drafts_key
from crmdesk.services.store.keys import KeyFileSecrets
from crmdesk.services.store.unit_of_work import UnitOfWork

ROOT = Path(__file__).resolve().parents[2]
KEY_SECONDS = 0.004
AUTOSAVE_SECONDS = 0.2
"""The window saves a draft so long after the first key that is not kept yet."""

LONGEST_LIFE_SECONDS = 1.6
WORDS = "油泵有异响 the fuel pump hums 客户要求回电 call back after five 已预约 oil light on "


def text_of(note: int) -> str:
    """Return what is typed as note number *note*: ten to a hundred and thirty characters."""
    length = 10 + note * 37 % 120
    return (f"{note} " + WORDS * 4)[:length].strip()


def note_id(note: int) -> UUID:
    """Return the id under which note number *note* is typed and kept."""
    return UUID(int=(1 << 100) + note)


def add_customer(work: UnitOfWork) -> UUID:
    """A customer to write about."""
    operation = open_customer(work.author, {"name": "Li"}, row_id=UUID(int=99))
    work.do(operation)
    work.commit()
    return UUID(int=99)


def keep_note(work: UnitOfWork, note: int) -> None:
    """Turn the draft into a note."""
    work.do(append_note(work.author, text_of(note), customer_id=UUID(int=99), row_id=note_id(note)))
    work.commit()


class Typist:
    """Types in an open profile."""

    def __init__(self, profile: Profile) -> None:
        self._store = profile.open_store(followers=followers)
        self._drafts = profile.open_drafts()
        self._pause = threading.Event()

    def type_for_ever(self, first: int) -> None:
        """Type one note after the other, from number *first*."""
        self._store.warm().result()
        note = first
        while True:
            self._type(note)
            self._store.write(keep_note, note).result()
            tell("a", note)
            self._drafts.forget(str(note_id(note))).result()
            note += 1

    def _type(self, note: int) -> None:
        text, unsaved_since = text_of(note), 0.0
        for length in range(1, len(text) + 1):
            self._pause.wait(KEY_SECONDS)
            now = time.monotonic()
            tell("k", note, length, now)
            unsaved_since = unsaved_since or now
            if now - unsaved_since >= AUTOSAVE_SECONDS:
                held = NoteDraft(str(note_id(note)), "call", text[:length], length, datetime.now(UTC))
                self._drafts.save(held)
                unsaved_since = 0.0


def tell(*words: object) -> None:
    """Write one line past all buffers of this process."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def secrets_beside(folder: Path) -> KeyFileSecrets:
    """Return the key file beside the profile *folder*."""
    return KeyFileSecrets(folder.with_name(folder.name + "-keys.json"))


@dataclass(frozen=True, slots=True)
class Life:
    """What a typist did before he was killed, and what was found after."""

    acknowledged: int
    typed: int
    lost_notes: int
    lost_seconds: float
    intact: bool


def prepare(folder: Path) -> None:
    """Make the profile the typist works in."""
    first = new_profile(folder, secrets=secrets_beside(folder), environment={})
    with first.profile as profile, closing(profile.open_store()) as store:
        store.write(add_customer).result()


def live_and_die(folder: Path, chance: random.Random) -> Life:
    """Let a typist work in *folder* for a moment that *chance* chooses, kill him, look what is left."""
    with closing_profile(folder) as profile:
        first = next_note(profile)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.typist", str(folder), str(first)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as typist:
        assert typist.stdout is not None
        told = [typist.stdout.readline()]
        threading.Event().wait(chance.uniform(0.0, LONGEST_LIFE_SECONDS))
        typist.send_signal(signal.SIGKILL)
        told += typist.stdout.readlines()
    return inspected(folder, [line.decode().split() for line in told if line.endswith(b"\n")])


def inspected(folder: Path, told: list[list[str]]) -> Life:
    """Compare what the typist *told* with what is in the profile."""
    acknowledged = [int(words[1]) for words in told if words[0] == "a"]
    keys = [(int(words[1]), int(words[2]), float(words[3])) for words in told if words[0] == "k"]
    with closing_profile(folder) as profile:
        notes: dict[Any, str] = dict(rows(profile.store_path, profile.key, "SELECT id, text FROM note"))
        drafts_path, key = profile.drafts_path, drafts_key(profile.key)
        drafts = (
            dict(rows(drafts_path, key, "SELECT draft_id, text FROM draft")) if drafts_path.exists() else {}
        )
        intact = all(
            rows(path, used, "PRAGMA integrity_check") == [("ok",)]
            for path, used in ((profile.store_path, profile.key), (drafts_path, key))
            if path.exists()
        )
    lost = sum(notes.get(note_id(note).bytes) != text_of(note) for note in acknowledged)
    return Life(len(acknowledged), len(keys), lost, lost_seconds(keys, notes, drafts), intact)


def lost_seconds(keys: list[tuple[int, int, float]], notes: dict[Any, str], drafts: dict[Any, str]) -> float:
    """Return for how long keys had been typed into the last note that are nowhere now."""
    if not keys:
        return 0.0
    note, _length, last = keys[-1]
    kept = str(notes.get(note_id(note).bytes) or drafts.get(str(note_id(note))) or "")
    assert text_of(note).startswith(kept)
    gone = [at for number, length, at in keys if number == note and length > len(kept)]
    return last - gone[0] if gone else 0.0


def rows(path: Path, key: bytes, query: str) -> list[Any]:
    """Return what *query* finds in the file."""
    with closing(open_connection(path, key, role="reader")) as connection:
        return list(connection.execute(query).fetchall())


def next_note(profile: Profile) -> int:
    """Return the number of the first note not written yet."""
    with closing(open_connection(profile.store_path, profile.key, role="reader")) as connection:
        return count(connection)


def count(connection: Connection) -> int:
    """Return how many notes there are."""
    return int(connection.execute("SELECT count(*) FROM note").fetchone()[0])


@contextmanager
def closing_profile(folder: Path) -> Iterator[Profile]:
    """Open the profile for a look; that it opens proves that the dead left no lock behind."""
    with open_profile(folder, secrets=secrets_beside(folder), environment={}, wait_seconds=5.0) as profile:
        yield profile


def main() -> None:
    """Type for ever in the profile named on the command line."""
    folder = Path(sys.argv[1])
    with open_profile(folder, secrets=secrets_beside(folder), environment={}) as profile:
        Typist(profile).type_for_ever(int(sys.argv[2]))


if __name__ == "__main__":
    main()
