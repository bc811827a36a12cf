"""Notes: for everybody, or for one team only."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from crmdesk.models.effects import replay
from crmdesk.models.note import append_note
from crmdesk.models.operations import Author, Operation
from tests.models.moves import Dice as Word
from tests.models.moves import Hotline, see_call

TEAM, CUSTOMER = UUID(int=8), UUID(int=9)
AUTHOR = Author("anna", "desk", lambda: datetime(2026, 11, 20, 9, tzinfo=UTC))
SECRET = "他的律师来信\nnobody else may read this"


def team_note(**place: UUID) -> Operation:
    return append_note(AUTHOR, SECRET, team_id=TEAM, **place)


def test_a_note_for_everybody_shows_its_words_in_the_line() -> None:
    rows = replay((append_note(AUTHOR, "first\nand the rest", customer_id=CUSTOMER),))
    (note,), (line,) = rows.tables["note"].values(), rows.tables["interaction"].values()
    assert note["team_id"] is None
    assert (line["subject"], line["summary"]) == ("first", "and the rest")


def test_a_line_tells_nothing_of_a_note_for_one_team() -> None:
    rows = replay((team_note(customer_id=CUSTOMER),))
    (note,), (line,) = rows.tables["note"].values(), rows.tables["interaction"].values()
    assert (note["team_id"], note["text"]) == (TEAM, SECRET)
    assert (line["kind"], line["subject"], line["summary"]) == ("note", "", "")


@pytest.mark.parametrize("earlier", ["", "what everybody may read"])
def test_the_line_of_a_call_keeps_what_everybody_may_read(earlier: str) -> None:
    world = Hotline()
    said = Word(1, 0, "x")
    before = [see_call(world, said)]
    if earlier:
        before.append(append_note(AUTHOR, earlier, call_id=said.call))
    rows = replay((*before, team_note(call_id=said.call)))
    line = rows.tables["interaction"][said.call]
    assert (line["subject"], line["summary"]) == (earlier, "")


def test_a_note_described_before_teams_had_notes_is_for_everybody() -> None:
    described = append_note(AUTHOR, "old", customer_id=CUSTOMER)
    payload = {name: value for name, value in described.payload.items() if name != "team_id"}
    old = Operation(described.id, described.kind, 1, payload, None, "anna", "desk", described.at)
    (note,) = replay((old,)).tables["note"].values()
    assert note["team_id"] is None
