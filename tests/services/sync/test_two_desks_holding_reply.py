"""Two desks write that it takes longer, neither knowing of the other: the clock is extended once."""

from __future__ import annotations

from uuid import UUID

from crmdesk.models.wire import Row
from crmdesk.services.complaints.correspondence import send_letter
from crmdesk.services.complaints.procedure import House, procedure
from crmdesk.services.store.unit_of_work import UnitOfWork
from tests.services.sync.desks import TestDesk
from tests.services.sync.test_two_desks_complaints import Team, team

__all__ = ["team"]
CLOCK = "UK-PSD/decide"


def write(at: TestDesk, complaint: UUID) -> UUID:
    """Write at a desk that it takes longer, and mark that as sent; return the letter."""

    def perform(work: UnitOfWork) -> UUID:
        letter = work.author.new_id()
        fields = {"complaint_id": complaint, "kind": "holding", "language": "en", "text": "Longer"}
        fields["digest"] = "0" * 64
        work.do(work.author.describe("letter.make", {"id": letter, "fields": fields}))
        send_letter(work, procedure(work.connection, House()), letter, "mail")
        return letter

    made: UUID = at.store.write(perform).result().result
    return made


def extensions(at: TestDesk) -> list[Row]:
    return [line for line in at.rows("clock_line") if line["event"] == "extend"]


def test_of_two_holding_letters_the_first_at_the_server_extends(team: Team) -> None:
    complaint = team.investigated("UK-PSD")
    letters = [write(at, complaint) for at in (team.anna, team.ben)]
    assert [len(extensions(at)) for at in (team.anna, team.ben)] == [1, 1], "each expects it of his own"
    assert team.ben.worker.run_once().refused == 0
    assert team.anna.worker.run_once().refused == 0
    team.settle()
    (line,) = extensions(team.anna)
    assert (line["clock"], line["author"]) == (CLOCK, str(team.ben.person.agent_id))
    assert extensions(team.ben) == [line]
    for at in (team.anna, team.ben):
        assert all((at.row("letter", letter) or {})["sent_via"] == "mail" for letter in letters)
        assert team.complaint(at, complaint) == team.complaint(team.anna, complaint)
