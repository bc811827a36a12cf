"""Solved on the call where a regime holds: it is known from the house or the form, and a summary is owed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import InvalidInput
from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.wire import Row
from crmdesk.services.complaints.allowed import allowed
from crmdesk.services.complaints.correspondence import draft_letter, send_letter, wording_missing
from crmdesk.services.complaints.files import actor_of, file_of
from crmdesk.services.complaints.letter_case import LetterWanted, Sender
from crmdesk.services.complaints.letter_due import letter_due
from crmdesk.services.complaints.procedure import House, Procedure, house_of, procedure
from crmdesk.services.complaints.taking import Intake, open_complaint
from crmdesk.services.store.rows import StoredRows
from crmdesk.settings import read_settings
from tests.services.complaints.house import CHECKLIST, CUSTOMER, ComplaintDesk

SOLVED: dict[str, Any] = {
    "severity": "S4",
    "remedies": [{"type": "apology", "value": 0}],
    "customer_agreed": True,
    "cause_class": "B",
    "checklist": CHECKLIST,
    "what_was_done": "Explained the bill.",
}


class RegimeDesk(ComplaintDesk):
    """A desk of a house whose complaints fall under ``regime``."""

    regime = "UK-8W"

    def rules(self) -> Procedure:
        """Return the procedure of that house."""
        return procedure(self.connection, House(regime=self.regime))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[RegimeDesk]:
    made = RegimeDesk(tmp_path)
    yield made
    made.close()


def errands(desk: ComplaintDesk, row: Row) -> list[str]:
    return [task["errand"] for task in desk.rows("task", row["id"]) if task["state"] == "open"]


def summary(desk: ComplaintDesk, row: Row) -> Any:
    """Return the draft of the written summary."""
    wanted = LetterWanted(complaint_id=row["id"], kind="summary", language="en")
    rows = StoredRows(desk.connection)
    return draft_letter(rows, desk.connection, desk.rules(), Sender("Our house"), wanted, desk.now)


def regime_asked(desk: ComplaintDesk, row: Row, transition: str) -> Any:
    """Return what the form of *transition* begins with as the regime."""
    rows, file = StoredRows(desk.connection), file_of(StoredRows(desk.connection), row["id"])
    actor = actor_of(rows, desk.connection, desk.author)
    steps = allowed(rows, desk.connection, desk.rules(), file, actor, desk.now)
    (step,) = [each for each in steps if each.transition == transition]
    return next(field for field in step.fields if field.name == "regime").default


def test_a_house_under_a_regime_owes_a_summary_of_what_it_solves_on_the_call(desk: RegimeDesk) -> None:
    row = desk.step(desk.log(), "T13", **SOLVED)
    assert (row["state"], row["regime"]) == ("RESOLVED", "UK-8W")
    assert errands(desk, row) == ["summary"]
    letters, tasks, events = (desk.rows(name, row["id"]) for name in ("letter", "task", "complaint_event"))
    due = letter_due(row["state"], letters, tasks, events)
    assert due is not None
    assert (due.kind, due.letter_id) == ("summary", None)


def test_it_is_so_in_the_form_of_the_call_as_well(desk: RegimeDesk) -> None:
    given = {
        "received_at": desk.iso(),
        "channel": "phone",
        "category": "repair",
        "remedy_wanted": "none",
        "what_happened": "The bill is wrong, she says.",
        "customer_id": str(CUSTOMER),
    }
    with desk.work() as work:
        row = open_complaint(work, desk.rules(), "K7Q", given, Intake(), solution=SOLVED)
    assert (row["state"], row["regime"], errands(desk, row)) == ("RESOLVED", "UK-8W", ["summary"])


def test_the_summary_says_what_holds_for_what_is_settled_early(desk: RegimeDesk) -> None:
    row = desk.step(desk.log(), "T13", **SOLVED)
    written = summary(desk, row)
    assert "you may be able to refer your complaint" in written.plain
    assert "within six months" not in written.plain, "that is for a final response"
    lacking = written.plain.replace("you may be able to refer", "you may refer")
    assert wording_missing("summary", written.case, lacking)
    with desk.work() as work:
        send_letter(work, desk.rules(), UUID(desk.letter(row, "summary", written.plain)), "letter")
    assert errands(desk, row) == []


def test_taken_up_again_its_own_regime_goes_on_from_the_first_receipt(desk: RegimeDesk) -> None:
    row = desk.step(desk.log(), "T13", **SOLVED)
    received = row["received_at"]
    desk.later(days=2)
    row = desk.step(row, "T20", reason="recurred", text="Again.")
    standing = ledger_of(desk.rows("clock_line", row["id"])).standings(desk.now, desk.rules().rules.measures)
    assert standing["UK-8W/decide"].course.since == received


@pytest.mark.parametrize(("house", "chosen", "owed"), [("", "UK-SRC", True), ("UK-8W", "none", False)])
def test_who_solves_it_may_choose_otherwise(desk: RegimeDesk, house: str, chosen: str, owed: bool) -> None:
    desk.regime = house
    row = desk.step(desk.log(), "T13", **SOLVED, regime=chosen)
    assert (row["regime"], errands(desk, row)) == (chosen, ["summary"] if owed else [])


def test_without_a_regime_nothing_is_owed(desk: RegimeDesk) -> None:
    desk.regime = ""
    row = desk.step(desk.log(), "T13", **SOLVED)
    assert (row["regime"], errands(desk, row)) == ("none", [])


def test_forms_begin_with_the_regime_of_the_house_or_the_one_chosen(desk: RegimeDesk) -> None:
    row = desk.log()
    assert regime_asked(desk, row, "T13") == regime_asked(desk, row, "T4") == "UK-8W"
    desk.connection.execute("UPDATE complaint SET regime = 'UK-PSD'")
    assert regime_asked(desk, row, "T13") == "UK-PSD"
    row = desk.step(row, "T13", **SOLVED)
    assert row["regime"] == "UK-PSD", "what was chosen before stays"
    desk.regime = ""
    assert regime_asked(desk, desk.log(), "T13") == "none"


def test_a_house_names_a_regime_there_is(desk: RegimeDesk) -> None:
    desk.regime = house_of(replace(read_settings(None), changed={"regime": "UK-9W"})).regime
    with pytest.raises(InvalidInput, match=r"There is no regime UK-9W\. Choose one of: UK-SRC, UK-8W"):
        desk.rules()
