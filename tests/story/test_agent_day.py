"""A day of an agent: mine by the next clock, calls, and a complaint from the first word to the last."""

from __future__ import annotations

import json

import pytest

from tests.story.conftest import Sit
from tests.story.house import House, known, moment, person
from tests.story.seat import Seat

WANG, LI, ZHAO = ("王芳", "13800138000"), ("Li Lei", "13900139000"), ("赵敏", "13700137000")


@pytest.fixture
def staffed(house: House) -> House:
    """Three customers are known, the afternoon before."""
    house.now = moment("2026-03-03 16:00")
    with house.opened("anna") as profile:
        known(profile, (WANG, LI, ZHAO))
    return house


def test_a_day_of_an_agent(staffed: House, sit: Sit) -> None:
    """One complaint in three hands, one solved at once, one that only asks; then its end days later."""
    late = the_afternoon_before(sit("anna"))
    staffed.now = moment("2026-03-04 08:55")
    anna = sit("anna")
    assert anna.lines("My complaints") == [
        f"{late}, Li Lei, S3 · Received · Delivered late or not at all, Today 11:00, Acknowledge"
    ]
    oil = a_call_becomes_a_complaint(anna)
    solved = solved_on_the_call(anna)
    accepted_undone_accepted(anna, oil)
    told_in_writing(anna, oil)
    found_out(anna, oil)
    how_does_it_stand(anna, late)
    handed_over(anna, late)
    the_lists_agree(anna)
    approved_by_the_supervisor(sit("chen"), oil)
    staffed.now = moment("2026-03-05 10:00")
    anna = sit("anna")
    the_customer_accepts(anna, oil)
    staffed.now = moment("2026-03-10 10:00")
    anna = sit("anna")
    asked_afterwards(anna, solved)
    the_lists_agree(anna)


def the_afternoon_before(anna: Seat) -> str:
    """Somebody is found by his name, and what he said is written down."""
    anna.press("Ctrl+K")
    anna.types("li lei")
    anna.sees("Li Lei")
    anna.press("Return", "F8")
    anna.types("The delivery came two weeks late and nobody called me back")
    anna.sees("No reply, no call-back")
    anna.press("Ctrl+Return")
    anna.sees("Choose how it came in.")
    assert anna.sql.rows("SELECT id FROM complaint") == []
    anna.tab_to("About *")
    anna.press("Ctrl+A")
    anna.types("late")
    anna.press("Return")
    anna.chooses("Came in by", "Telephone")
    anna.press("Ctrl+Return")
    number = anna.number()
    anna.sees(f"The number is {spoken(number)}. By 11:00 tomorrow you hear from us how it goes on.")
    anna.sees(f"Complaint, {number}, Logged")
    told = "SELECT state, severity, category, channel, next_clock FROM complaint WHERE number = ?"
    assert anna.sql.row(told, number) == ("RECEIVED", "S3", "delivery_late", "phone", "acknowledge")
    assert dues(anna, number) == {
        "acknowledge": "2026-03-04 11:00",
        "contact": "2026-03-04 18:00",
        "decide": "2026-03-12 18:00",
        "resolve": "2026-03-17 18:00",
    }
    return number


def a_call_becomes_a_complaint(anna: Seat) -> str:
    """It rings, she notes, he has had enough: F8 takes over what is known."""
    call = anna.rings(WANG[1])
    anna.sees("Ringing, 王芳")
    anna.answers(call)
    anna.passes(minutes=2)
    anna.press("F7")
    anna.types("Oil under the car again.")
    anna.press("F8")
    anna.sees("What happened *: Oil under the car again.")
    anna.types(" Third visit, the engine leaks oil")
    anna.sees("Engine · Product quality")
    anna.passes(minutes=1)
    anna.press("Ctrl+Return")
    number = anna.number()
    anna.sees("By 14:00 today you hear from us how it goes on.", f"Complaint, {number}, Logged")
    anna.sees(f"Talking, 王芳, Complaint {number} open")
    anna.hangs_up(call)
    anna.press("F12")
    anna.sees("Finished: 王芳")
    heard = "Oil under the car again. Third visit, the engine leaks oil"
    assert anna.sql.one("SELECT what_happened FROM complaint_body WHERE what_happened LIKE 'Oil%'") == heard
    told = (
        "SELECT c.state, p.name, a.name_en, k.result FROM complaint AS c JOIN customer AS p"
        " ON p.id = c.customer_id JOIN agent AS a ON a.id = c.owner_id JOIN call AS k ON k.id = c.call_id"
        " WHERE c.number = ?"
    )
    assert anna.sql.row(told, number) == ("RECEIVED", "王芳", "Anna Lin", "answered")
    received = "SELECT received_at FROM complaint WHERE number = ?"
    assert anna.sql.at(received, number) == "2026-03-04 08:55", "when it rang, not when it was typed"
    return number


def solved_on_the_call(anna: Seat) -> str:
    """More than she may grant is refused before it is promised; less is done and settled."""
    anna.clock("2026-03-04 09:10")
    call = anna.rings(ZHAO[1])
    anna.answers(call)
    anna.press("F8")
    anna.types("The invoice shows the wrong sum again and again")
    anna.sees("Invoice or receipt")
    anna.press("Ctrl+R")
    anna.types("Corrected the invoice with the shop")
    anna.chooses("What the customer gets", "Voucher")
    anna.writes("Sum", "250")
    anna.sees("CNY 250 is more than you may promise alone (CNY 200).")
    anna.press("Ctrl+Return")
    anna.sees("This is more than you may grant alone. Propose it instead.", "The customer has to agree.")
    anna.tab_to("Sum")
    anna.press("Ctrl+A")
    anna.types("150")
    anna.chooses("Why it happened", "B ")
    anna.tab_to("The customer agrees")
    anna.press("Space", "Ctrl+Return")
    number = anna.number()
    anna.sees("recorded and settled", "By 18:00 on Monday, 9 March we ask if all is well.")
    anna.hangs_up(call)
    anna.press("F12")
    assert anna.sql.steps(number) == ["T1", "T13"]
    told = "SELECT state, first_contact, next_clock FROM complaint WHERE number = ?"
    assert anna.sql.row(told, number) == ("RESOLVED", 1, "follow_up")
    assert remedies(anna, number) == [("voucher", 150_00, 0)]
    return number


def accepted_undone_accepted(anna: Seat, number: str) -> None:
    """Accepted by one key too early, taken back within its minute, accepted again."""
    anna.pane("My complaints")
    anna.goes_to_line(number)
    anna.press("Return", "Ctrl+Return", "Space", "Ctrl+Return")
    anna.sees("Done: Accept and acknowledge", f"{number}, Acknowledged")
    anna.passes(seconds=40)
    anna.press("Ctrl+Z")
    anna.sees("Taken back: Accept and acknowledge", f"{number}, Received", "Acknowledge, 4 %, Today 14:00")
    anna.press("Ctrl+Return", "Space", "Ctrl+Return")
    anna.passes(seconds=61)
    anna.press("Ctrl+Z")
    anna.sees("A step can be undone for a minute.")
    assert anna.sql.steps(number) == ["T1", "T2", "U1", "T2"], "history keeps all of it"
    assert "acknowledge" not in dues(anna, number)
    assert dues(anna, number)["assess"] == "2026-03-05 18:00"


def told_in_writing(anna: Seat, number: str) -> None:
    """The acknowledgement: seen as it is printed, kept, sent; what it told is not taken back."""
    anna.press("Ctrl+P")
    anna.sees("Page 1 of 1", "Kind of letter: Acknowledgement")
    anna.sees(f"# We have received your complaint {number}", "Dear 王芳", "by 5 March 2026 at the latest")
    anna.press("Ctrl+Return")
    anna.sees("The letter is kept")
    assert anna.sql.row("SELECT kind, sent_at FROM letter") == ("acknowledgement", None)
    anna.press("Ctrl+Return")
    anna.sees(
        "It is written down that the letter has left the house.", "Acknowledgement, sent today · Letter"
    )
    sent = "SELECT sent_via, length(digest), instr(text, ?) > 0 FROM letter"
    assert anna.sql.row(sent, number) == ("letter", 64, 1)


def found_out(anna: Seat, number: str) -> None:
    """Assessed, looked into, and a remedy proposed that is above her own limit."""
    anna.press("Ctrl+Return")
    anna.writes("Loss", "800")
    anna.chooses("Class of cause", "B")
    anna.press("Ctrl+Return", "Ctrl+Return")
    anna.sees("Spoken with the customer: Day and time")
    anna.press("Ctrl+Return", "F7")
    anna.types("The workshop confirms a bad gasket.")
    anna.press("Ctrl+Return")
    anna.sees("Anna Lin, The workshop confirms a bad gasket.")
    anna.press("Ctrl+Return")
    anna.chooses("Cause", "Work done › Repair carried out badly")
    anna.chooses("Finding", "Upheld")
    anna.chooses("Remedies: Kind", "Refund")
    anna.press("Tab")
    anna.types("500")
    anna.sees("Together CNY 500: a supervisor has to approve. Do not promise it yet.")
    anna.writes("Reason for the customer", "We fitted a bad gasket.")
    anna.press("Ctrl+Return")
    anna.sees("This needs the approval of a supervisor.", "└ Work done", "└ Repair carried out badly")
    anna.press("Ctrl+Return")
    told = "SELECT c.state, b.money, b.cause, b.finding, b.proposal_version, b.remedy_total"
    told += " FROM complaint AS c JOIN complaint_body AS b ON b.id = c.id WHERE c.number = ?"
    assert anna.sql.row(told, number) == ("PROPOSED", 800_00, "b_repair_faulty", "upheld", 1, 500_00)
    assert anna.sql.steps(number)[-3:] == ["T4", "T5", "T8"], "her Ctrl+Enter approved nothing"
    noted = "SELECT n.text FROM note AS n JOIN complaint AS c ON c.id = n.complaint_id WHERE c.number = ?"
    assert anna.sql.one(noted, number) == "The workshop confirms a bad gasket."
    anna.press("Ctrl+P")
    anna.sees("Page 1 of 1", "Kind of letter: Decision")
    anna.sees("- Refund: CNY 500.00")
    anna.press("Ctrl+Return")
    anna.sees("The letter is kept")
    anna.back_to("File of the complaint")


def how_does_it_stand(anna: Seat, number: str) -> None:
    """Somebody asks about a complaint that is known: one sentence answers, and that he asked is kept."""
    anna.clock("2026-03-04 10:30")
    call = anna.rings(LI[1])
    anna.sees(f"Ringing, Li Lei, Complaint {number} open")
    anna.answers(call)
    anna.press("Ctrl+Down")
    anna.pane("Time line")
    anna.goes_to_line(number)
    anna.press("Return")
    anna.sees(f"It is recorded under number {spoken(number)}. By 11:00 today you hear whether we take it up.")
    anna.press("Ctrl+Shift+R")
    anna.sees("Tell how it stands, Anna Lin · Today 10:30")
    assert anna.sql.steps(number) == ["T1", "C1"]
    assert anna.sql.one("SELECT state FROM complaint WHERE number = ?", number) == "RECEIVED"
    anna.hangs_up(call)
    anna.press("F12")


def handed_over(anna: Seat, number: str) -> None:
    """What a colleague knows better goes to her, with what is open."""
    anna.press("Ctrl+Shift+M")
    anna.goes_to_line(number)
    anna.press("Ctrl+Shift+G")
    anna.types("bela")
    anna.press("Return")
    anna.writes("Why, open points", "She knows the carrier.")
    anna.press("Ctrl+Return")
    anna.sees("1 of 1 went to Bela Sun.", "handed over to Bela Sun, not taken yet")
    told = "SELECT c.owner_id, b.hand_overs, c.state FROM complaint AS c JOIN complaint_body AS b"
    told += " ON b.id = c.id WHERE c.number = ?"
    assert anna.sql.row(told, number) == (person("bela").bytes, 1, "RECEIVED")
    assert set(errands(anna, number)) == {("reminder", "bela"), ("taken_over", "bela")}


def approved_by_the_supervisor(chen: Seat, number: str) -> None:
    """She tells at once what she approves: from its page, with the letter that was made."""
    chen.press("Ctrl+Shift+M", "3")
    chen.goes_to_line(number)
    chen.press("Return", "Ctrl+Return")
    chen.sees("Letter: Decision")
    chen.chooses("Told by", "Letter")
    chen.press("Ctrl+Return")
    chen.sees(f"{number}, Decision told", "Refund, CNY 500, promised", "Decision, sent today · Letter")
    told = "SELECT c.state, b.sent_via FROM complaint AS c JOIN complaint_body AS b ON b.id = c.id"
    assert chen.sql.row(f"{told} WHERE c.number = ?", number) == ("RESPONDED", "letter")
    answer = "SELECT answer_until FROM complaint WHERE number = ?"
    assert chen.sql.at(answer, number) == "2026-03-18 18:00", "ten business days"
    assert "decide" not in dues(chen, number)


def the_customer_accepts(anna: Seat, number: str) -> None:
    """He rings again and says yes; the refund has been made."""
    call = anna.rings(WANG[1])
    anna.answers(call)
    anna.pane("Time line")
    anna.goes_to_line(number)
    anna.press("Return", "Ctrl+Return")
    anna.chooses("How", "Said so")
    anna.tab_to("Remedies done or ordered")
    anna.press("Space", "Ctrl+Return")
    anna.sees(f"{number}, Resolved", "Answer, 王芳 · Said so", "the follow-up is due 10 Mar 18:00")
    anna.hangs_up(call)
    anna.press("F12")
    assert remedies(anna, number) == [("refund", 500_00, 1)]
    assert set(dues(anna, number)) == {"follow_up"}


def asked_afterwards(anna: Seat, number: str) -> None:
    """Nobody answers in the morning; in the afternoon there are grades, and it is closed."""
    anna.pane("My complaints")
    anna.goes_to_line(number)
    anna.press("Return", "F9")
    anna.chooses("What came of the call", "Nobody")
    anna.press("Ctrl+Return")
    anna.sees("Nobody answered. Try again today 14:30.")
    assert follow_up(anna, number) == ("open", 1)
    anna.clock("2026-03-10 14:30")
    anna.press("F9")
    anna.sees("Tried before: Today 10:00 (Morning)")
    anna.chooses("What came of the complaint", "Satisfied (60)")
    anna.chooses("How quickly it went", "Rather satisfied (30)")
    anna.chooses("Would he buy again?", "Yes")
    anna.sees("Satisfaction 45 (n = 2)", "Expected repurchase 82 % (solved quickly)")
    anna.press("Ctrl+Return")
    anna.sees("Answers are recorded: satisfaction 45")
    anna.chooses("Cause confirmed", "Bill, contract or record wrong")
    anna.press("Ctrl+Return")
    anna.sees("Done: Close", f"{number}, Closed")
    told = "SELECT s.csm, s.again, s.answers FROM survey AS s JOIN complaint AS c ON c.id = s.complaint_id"
    csm, again, answers = anna.sql.row(f"{told} WHERE c.number = ?", number)
    assert (csm, again) == (45, "yes")
    assert json.loads(answers) == ["result", "60", "speed", "30"]
    assert anna.sql.steps(number) == ["T1", "T13", "T15", "T16"]
    assert follow_up(anna, number) == ("done", 1)
    assert errands(anna, number) == [], "nothing is left to do about it"
    anna.back_to("My complaints")


def the_lists_agree(anna: Seat) -> None:
    """At the end of the day the lists show what the store holds, no more and no less.

    Hers are those that she owns, and those that she gave to somebody who has not taken them.
    """
    mine = "SELECT c.number FROM complaint AS c JOIN agent AS a ON a.login = 'anna'"
    mine += " JOIN complaint_body AS b ON b.id = c.id WHERE (c.owner_id = a.id OR b.handed_over_by = a.id"
    mine += " AND 'taken_over' IN (SELECT errand FROM task WHERE complaint_id = c.id AND state = 'open'))"
    open_ = " AND c.state NOT IN ('CLOSED', 'REJECTED', 'WITHDRAWN', 'MERGED') ORDER BY c.next_due_at"
    wanted = [number for (number,) in anna.sql.rows(mine + open_)]
    assert wanted
    anna.back_to("My complaints")
    anna.awaits_lines("My complaints", wanted)
    anna.press("Ctrl+Shift+M", "1")
    anna.awaits_lines("Complaints", wanted)
    everybody = anna.sql.rows(
        "SELECT number FROM complaint WHERE state NOT IN ('CLOSED', 'REJECTED', 'WITHDRAWN', 'MERGED')"
        " ORDER BY next_due_at"
    )
    anna.press("4")
    anna.awaits_lines("Complaints", [number for (number,) in everybody])


def dues(seat: Seat, number: str) -> dict[str, str]:
    """Return when each clock that runs is due, by the last line of its ledger that is not taken back."""
    lines = seat.sql.rows(
        "SELECT l.n, l.clock, l.event, l.due, l.undoes FROM clock_line AS l JOIN complaint AS c"
        " ON c.id = l.complaint_id WHERE c.number = ? ORDER BY l.n",
        number,
    )
    gone = {undoes for *_, undoes in lines if undoes} | {n for n, *_, undoes in lines if undoes}
    held = {clock: (event, due) for n, clock, event, due, _ in lines if n not in gone}
    return {clock: seat.sql.local(due) for clock, (event, due) in held.items() if event != "stop"}


def remedies(seat: Seat, number: str) -> list[tuple[object, ...]]:
    """Return type, value and whether it is done of each remedy."""
    return seat.sql.rows(
        "SELECT r.type, r.value, r.done_at IS NOT NULL FROM remedy_line AS r JOIN complaint AS c"
        " ON c.id = r.complaint_id WHERE c.number = ? AND NOT r.void ORDER BY r.position",
        number,
    )


def errands(seat: Seat, number: str) -> list[tuple[object, ...]]:
    """Return what of a complaint is still to do, and by whom."""
    return seat.sql.rows(
        "SELECT t.errand, a.login FROM task AS t JOIN complaint AS c ON c.id = t.complaint_id"
        " JOIN agent AS a ON a.id = t.owner_id WHERE c.number = ? AND t.state = 'open' ORDER BY t.errand",
        number,
    )


def follow_up(seat: Seat, number: str) -> tuple[object, ...]:
    """Return state and attempts of the task that asks the customer afterwards."""
    return seat.sql.row(
        "SELECT t.state, t.attempts FROM task AS t JOIN complaint AS c ON c.id = t.complaint_id"
        " WHERE c.number = ? AND t.errand = 'follow_up'",
        number,
    )


def spoken(number: str) -> str:
    """Return a number as it is told on the telephone: sign by sign."""
    return ", ".join(" ".join(group) for group in number.split("-"))
