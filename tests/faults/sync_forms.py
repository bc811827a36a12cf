"""Complaints written down in the fault run: files are held for their forms, and desks die in between.

What stands in a form is known from its draft alone, so each life at a desk goes on where the last one ended.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from crmdesk.errors import AgentError, CrmdeskError
from crmdesk.services.attachments.cabinet import Sealed
from crmdesk.services.attachments.desk import limits_of
from crmdesk.services.attachments.staging import hold_file, let_go
from crmdesk.services.complaints.intake_sheet import HeldFile, Sheet, from_draft, to_draft
from crmdesk.services.complaints.procedure import House
from crmdesk.services.profile import Profile
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.store import Store
from crmdesk.ui.files_desk import LocalFiles
from crmdesk.ui.intake_desk import LocalIntakes
from tests.faults.sync_files import content_of
from tests.models.cases import PAYLOADS

MOST = 3
"""So many forms at most are written at one desk."""
Tell = Callable[..., None]
Done = tuple[UUID, str, UUID | None]


class Forms:
    """Writes complaints down at a desk.

    Args:
        store: of the desk.
        profile: of the desk.
        chance: of all dice.
        mark: returns the word that texts written down here begin with.
        tell: hears of each thing that was done.
    """

    def __init__(
        self, store: Store, profile: Profile, chance: random.Random, mark: Callable[[], str], tell: Tell
    ) -> None:
        self._store = store
        self._profile = profile
        self._chance = chance
        self._mark = mark
        self._tell = tell
        self._drafts = profile.open_drafts()
        self._intakes = LocalIntakes(store, self._drafts, House, lambda: profile.identity.tag)
        self._files = LocalFiles(profile, store)

    def take_over(self) -> None:
        """End what saving had begun when the program ended, as the window does when it starts."""
        sheets = self._unfinished()
        saved = self._intakes.from_forms(tuple(UUID(each.complaint_id) for each in sheets)).result()
        known = {str(each.id) for each in saved}
        for sheet in sheets:
            if sheet.complaint_id in known:
                self._end(sheet)

    def something(self) -> Done | None:
        """Begin a form, give it a file, take one away, or save it; return what was saved.

        Raises:
            CrmdeskError: it could not be done here.
        """
        sheets, luck = self._unfinished(), self._chance.random()
        if not sheets or (len(sheets) < MOST and luck < 0.3):
            self._begin()
            return None
        sheet = self._chance.choice(sheets)
        if luck < 0.5:
            self._add(sheet)
        elif luck < 0.6 and sheet.files:
            self._take_away(sheet)
        else:
            return self._save(sheet)
        return None

    def look_around(self) -> None:
        """Tell of each file that a form names whether its content is whole."""
        for sheet in self._unfinished():
            for file in sheet.files:
                key = self._store.read(_key, UUID(file.id)).result()
                sealed = Sealed(UUID(file.id), key or b"", file.name, file.size, file.digest)
                whole = False
                with suppress(CrmdeskError):
                    whole = key is not None and self._profile.cabinet.read(sealed) == content_of(file.name)
                self._tell("held_whole" if whole else "spoilt", file.id, file.name)

    def close(self) -> None:
        """Finish what was asked for."""
        self._files.close()
        self._drafts.close()

    def _unfinished(self) -> list[Sheet]:
        return [from_draft(each["sheet"]) for each in self._intakes.unfinished().result()]

    def _begin(self) -> None:
        known = self._store.read(_customers).result()
        if known:
            payload: dict[str, Any] = PAYLOADS["T1"]
            self._add(
                Sheet(
                    complaint_id=str(uuid4()),
                    received_at=self._store.author.now().isoformat(),
                    customer_id=str(self._chance.choice(known)),
                    channel=payload["channel"],
                    category=payload["category"],
                    what_happened=f"{self._mark()} {uuid4().hex}",
                    severity="S3",
                )
            )

    def _add(self, sheet: Sheet) -> None:
        """Have a file held for a form; only then its draft names it."""
        file = self._hold(f"{self._mark()} {uuid4().hex} {self._chance.randint(1, 2_000)}")
        self._keep(replace(sheet, files=(*sheet.files, file)))
        self._tell("named", file.id, sheet.customer_id)

    def _take_away(self, sheet: Sheet) -> None:
        *others, file = sheet.files
        self._tell("unwanted", file.id)
        self._keep(replace(sheet, files=tuple(others)))
        let_go(self._store, self._profile.cabinet, file)

    def _throw_away(self, sheet: Sheet) -> None:
        for file in sheet.files:
            self._tell("unwanted", file.id)
        self._forget(sheet)
        for file in sheet.files:
            let_go(self._store, self._profile.cabinet, file)

    def _save(self, sheet: Sheet) -> Done:
        try:
            complaint = self._log(sheet)
        except AgentError:
            # What is not allowed, or was received tomorrow by a clock that jumped, nobody tries for ever.
            self._throw_away(sheet)
            raise
        done = self._store.read(_operation, "complaint.step", complaint).result()
        self._end(sheet)
        self._tell("saved", complaint)
        assert done is not None
        return done, "complaint", UUID(sheet.customer_id)

    def _end(self, sheet: Sheet) -> None:
        """Attach what was held for a complaint that is saved, and only then forget its form."""
        left = self._attach(sheet)
        for file in sheet.files:
            added = self._store.read(_operation, "attachment.add", UUID(file.id)).result()
            if file.id not in left and added is not None:
                self._tell("did", added, "attachment.add", sheet.customer_id)
        if left:
            self._keep(replace(sheet, files=tuple(each for each in sheet.files if each.id in left)))
        else:
            self._forget(sheet)

    def _hold(self, name: str) -> HeldFile:
        limits = limits_of(self._profile.settings)
        return hold_file(self._store, self._profile.cabinet, limits, content_of(name), name)

    def _keep(self, sheet: Sheet) -> None:
        key = f"form {sheet.complaint_id}"
        content = {"key": key, "who": "", "by_hand": [], "sheet": to_draft(sheet)}
        self._intakes.keep(key, content).result()

    def _log(self, sheet: Sheet) -> UUID:
        return self._intakes.log(sheet).result().id

    def _attach(self, sheet: Sheet) -> set[str]:
        """Return the ids of those that could not be attached."""
        left = self._files.attach_held(UUID(sheet.complaint_id), sheet.files).result()
        return {each.file.id for each in left}

    def _forget(self, sheet: Sheet) -> None:
        self._intakes.forget(f"form {sheet.complaint_id}").result()


def _customers(connection: Connection) -> list[UUID]:
    return [
        UUID(bytes=key) for (key,) in connection.execute("SELECT id FROM customer ORDER BY id").fetchall()
    ]


def _operation(connection: Connection, kind: str, row_id: UUID) -> UUID | None:
    """Return the first operation of *kind* on a row."""
    found = connection.execute(
        "SELECT id FROM operation WHERE kind = ? AND json_extract(payload, '$.id') = ? ORDER BY n LIMIT 1",
        (kind, str(row_id)),
    ).fetchone()
    return UUID(bytes=found[0]) if found else None


def _key(connection: Connection, file_id: UUID) -> bytes | None:
    found = connection.execute("SELECT file_key FROM attachment_file WHERE id = ?", (file_id.bytes,))
    row = found.fetchone()
    return row[0] if row else None


def lost_files(file: Connection, drafts: Connection, named: set[str], at_server: set[UUID]) -> list[str]:
    """Return what forms had *named* and is nowhere: at the server, here, in a form, or not accepted."""
    told = "".join(text for (text,) in drafts.execute("SELECT text FROM draft").fetchall())
    here = {str(UUID(bytes=key)) for (key,) in file.execute("SELECT id FROM attachment").fetchall()}
    here |= {str(each) for each in at_server}
    refused = "SELECT json_extract(payload, '$.id') FROM not_accepted WHERE kind = 'attachment.add'"
    here |= {key for (key,) in file.execute(refused).fetchall()}
    return [f"the file {each} of a form is nowhere" for each in sorted(named - here) if each not in told]


def held_for_nothing(file: Connection, drafts: Connection) -> list[str]:
    """Return the files that are held without any form that names them."""
    told = "".join(text for (text,) in drafts.execute("SELECT text FROM draft").fetchall())
    found = file.execute("SELECT id FROM attachment_file WHERE state = 'held'").fetchall()
    held = [str(UUID(bytes=key)) for (key,) in found]
    return [f"the file {each} is held for no form" for each in held if each not in told]
