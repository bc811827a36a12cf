"""Somebody who complained is erased: what people wrote goes everywhere, the complaint stays as a figure."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg
import pytest

from crmdesk.models.note import append_note
from crmdesk.models.operations import Operation
from crmdesk.models.screen_pop import NoteDraft
from crmdesk.services import renewal
from crmdesk.services.complaints.surveys import Answers, record_survey
from crmdesk.services.store.drafts import FORM, Drafts, drafts_key
from crmdesk.services.sync.refused import refused_lines
from tests.cluster import Database, team_id
from tests.pages import decrypted
from tests.services.sync.desks import TestDesk
from tests.services.sync.test_two_desks_complaints import FAREWELL, PROPOSAL, Team, team

__all__ = ["team"]

CANARY = "Canary-Zhang"
VISIT = {
    "what": f"Visit {CANARY}",
    "owner_id": str(UUID(int=9)),
    "due_at": "2026-12-01T00:00:00Z",
    "check_at": "2027-02-01T00:00:00Z",
}
FIGURES = (
    "number",
    "state",
    "severity",
    "category",
    "received_at",
    "closed_at",
    "regime",
    "level",
    "owner_id",
)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due is looked for in each round; the fresh file is made in this process."""
    monkeypatch.setattr("crmdesk.services.sync.tending.DUE_SECONDS", 0.0)
    monkeypatch.setattr(
        renewal, "copied_in_child", lambda path, beside, key, stopped: renewal.copied(path, beside, key)
    )


@pytest.fixture
def told(team: Team) -> Iterator[UUID]:
    """A complaint that ended, full of words about one customer; a step that lost; forms left unfinished."""
    complaint = team.investigated()
    anna, hotline = team.anna, team_id("hotline")
    anna.do(anna.describe(append_note, f"{CANARY} rang.", complaint_id=complaint, team_id=hotline))
    team.step(anna, complaint, "C1", what=f"Told {CANARY} how it stands.")
    letter = {"complaint_id": complaint, "kind": "holding", "language": "en", "text": f"Dear {CANARY}"}
    _do(anna, "letter.make", {**letter, "digest": "0" * 64})
    answers = Answers(grades={"all": 60}, words=CANARY)
    anna.store.write(lambda work: record_survey(work, answers, complaint)).result()
    _do(anna, "action.save", {"complaint_id": complaint, **VISIT, "state": "done"})
    team.settle()
    lost = {**PROPOSAL, "reason_text": f"We fitted the wrong part for {CANARY}."}
    team.step(team.ben, complaint, "T8", **lost)
    team.step(anna, complaint, "T18", **{**FAREWELL, "words": f"{CANARY} sold the car."})
    anna.worker.run_once()
    assert team.ben.worker.run_once().refused == 1
    team.settle()
    for at in (anna, team.ben):
        _type(at, complaint, team.customer)
    yield complaint


def _do(at: TestDesk, kind: str, fields: dict[str, Any]) -> None:
    author = at.store.author
    operation: Operation = author.describe(kind, {"id": author.new_id(), "fields": fields})
    at.do(operation)


def _type(at: TestDesk, complaint: UUID, customer: UUID) -> None:
    """Leave forms unfinished: a step, a letter, a new complaint of the same customer, and one of nobody."""
    with closing(Drafts(at.profile.drafts_path, drafts_key(at.profile.key))) as drafts:
        for name, text in (
            (f"{FORM}{complaint}/T8", {"reason_text": CANARY}),
            (f"{FORM}{complaint}/letter/decision/en", {"text": f"Dear {CANARY}"}),
            (f"{FORM}intake/x", {"customer_id": str(customer), "what_happened": CANARY}),
            (f"{FORM}intake/y", {"customer_id": None, "what_happened": "Somebody else."}),
        ):
            draft = NoteDraft(name, name, json.dumps(text), 0, at.store.author.now())
            drafts.save(draft).result()


def _erase(database: Database, customer: UUID) -> dict[str, Any]:
    with database.connect() as owner:
        found = owner.execute("SELECT crm.erase_customer(%s, 'his wish')", (customer,)).fetchone()
        done: dict[str, Any] = found[0]
    return done


def _stays(at: TestDesk) -> list[str]:
    """Where a desk still tells of him: rows by table, pages of store and drafts."""
    tables = [name for (name,) in at.asked("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = [
        table for table in tables if "_fts" not in table and CANARY in str(at.asked(f"SELECT * FROM {table}"))
    ]
    for name, path, key in (
        ("store", at.store.path, at.profile.key),
        ("drafts", at.profile.drafts_path, drafts_key(at.profile.key)),
    ):
        if path.exists() and CANARY.encode() in decrypted(path, key):
            found.append(name)
    return found


def _renamed(team: Team, database: Database) -> None:
    """Call the customer by the name that is looked for."""
    with database.connect() as owner:
        owner.execute(
            "UPDATE crm.customer SET rev = rev + 1, name = %s WHERE id = %s", (CANARY, team.customer)
        )
    team.settle()


def test_nothing_anybody_wrote_of_him_stays_at_any_desk_or_at_the_server(
    team: Team, database: Database, told: UUID
) -> None:
    _renamed(team, database)
    figures = {at.person.login: _figures(at, told) for at in (team.anna, team.ben, team.tom)}
    for at in (team.anna, team.ben):
        assert {"complaint_event", "note", "letter", "survey", "customer", "store", "drafts"} <= set(
            _stays(at)
        )
    assert "not_accepted" in _stays(team.ben)
    done = _erase(database, team.customer)
    assert done["desks"] == 3
    team.settle()
    for at in (team.anna, team.ben, team.tom):
        assert _stays(at) == [], at.person.login
        assert _figures(at, told) == figures[at.person.login]
        assert at.worker.check() == 0
    assert team.ben.store.read(refused_lines).result() == ()
    with closing(Drafts(team.ben.profile.drafts_path, drafts_key(team.ben.profile.key))) as drafts:
        assert [draft.draft_id for draft in drafts.open_forms("").result()] == [f"{FORM}intake/y"]
    with database.connect() as owner:
        assert owner.execute("SELECT open_tags FROM crm.erasures()").fetchone() == ([],)
        assert owner.execute("SELECT * FROM crm.broken_audit()").fetchall() == []
    assert CANARY not in _dumped(database)


def _figures(at: TestDesk, complaint: UUID) -> dict[str, object]:
    (head,) = [row for row in at.rows("complaint") if row["id"] == complaint]
    return {name: head[name] for name in FIGURES}


def _dumped(database: Database) -> str:
    """All rows of all tables, as a dump shows them."""
    done = subprocess.run(
        [str(database.cluster.bin / "pg_dump"), "--data-only", "--inserts", database.owner_dsn],
        env={"PGPASSWORD": database.password(), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("kind", ["step", "letter.make", "note", "action.save"])
def test_what_an_offline_desk_still_says_about_it_is_refused_and_kept_nowhere(
    team: Team, database: Database, told: UUID, kind: str
) -> None:
    says: dict[str, Callable[[], object]] = {
        "step": lambda: team.step(
            team.ben,
            told,
            "E2",
            body="12315",
            reference=CANARY,
            date=team.ben.store.author.now().isoformat(),
        ),
        "letter.make": lambda: _do(
            team.ben,
            kind,
            {"complaint_id": told, "kind": "holding", "language": "en", "text": CANARY, "digest": "0" * 64},
        ),
        "note": lambda: team.ben.do(
            team.ben.describe(append_note, CANARY, complaint_id=told, team_id=team_id("hotline"))
        ),
        "action.save": lambda: _do(team.ben, kind, {"complaint_id": told, **VISIT}),
    }
    says[kind]()
    _erase(database, team.customer)
    assert team.ben.worker.run_once().accepted == 0
    team.settle()
    for at in (team.anna, team.ben):
        assert _stays(at) == []
    assert CANARY not in _dumped(database)


def test_while_it_is_open_he_stays(team: Team, database: Database) -> None:
    team.investigated()
    with pytest.raises(psycopg.Error, match="is still open"):
        _erase(database, team.customer)
