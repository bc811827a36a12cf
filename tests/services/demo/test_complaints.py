"""The complaints of the demo company: in every state, at any time of the year, the same each time."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crmdesk.models.types import AgentId
from crmdesk.services.complaints.letter_case import Sender
from crmdesk.services.complaints.listing import APPROVE, EVERYBODY, MINE, listing
from crmdesk.services.complaints.procedure import House
from crmdesk.services.demo.codes import code_id
from crmdesk.services.demo.company import fill_demo
from crmdesk.services.demo.complaint_scripts import AGENT, LEAD
from crmdesk.services.demo.complaints import complain
from crmdesk.services.demo_content import DemoContent
from crmdesk.services.store.connection import open_connection
from tests.services.demo.conftest import KEY

STATES = {
    "closed": "CLOSED",
    "investigating": "INVESTIGATING",
    "fresh": "RECEIVED",
    "acknowledged": "ACKNOWLEDGED",
    "assessed": "ASSESSED",
    "waiting": "WAITING",
    "proposed": "PROPOSED",
    "responded": "RESPONDED",
    "resolved": "RESOLVED",
    "follow_up": "FOLLOW_UP",
    "grave": "INVESTIGATING",
    "withdrawn": "WITHDRAWN",
    "to_tell": "PROPOSED",
    "to_tell_zh": "PROPOSED",
    "to_approve": "PROPOSED",
    "to_approve_en": "PROPOSED",
    "appealed": "ACKNOWLEDGED",
    "overdue": "INVESTIGATING",
    "outside": "INVESTIGATING",
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, content: DemoContent) -> Path:
    """A small demo company without complaints."""
    path = tmp_path_factory.mktemp("demo") / "store.db"
    fill_demo(path, KEY, content, now=datetime(2026, 1, 5, 3, tzinfo=UTC), customers=30)
    return path


def told(company: Path, folder: Path, now: datetime) -> dict[str, Any]:
    """Return state, owner and latest step of each complaint, by what it shows."""
    path = folder / f"{now:%m%d}.db"
    shutil.copy(company, path)
    made = complain(path, KEY, House(), now)
    with open_connection(path, KEY, role="reader") as connection:
        held = dict(connection.execute("SELECT id, state || ' ' || last_step_at FROM complaint").fetchall())
    return {name: (row_id, held[row_id.bytes]) for name, row_id in made.items()}


@pytest.mark.parametrize(
    "day", ["2026-02-20", "2026-05-04", "2026-08-08", "2026-10-05", "2026-11-22", "2027-01-02"]
)
def test_each_state_is_there_at_any_time_of_the_year(company: Path, tmp_path: Path, day: str) -> None:
    now = datetime.fromisoformat(f"{day}T05:30:00+00:00")
    found = told(company, tmp_path, now)
    assert {name: state.partition(" ")[0] for name, (_, state) in found.items()} == STATES
    latest = max(int(state.partition(" ")[2]) for _, state in found.values())
    assert latest <= (now - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)


def test_the_same_moment_makes_the_same_complaints(company: Path, tmp_path: Path) -> None:
    now = datetime(2026, 11, 22, 5, tzinfo=UTC)
    (tmp_path / "again").mkdir()
    assert told(company, tmp_path, now) == told(company, tmp_path / "again", now)


def test_each_person_has_what_waits_for_him_in_both_languages(company: Path, tmp_path: Path) -> None:
    path = tmp_path / "lists.db"
    shutil.copy(company, path)
    now = datetime(2026, 11, 22, 5, tzinfo=UTC)
    made = complain(path, KEY, House(), now)
    by_id = {row_id: name for name, row_id in made.items()}

    def shown(segment: str, login: str) -> set[str]:
        with open_connection(path, KEY, role="reader") as connection:
            held = listing(connection, segment, AgentId(code_id("agent", login)), now)
        return {by_id[line.id] for line in held.lines}

    assert shown(APPROVE, AGENT) == {"to_tell", "to_tell_zh", "proposed"}
    assert shown(APPROVE, LEAD) >= {"to_approve", "to_approve_en"}
    with open_connection(path, KEY, role="reader") as connection:
        mine = listing(connection, MINE, AgentId(code_id("agent", AGENT)), now).lines
        every = listing(connection, EVERYBODY, AgentId(code_id("agent", AGENT)), now).lines
    assert any(line.overdue and by_id[line.id] == "overdue" for line in mine)
    assert {line.wait_for for line in every} >= {"customer"}
    assert {line.external for line in every} == {"", "12315", "adr"}
    assert any(line.repeat_of for line in mine)
    assert any(line.state == "ACKNOWLEDGED" and by_id[line.id] == "appealed" for line in every)


def test_letters_of_the_demo_can_be_read(company: Path, tmp_path: Path) -> None:
    path = tmp_path / "letters.db"
    shutil.copy(company, path)
    complain(path, KEY, House(), datetime(2026, 11, 22, 5, tzinfo=UTC), Sender("CHERY"))
    with open_connection(path, KEY, role="reader") as connection:
        texts = [text for (text,) in connection.execute("SELECT text FROM letter")]
    assert len(texts) == 3
    assert all(text.startswith("#") for text in texts)
