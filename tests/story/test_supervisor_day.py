"""A day of a supervisor: what waits for a yes, what is due, who takes what over, and what goes on outside."""

from __future__ import annotations

import pytest

from tests.story.conftest import Sit
from tests.story.house import House, known, moment, person
from tests.story.past import CHECKLIST, Past
from tests.story.seat import Seat

WANG, LI, ZHAO = ("王芳", "13800138000"), ("Li Lei", "13900139000"), ("赵敏", "13700137000")


@pytest.fixture
def files(house: House) -> dict[str, str]:
    """Complaints as the supervisor finds them on Wednesday morning, by what becomes of them."""
    house.now = moment("2026-02-26 09:00")
    with house.opened("anna") as profile:
        known(profile, (WANG, LI, ZHAO))
    past = Past(house)
    told = "Oil under the car for the third time."
    yes = past.complaint("2026-03-02 09:30", "anna", WANG[0], told)
    past.accepted("2026-03-02 10:00", "anna", yes)
    past.proposed("2026-03-03 10:00", "anna", yes, 500_00)
    no = past.complaint("2026-03-02 11:00", "bela", LI[0], "The engine rattles after the repair.")
    past.accepted("2026-03-02 11:30", "bela", no)
    past.proposed("2026-03-03 11:00", "bela", no, 900_00)
    big = past.complaint("2026-03-02 13:00", "bela", ZHAO[0], "The engine broke on the way home.")
    past.accepted("2026-03-02 13:30", "bela", big)
    past.proposed("2026-03-03 12:00", "bela", big, 2_500_00)
    asked = past.complaint("2026-02-26 10:00", "bela", WANG[0], "Nobody at the counter helped me.")
    done = {"severity": "S3", "customer_agreed": True, "cause_class": "B", "checklist": CHECKLIST}
    done |= {"what_was_done": "The head of the shop rang him.", "remedies": [{"type": "apology", "value": 0}]}
    past.step("2026-02-26 10:05", "bela", asked, "T13", **done)
    found = {"yes": yes, "no": no, "big": big, "asked": asked}
    for key, at, who, whose, text, more in (
        ("query", "2026-03-03 14:30", "bela", ZHAO, "Why does the tax on cars rise again?", {}),
        ("twice", "2026-03-03 15:00", "anna", WANG, "Still oil under the car, and I wait.", {}),
        ("hidden", "2026-03-03 15:20", "bela", LI, "A mechanic insulted me.", {"restricted": True}),
        ("gone", "2026-03-03 16:20", "anna", ZHAO, "The colour is not as it was shown.", {}),
        ("danger", "2026-03-03 17:40", "bela", ZHAO, "Smoke and fire!", {"severity": "S1"}),
    ):
        found[key] = past.complaint(at, who, whose[0], text, **more)
    house.now = moment("2026-03-04 08:30")
    return found


def test_a_day_of_two_supervisors(files: dict[str, str], sit: Sit) -> None:
    """Chen decides, hands over and turns one down; what nobody decides alone goes on with Dora."""
    chen = sit("chen")
    the_night(chen, files)
    sent_back(chen, files["no"])
    approved(chen, files["yes"])
    first_yes_of_two(chen, files["big"])
    taken_over(chen, files["danger"])
    handed_over_at_once(chen, [files["twice"], files["gone"]])
    turned_down(chen, files["query"])
    withdrawn(chen, files["gone"])
    dora = sit("dora")
    second_yes_of_two(dora, files["big"])
    restricted(dora, files["hidden"])
    appealed(dora, files["query"])
    outside(dora, files["no"])
    merged(dora, files["twice"], files["yes"])
    not_content(dora, files["asked"])


def the_night(chen: Seat, files: dict[str, str]) -> None:
    """What escalated in the night lies on top; the team's list goes by the clock that is due next."""
    chen.sees(f"赵敏, Escalated: look at it · {files['danger']}")
    level = "SELECT level FROM complaint WHERE number = ?"
    assert chen.sql.one(level, files["danger"]) == 1
    called = chen.sql.rows("SELECT owner_id FROM task WHERE errand = 'escalated' ORDER BY owner_id")
    assert called == sorted([(person("chen").bytes,), (person("dora").bytes,)])
    chen.press("Ctrl+Shift+M", "2")
    by_clock = "SELECT number FROM complaint WHERE state NOT IN ('CLOSED') ORDER BY next_due_at, id"
    chen.awaits_lines("Complaints", [number for (number,) in chen.sql.rows(by_clock)])
    asked, danger = chen.lines("Complaints")[:2]
    assert asked.endswith("2 Mar 18:00, overdue · Follow up"), "28 February was a working Saturday"
    assert danger.startswith(f"{files['danger']}, 赵敏, S1 · Level 1 · Received")
    assert danger.endswith("Yesterday 18:10, overdue · Acknowledge"), "half an hour by the wall clock"
    chen.goes_to_line(files["danger"])
    chen.sees("due yesterday 18:10, by the clock", "Yesterday 17:40, started · received · Bela Sun")


def sent_back(chen: Seat, number: str) -> None:
    """One is not ready: back with what is missing, two keys and a sentence."""
    chen.press("3")
    chen.goes_to_line(number)
    chen.press("B")
    chen.sees("What is missing")
    chen.press("Ctrl+Return")
    chen.sees("Please fill in What is missing.")
    chen.types("The order of the workshop.")
    chen.press("Ctrl+Return")
    chen.sees("Done: Send back", f"{number}, Investigating")
    told = "SELECT c.state, b.missing FROM complaint AS c JOIN complaint_body AS b ON b.id = c.id"
    assert chen.sql.row(f"{told} WHERE c.number = ?", number) == (
        "INVESTIGATING",
        "The order of the workshop.",
    )
    chen.back_to("Complaints")


def approved(chen: Seat, number: str) -> None:
    """The other is: two keys say yes; told that a letter is missing she makes it, and the form has it."""
    chen.goes_to_line(number)
    chen.press("A")
    chen.sees(f"Approve {number}, CNY 500? a again says yes.")
    chen.press("A")
    chen.sees(f"Approved: {number}. Anna Lin can tell the customer.")
    state = "SELECT state FROM complaint WHERE number = ?"
    assert chen.sql.one(state, number) == "PROPOSED"
    chen.press("4")
    chen.goes_to_line(number)
    chen.press("Return", "Ctrl+Return", "Ctrl+Return")
    chen.sees("Make the letter, or name the call in which the decision was told.")
    kept_letter(chen, "Decision")
    chen.sees("Letter: Decision · Today 08:30", "Told by: Letter")
    chen.press("Ctrl+Return")
    chen.sees(f"{number}, Decision told", "Decision, sent today · Letter")
    chen.back_to("Complaints")
    chen.press("3")


def first_yes_of_two(chen: Seat, number: str) -> None:
    """Above a supervisor's limit one yes is kept, and nothing is told yet."""
    chen.goes_to_line(number)
    chen.press("A", "A")
    chen.sees(f"Approved: {number}. A second supervisor has to approve it, too.")
    yes = "SELECT a.login FROM approval AS p JOIN agent AS a ON a.id = p.approver_id"
    yes += " JOIN complaint AS c ON c.id = p.complaint_id WHERE c.number = ?"
    assert chen.sql.rows(yes, number) == [("chen",)]
    assert chen.sql.one("SELECT state FROM complaint WHERE number = ?", number) == "PROPOSED"
    chen.awaits_lines("Complaints", [])


def second_yes_of_two(dora: Seat, number: str) -> None:
    """The other supervisor's yes is the last one needed: she tells it at once."""
    dora.press("Ctrl+Shift+M", "3")
    dora.awaits_lines("Complaints", [number])
    dora.press("Return")
    dora.sees("Approved by Chen Yu, Today 08:30", f"{number}, Decision proposed")
    kept_letter(dora, "Decision")
    dora.press("Ctrl+Return")
    dora.sees("Letter: Decision")
    dora.press("Ctrl+Return")
    dora.sees(f"{number}, Decision told", "Refund, CNY 2,500, promised")
    assert dora.sql.one("SELECT state FROM complaint WHERE number = ?", number) == "RESPONDED"
    dora.back_to("Complaints")


def taken_over(chen: Seat, number: str) -> None:
    """What is dangerous she takes herself."""
    chen.press("2")
    chen.goes_to_line(number)
    begins(chen, "Hand over")
    chen.chooses("New owner", "Chen Yu")
    chen.sees("Open points: Due next: Acknowledge, Yesterday 18:10")
    chen.press("Ctrl+Return")
    chen.sees("Owner: Chen Yu")
    assert owner(chen, number) == "chen"
    told = "SELECT count(*) FROM task AS t JOIN complaint AS c ON c.id = t.complaint_id WHERE c.number = ?"
    assert chen.sql.one(f"{told} AND t.state = 'open' AND t.errand = 'taken_over'", number) == 0
    chen.back_to("Complaints")


def handed_over_at_once(chen: Seat, numbers: list[str]) -> None:
    """Two of somebody who is on leave go to a colleague with one reason."""
    for number in numbers:
        chen.goes_to_line(number)
        chen.press("Insert")
    chen.press("Ctrl+Shift+G")
    chen.types("bela")
    chen.press("Return")
    chen.writes("Why, open points", "Anna is on leave.")
    chen.press("Ctrl+Return")
    chen.sees("2 of 2 went to Bela Sun.")
    assert [owner(chen, number) for number in numbers] == ["bela", "bela"]
    told = (
        "SELECT count(*) FROM complaint_event WHERE transition = 'H1' AND instr(fields, 'Anna is on leave.')"
    )
    assert chen.sql.one(told) == 2


def turned_down(chen: Seat, number: str) -> None:
    """A question is no complaint: the letter says why and where to turn; she cannot decide its appeal."""
    chen.goes_to_line(number)
    chen.press("Return", "Ctrl+P")
    chen.chooses("Kind of letter", "Rejection")
    chen.writes("The reason, as the customer is to read it", "The state makes the tax, not we.")
    chen.press("Return")
    chen.sees("Say where else the customer may turn")
    chen.writes("Where else the customer may turn, with the address", "The tax office, 12366")
    chen.press("Return")
    chen.sees("The state makes the tax, not we.", "Page 1 of 1")
    chen.press("Ctrl+Return")
    chen.sees("The letter is kept")
    chen.back_to("File of the complaint")
    begins(chen, "Reject")
    chen.sees("Letter: Rejection")
    chen.chooses("Reason", "Not about us")
    chen.writes("Other route told", "The tax office, 12366.")
    chen.press("Ctrl+Return")
    chen.sees(f"{number}, Not accepted")
    chen.sees("We did not take it up: it is not about us. You can turn to: The tax office, 12366.\n")
    chen.press("Ctrl+Return")
    chen.sees("The state makes the tax, not we.", "Mark as sent")
    chen.press("Ctrl+Return")
    chen.sees("It is written down that the letter has left the house.", "Nothing to do now.")
    chen.press("Ctrl+Shift+N")
    chen.sees("Appeal, Somebody else than who rejected it has to decide on the appeal.")
    told = "SELECT c.state, b.ended_why, a.login FROM complaint AS c JOIN complaint_body AS b ON b.id = c.id"
    told += " JOIN agent AS a ON a.id = b.rejected_by WHERE c.number = ?"
    assert chen.sql.row(told, number) == ("REJECTED", "not_ours", "chen")
    chen.back_to("Complaints")


def withdrawn(chen: Seat, number: str) -> None:
    """What the customer said is kept in his words, and no clock counts any more."""
    chen.goes_to_line(number)
    begins(chen, "Withdraw")
    chen.types("Leave it, I sold the car.")
    chen.chooses("Channel", "Telephone")
    chen.press("Ctrl+Return")
    chen.sees(f"{number}, Withdrawn", "Acknowledge, not counted", "Decide, not counted")
    told = "SELECT c.state, b.ended_why, b.ended_channel, c.next_due_at FROM complaint AS c"
    told += " JOIN complaint_body AS b ON b.id = c.id WHERE c.number = ?"
    assert chen.sql.row(told, number) == ("WITHDRAWN", "Leave it, I sold the car.", "phone", None)
    left = "SELECT t.errand FROM task AS t JOIN complaint AS c ON c.id = t.complaint_id WHERE c.number = ?"
    assert set(chen.sql.rows(f"{left} AND t.state = 'open'", number)) <= {("survey",)}
    chen.back_to("Complaints")


def restricted(dora: Seat, number: str) -> None:
    """One about a person of the house is marked as such."""
    dora.press("2")
    dora.goes_to_line(number)
    dora.press("Return")
    dora.sees(f"{number}, Received", "Restricted")
    assert dora.sql.one("SELECT restricted FROM complaint WHERE number = ?", number) == 1


def appealed(dora: Seat, number: str) -> None:
    """Somebody else than who turned it down finds it by its number and takes it up."""
    dora.press("Ctrl+K")
    dora.types(number.replace("-", " ").lower())
    dora.sees(f"{number}, 赵敏")
    dora.press("Return")
    begins(dora, "Appeal")
    dora.chooses("Reason", "New facts")
    dora.writes("Reason in words", "He paid it to our dealer.")
    dora.press("Ctrl+Return")
    dora.sees(f"{number}, Acknowledged", "Customer may appeal, met", "Decide, 5 %, 12 Mar 18:00")
    assert dora.sql.steps(number) == ["T1", "T3", "T21"]
    received = "SELECT received_at FROM complaint WHERE number = ?"
    assert dora.sql.at(received, number) == "2026-03-03 14:30", "as it first came"


def outside(dora: Seat, number: str) -> None:
    """A body outside asks: its deadline is a clock of its own beside ours."""
    dora.press("Ctrl+Shift+M", "4")
    dora.goes_to_line(number)
    begins(dora, "Goes to an outside body")
    dora.chooses("Outside body", "12315")
    dora.writes("Their reference", "SH-2026-77")
    dora.chooses("Their deadline", "5 business days")
    dora.press("Ctrl+Return")
    dora.sees("Answer the outside body, 0 %, 11 Mar 18:00", "Decide, 22 %, 11 Mar 18:00")
    due = "SELECT l.due FROM clock_line AS l JOIN complaint AS c ON c.id = l.complaint_id"
    due += " WHERE c.number = ? AND l.clock = '12315/answer' AND l.event = 'start'"
    assert dora.sql.at(due, number) == "2026-03-11 18:00"
    told = (
        "SELECT c.external, b.external_reference FROM complaint AS c JOIN complaint_body AS b ON b.id = c.id"
    )
    assert dora.sql.row(f"{told} WHERE c.number = ?", number) == ("12315", "SH-2026-77")
    dora.back_to("Complaints")


def merged(dora: Seat, number: str, target: str) -> None:
    """The same matter told twice becomes one."""
    dora.goes_to_line(number)
    begins(dora, "Merge")
    dora.types(target.replace("-", "").lower())
    dora.sees(f"{target} · Decision told · 王芳")
    dora.press("Ctrl+Return")
    dora.sees(f"{number}, Merged", target)
    told = "SELECT c.state, t.number FROM complaint AS c JOIN complaint AS t ON t.id = c.merged_into"
    assert dora.sql.row(f"{told} WHERE c.number = ?", number) == ("MERGED", target)
    dora.back_to("Complaints")


def not_content(dora: Seat, number: str) -> None:
    """The figures tell what an answer means; who is not content is taken up again."""
    dora.goes_to_line(number)
    dora.press("Return", "F9")
    dora.sees("Expected repurchase 82 % (solved quickly)", "an indicator, not a forecast")
    dora.chooses("What came of the complaint", "Very dissatisfied")
    dora.sees("Satisfaction -90 (n = 1)", "Expected repurchase 19 %")
    dora.press("Ctrl+Return")
    dora.sees("Score: Very dissatisfied")
    dora.press("Ctrl+Return")
    dora.sees(f"{number}, Investigating", "Satisfaction, -90")
    told = (
        "SELECT c.state, c.reopen_count, b.score FROM complaint AS c JOIN complaint_body AS b ON b.id = c.id"
    )
    assert dora.sql.row(f"{told} WHERE c.number = ?", number) == ("INVESTIGATING", 1, -90)


def kept_letter(seat: Seat, kind: str) -> None:
    """Make the letter that fits, and come back to the complaint."""
    seat.press("Ctrl+P")
    seat.sees("Page 1 of 1", f"Kind of letter: {kind}")
    seat.press("Ctrl+Return")
    seat.sees("The letter is kept")
    seat.back_to("File of the complaint")


def begins(seat: Seat, step: str) -> None:
    """Open the complaint of the line, if none is open, and begin *step* from the list of all steps."""
    if seat.focus.accessibleName() == "Complaints":
        seat.press("Return")
    seat.press("Ctrl+Shift+N")
    seat.goes_to_line(f"{step}, ")
    seat.press("Return")


def owner(seat: Seat, number: str) -> str:
    """Return the login of who owns a complaint."""
    found = "SELECT a.login FROM complaint AS c JOIN agent AS a ON a.id = c.owner_id WHERE c.number = ?"
    return str(seat.sql.one(found, number))
