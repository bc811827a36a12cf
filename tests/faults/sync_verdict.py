"""What SQL says of a fault run after everybody went home: of all rows and of the bytes at each desk."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import closing
from typing import Any
from uuid import UUID

from crmdesk.services.store.connection import Connection, open_connection
from crmdesk.services.store.drafts import drafts_key
from tests.faults.sync_complaints import illegal_complaints
from tests.faults.sync_desk import marked
from tests.faults.sync_files import content_of, given_way, hidden_from, nobodys, spoilt_at_server, unsealed
from tests.faults.sync_forms import held_for_nothing, lost_files
from tests.faults.sync_world import DeskProcess, World
from tests.oracle import differences, double, illegal, rows_there, shared_columns
from tests.pages import decrypted

MARK = re.compile(rb"sekret([a-z]+?)by(p\d|boss)z(?: ([0-9a-f]{32}))?")
"""Team, author and number of a text; without the number where a page ends in between."""
Mark = tuple[str, str, str]
ZEROS = (
    *("acked_lost", "double", "differing", "foreign_bytes", "illegal", "gaps", "unsent"),
    *("spoilt", "left_behind"),
)
CONFIRMED = """
SELECT d.login::text, e.customer_id FROM crm.erasure_confirmed c
JOIN crm.erasure e ON e.id = c.erasure JOIN crm.device d ON d.id = c.device WHERE c.confirmed_at IS NOT NULL
"""
"""Who gave his word that nothing of whom is left at his desk. Small disks have no room for that."""


class Verdict:
    """What SQL says of server and desks after everybody went home."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.words: list[str] = []
        self.figures: dict[str, int] = dict.fromkeys(ZEROS, 0)
        self.shown: dict[str, set[Mark]] = {}
        self.hidden: list[tuple[str, UUID]] = []
        with world.database.connect() as owner:
            self.tables = shared_columns(owner)
            self.answers = dict(owner.execute("SELECT op, result FROM crm.op WHERE first").fetchall())
            self._note("double", double(owner))
            self._note("illegal", illegal(owner, self._seen()) + illegal_complaints(owner))
            self._note("spoilt", spoilt_at_server(owner))
            self.files = {key for (key,) in owner.execute("SELECT id FROM crm.attachment").fetchall()}
            self.complaints = dict(
                owner.execute("SELECT transition, count(*) FROM crm.complaint_event GROUP BY 1").fetchall()
            )
            self.confirmed = set(owner.execute(CONFIRMED).fetchall())
            self.members = {
                login: {key for key, team in world.teams.items() if team in teams}
                for login, teams in owner.execute(
                    "SELECT p.login::text, array_remove(array_agg(m.team), NULL) FROM crm.person p"
                    " LEFT JOIN crm.member m USING (login) GROUP BY 1"
                )
            }
        for desk in world.desks:
            self._judge(desk)

    def _seen(self) -> dict[UUID, int]:
        seen: dict[UUID, int] = {}
        for desk in self.world.desks:
            with closing(open_connection(desk.store_path, desk.key, role="reader")) as file:
                # A step names its version; which fields it reads is looked at with the steps themselves.
                found = file.execute(
                    "SELECT op_id, base_revision FROM outbox WHERE base_revision > 0 AND op_id NOT IN"
                    " (SELECT id FROM operation WHERE kind = 'complaint.step')"
                )
                seen |= {UUID(bytes=op): rev for op, rev in found.fetchall()}
        return seen

    def _judge(self, desk: DeskProcess) -> None:
        login = desk.person.login
        with (
            closing(open_connection(desk.store_path, desk.key, role="reader")) as file,
            self.world.database.connect(login) as session,
        ):
            refused = {UUID(bytes=op) for (op,) in file.execute("SELECT op_id FROM not_accepted").fetchall()}
            (unsent,) = file.execute("SELECT count(*) FROM outbox WHERE state = 'new'").fetchone()
            self.figures["unsent"] += unsent
            self.shown[login] = _marks_shown(session, self.tables)
            self._note("differing", [f"{login}: {each}" for each in differences(file, session, self.tables)])
            self._judge_files(desk, file, session)
            self._judge_forms(desk, file)
        erased = {str(customer) for customer in self.world.erased}
        did = [(UUID(words[1]), words[3]) for words in desk.said if words[0] == "did"]
        self._note(
            "acked_lost",
            [
                f"{login}: {op} is nowhere"
                for op, customer in did
                if op not in refused and customer not in erased and "ok" not in self.answers.get(op, {})
            ],
        )
        told = Counter(words[0] for words in desk.said)
        self.figures["gaps"] += told["gap"]
        self._note("double", [f"{login}: {words}" for words in desk.said if words[0] == "unequal"])
        self.figures["foreign_bytes"] += self.foreign(desk)
        self._note("left_behind", self._still_said(desk))

    def _judge_files(self, desk: DeskProcess, file: Connection, session: Any) -> None:
        """Judge the contents of files at a desk: each whole, none nobody's, none for who may not have it."""
        login, folder = desk.person.login, desk.folder / "attachments"
        spoilt = [
            f"{name} is not as it was attached"
            for _, name, content in unsealed(file, folder)
            if content is None or content != content_of(name)
        ]
        spoilt += [" ".join(words) for words in desk.said if words[0] in ("spoilt", "lacking")]
        self._note("spoilt", [f"{login}: {each}" for each in spoilt])
        left = nobodys(file, folder)
        left += [f"the key of {words[1]} outlived its file" for words in desk.said if words[0] == "stray"]
        self._note("left_behind", [f"{login}: {each}" for each in left])
        for file_id in hidden_from(session, self.files):
            self.hidden.append((login, file_id))
            self._note("foreign_bytes", [f"{login}: {each}" for each in given_way(session, file_id)])
        self._note("foreign_bytes", [f"{login}: {each}" for each in self._old_keys(desk, file, session)])

    def _judge_forms(self, desk: DeskProcess, file: Connection) -> None:
        """Judge what was held for forms: what drafts ever named is somewhere, nothing is held for none."""
        login, erased = desk.person.login, {str(customer) for customer in self.world.erased}
        named = {words[1] for words in desk.said if words[0] == "named" and words[2] not in erased}
        named -= {words[1] for words in desk.said if words[0] == "unwanted"}
        with closing(open_connection(desk.drafts_path, drafts_key(desk.key), role="reader")) as drafts:
            lost = lost_files(file, drafts, named, self.files)
            self._note("acked_lost", [f"{login}: {each}" for each in lost])
            self._note("left_behind", [f"{login}: {each}" for each in held_for_nothing(file, drafts)])

    def _old_keys(self, desk: DeskProcess, file: Connection, session: Any) -> list[str]:
        """Return the keys of contents that stand in the bytes of a desk's store although it lost the file."""
        held = {key for (key,) in session.execute("SELECT id FROM crm.attachment").fetchall()}
        held |= {UUID(bytes=key) for (key,) in file.execute("SELECT id FROM attachment_file").fetchall()}
        pages = decrypted(desk.store_path, desk.key)
        told = {(UUID(words[1]), bytes.fromhex(words[2])) for words in desk.said if words[0] == "key"}
        return [f"the key of {each}" for each, key in told if each not in held and key in pages]

    def _still_said(self, desk: DeskProcess) -> list[str]:
        """Return what is said of whom was erased in the bytes of a desk that said there is nothing."""
        content = _all_bytes(desk)
        return [
            f"{desk.person.login}: {number} of {customer}"
            for customer, numbers in self.world.erased.items()
            if (desk.person.login, customer) in self.confirmed
            for number in sorted(numbers)
            if number.encode() in content
        ]

    def foreign(self, desk: DeskProcess) -> int:
        """Return how often text that this person may not read stands in the bytes of his files.

        His are his teams' and what he wrote himself, and what the server shows him today: a complaint that
        was handed to him brings the words of the team it comes from.
        """
        mine, shown = self.members[desk.person.login], self.shown[desk.person.login]
        foreign = {
            (team, author, number): count
            for (team, author, number), count in Counter(_marks(_all_bytes(desk))).items()
            if team not in mine and author != desk.person.login and (team, author, number) not in shown
        }
        who = f"{desk.person.login} ({sorted(mine)})"
        self.words += [f"{who} holds {place} in {self._where(desk, place)}" for place in foreign]
        return sum(foreign.values())

    def _where(self, desk: DeskProcess, place: tuple[str, str, str]) -> list[str]:
        """Return the tables of a desk's store whose rows hold a text of a team and an author."""
        text = f"{marked(*place[:2])} {place[2]}"
        with closing(open_connection(desk.store_path, desk.key, role="reader")) as file:
            asked = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
            tables = [name for (name,) in file.execute(asked).fetchall()]
            held = [
                name for name in tables if text in str(file.execute(f'SELECT * FROM "{name}"').fetchall())
            ]
        return held or ["no row: freed or old bytes"]

    def _note(self, name: str, found: list[str]) -> None:
        self.figures[name] += len(found)
        self.words += [f"{name}: {each}" for each in found]


def _marks(content: bytes) -> list[Mark]:
    found: list[tuple[bytes, bytes, bytes]] = MARK.findall(content)
    return [(team.decode(), author.decode(), number.decode()) for team, author, number in found]


def _all_bytes(desk: DeskProcess) -> bytes:
    """Return what a desk holds: the store's pages and the contents of files opened, and all as it lies."""
    content = decrypted(desk.store_path, desk.key) + decrypted(desk.drafts_path, drafts_key(desk.key))
    with closing(open_connection(desk.store_path, desk.key, role="reader")) as file:
        content += b"".join(each or b"" for _, _, each in unsealed(file, desk.folder / "attachments"))
    return content + b"".join(path.read_bytes() for path in sorted(desk.folder.rglob("*")) if path.is_file())


def _marks_shown(session: Any, tables: dict[str, tuple[str, ...]]) -> set[Mark]:
    """Return the marks of all texts that the person of *session* is shown, also without numbers."""
    rows = "".join(str(list(rows_there(session, table, names).values())) for table, names in tables.items())
    found = _marks(rows.encode())
    return {*found, *((team, author, "") for team, author, _ in found)}
