"""A house for stories: a desk with an encrypted store, a telephone system, and the people who work there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlcipher3 import dbapi2

from crmdesk.models.agent import save_code
from crmdesk.models.customer import open_customer
from crmdesk.services.followers import followers
from crmdesk.services.profile import Profile, new_profile, open_profile
from crmdesk.services.starter import furnish, starter_id
from crmdesk.services.store.keys import KEY_FILE_VARIABLE
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.telephony.ami_client import AmiSettings
from crmdesk.services.telephony.simulator import CallHandle, Simulator

SITE = ZoneInfo("Asia/Shanghai")
EXTENSION, OUR_NUMBER = "1001", "02158208000"
_SPACE = UUID("0b0b74b6-4f0b-4a50-9b84-6f4a8e2f9b10")
_SECRET = "story"
FIRST = "anna"
"""Whom the desk was made for."""
PEOPLE = {
    "anna": ("Anna Lin", "林安娜", "agent"),
    "bela": ("Bela Sun", "孙贝拉", "agent"),
    "chen": ("Chen Yu", "陈瑜", "supervisor"),
    "dora": ("Dora Wu", "吴朵拉", "supervisor"),
}


def moment(words: str) -> datetime:
    """Return the moment that *words*, day and time at the site, mean."""
    return datetime.fromisoformat(words).replace(tzinfo=SITE).astimezone(UTC)


def person(login: str) -> UUID:
    """Return the id of somebody who works here."""
    return starter_id("agent", login) if login == FIRST else uuid5(_SPACE, f"agent/{login}")


class Oracle:
    """The store read by SQL of its own, as an auditor with the key would."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._connection = dbapi2.connect(str(path), isolation_level=None, check_same_thread=False)
        self._connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        self._connection.execute("PRAGMA query_only = ON")

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return all rows."""
        given = tuple(value.bytes if isinstance(value, UUID) else value for value in values)
        return [tuple(row) for row in self._connection.execute(statement, given).fetchall()]

    def row(self, statement: str, *values: Any) -> tuple[Any, ...]:
        """Return the one row there must be."""
        (found,) = self.rows(statement, *values)
        return found

    def one(self, statement: str, *values: Any) -> Any:
        """Return the one value there must be."""
        (found,) = self.row(statement, *values)
        return found

    def at(self, statement: str, *values: Any) -> str | None:
        """Return the one moment there must be as the site's clock shows it, None when there is none."""
        found = self.one(statement, *values)
        return self.local(found) if found is not None else None

    def local(self, micros: int) -> str:
        """Return a moment of the store as the site's clock shows it."""
        return f"{datetime.fromtimestamp(micros / 1e6, SITE):%Y-%m-%d %H:%M}"

    def steps(self, number: str) -> list[str]:
        """Return the steps in the history of a complaint, the first first."""
        found = self.rows(
            "SELECT e.transition FROM complaint_event AS e JOIN complaint AS c ON c.id = e.complaint_id"
            " WHERE c.number = ? ORDER BY e.version",
            number,
        )
        return [step for (step,) in found]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class House:
    """The desk, and what stands around it; people sit down at it one after another."""

    def __init__(self, folder: Path, *, begins: str = "", alone: bool = True) -> None:
        self.folder = folder
        self._environment = {KEY_FILE_VARIABLE: str(folder / "keys.json")}
        settings = {"language": "en", "extension": EXTENSION, "agent": FIRST, "company": "Our house"}
        settings |= {"country": "CN", "area_code": "021", "zone": SITE.key}
        settings |= {"company_address": "1600 Century Avenue; Shanghai", "company_phone": "+86 21 5820 8000"}
        profile = new_profile(
            folder / "desk", test=True, settings=settings, environment=self._environment
        ).profile
        self.path, self.now = profile.path, moment(begins) if begins else None
        self._set(profile)
        if alone:
            furnish(profile, FIRST)
            self._hire(profile)
        profile.close()
        self.oracle = Oracle(profile.store_path, profile.key)
        self.simulator = Simulator(_SECRET)
        self.link = AmiSettings("127.0.0.1", self.simulator.start(), "crmdesk", _SECRET)

    def close(self) -> None:
        """Stop the telephone system."""
        self.simulator.stop()
        self.oracle.close()

    def opened(self, login: str) -> Profile:
        """Return the profile, open, with *login* (empty: whoever it is) at work, and the clock set."""
        profile = open_profile(self.path, environment=self._environment)
        self._set(profile)
        if login and profile.settings.text("agent") != login:
            profile.change_settings("agent", {"agent": login})
        return profile

    def _set(self, profile: Profile) -> None:
        if self.now is not None:
            profile.clock.set(self.now.isoformat())

    def command(self, *words: str) -> list[str]:
        """Return the words that run the program's command line at this desk."""
        return [sys.executable, "-m", "crmdesk", "--profile", str(self.path), *words]

    @property
    def environment(self) -> dict[str, str]:
        """Return what a process needs to know to open this desk."""
        return {**os.environ, **self._environment}

    def rings(self, number: str) -> CallHandle:
        """Let somebody call."""
        return self.simulator.ring(number, "", EXTENSION, OUR_NUMBER, "hotline")

    def _hire(self, profile: Profile) -> None:
        with_store = profile.open_store()
        with_store.write(_staff).result()
        with_store.close()


def _staff(work: UnitOfWork) -> None:
    """Write down who works here, in one team."""
    team = str(starter_id("team", work.connection.execute("SELECT key FROM team ORDER BY key").fetchone()[0]))
    for login, (name_en, name_zh, role) in PEOPLE.items():
        names = {"login": login, "name_en": name_en, "name_zh": name_zh, "role": role}
        work.do(save_code(work.author, "agent", {"id": str(person(login)), "team_id": team, **names}))
    work.commit()


def known(profile: Profile, customers: Iterable[tuple[str, str]]) -> None:
    """Write down *customers*: name and number."""

    def perform(work: UnitOfWork) -> None:
        for name, number in customers:
            point = {"kind": "phone", "raw": number, "value": f"+86{number}", "national": number}
            told = {"name": name, "kind": "person", "language": "en", "address": "1 Zhongshan Road"}
            work.do(open_customer(work.author, told, [point]))
        work.commit()

    store = profile.open_store("", followers)
    store.write(perform).result()
    store.close()
