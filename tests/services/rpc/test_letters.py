"""`letter.*` and `action.*`: letters made, kept and sent; what is done so that a cause does not come back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import FileFault, InvalidInput, NotFound
from crmdesk.services.profile import Profile
from crmdesk.services.rpc.desk import Desk, close_desk, open_desk
from crmdesk.services.starter import furnish
from tests.services.complaints.house import CHECKLIST
from tests.services.rpc.conftest import Talk

UNKNOWN = str(UUID(int=77))
NOW = "2026-11-20T09:58:00Z"


class Complaints:
    """Takes complaints as far as a letter is about."""

    def __init__(self, ask: Talk, customer: Any) -> None:
        self.ask = ask
        self.customer = customer["id"]
        self.me = ask("agent.list")["items"][0]["id"]

    def log(self) -> Any:
        return self.ask(
            "complaint.open",
            received_at=NOW,
            channel="phone",
            category="repair_again",
            what_happened="刹车异响，同一故障第三次进站",
            remedy_wanted="refund",
            customer_id=self.customer,
        )["complaint"]

    def step(self, row: Any, transition: str, **fields: Any) -> Any:
        return self.ask("complaint.transition", id=row["id"], transition=transition, fields=fields)[
            "complaint"
        ]

    def proposed(self, regime: str = "none") -> Any:
        row = self.step(self.log(), "T2", checklist=CHECKLIST, ack_channel="phone", owner=self.me)
        impact = {"persons": 0, "money": {"amount": "0", "currency": "CNY"}}
        row = self.step(row, "T4", severity="S3", impact=impact, regime=regime, cause_class="B")
        row = self.step(row, "T5", contacted_at=NOW)
        remedy = {"type": "refund", "value": {"amount": "50", "currency": "CNY"}, "due": NOW}
        given = {"cause": "b_part_wrong", "cause_class": "B", "finding": "upheld", "remedies": [remedy]}
        return self.step(row, "T8", **given, reason_text="We fitted the wrong part.")


@pytest.fixture
def desk(profile: Profile) -> Iterator[Desk]:
    """The desk of somebody who works here alone, and so leads himself."""
    furnish(profile, "anna")
    opened = open_desk(profile)
    yield opened
    close_desk(opened)


@pytest.fixture
def house(talk: Talk, customer: Callable[..., Any]) -> Complaints:
    return Complaints(talk, customer(name="Wang Fang", language="en"))


def test_a_letter_is_drafted_made_told_by_and_sent(house: Complaints, tmp_path: Path) -> None:
    ask, row = house.ask, house.proposed()
    draft = ask("letter.draft", complaint_id=row["id"])
    assert (draft["kind"], draft["lacks"]) == ("decision", None)
    assert "We fitted the wrong part." in draft["text"]
    file = tmp_path / "letter.pdf"
    text = draft["text"] + "\n\nP.S. 😀"
    given = {"complaint_id": row["id"], "text": text, "file": str(file), "id": UNKNOWN}
    made = ask("letter.make", **given)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == made["digest"]
    assert (made["id"], made["sent_at"], made["unprintable"]) == (UNKNOWN, None, "😀")
    assert ask("letter.make", **given) == made
    (listed,) = ask("letter.list", filter={"complaint_id": row["id"]})["items"]
    assert made == {**listed, "unprintable": "😀"}
    house.step(row, "T9", proposal_version=1, letter_id=UNKNOWN, sent_via="mail")
    sent = ask("letter.get", id=UNKNOWN)
    assert (sent["sent_via"], sent["sent_at"]) == ("mail", NOW)
    assert ask("letter.send", id=UNKNOWN, sent_via="letter") == sent, "the first word of it counts"


def test_a_step_names_a_letter_that_was_made_about_its_complaint(house: Complaints) -> None:
    row = house.log()
    rejection = {"reason": "not_ours", "other_route": "The dealer in charge."}
    with pytest.raises(NotFound, match="no such letter"):
        house.step(row, "T3", **rejection, letter_id=UNKNOWN)
    said = {"reason": "It is not about us.", "route": "The dealer in charge."}
    made = house.ask("letter.make", complaint_id=row["id"], kind="rejection", **said)
    with pytest.raises(NotFound, match="another complaint"):
        house.step(house.log(), "T3", **rejection, letter_id=made["id"])
    assert house.step(row, "T3", **rejection, letter_id=made["id"])["state"] == "REJECTED"


def test_what_a_letter_lacks_is_said_and_nothing_is_kept(house: Complaints, tmp_path: Path) -> None:
    row = house.log()
    draft = house.ask("letter.draft", complaint_id=row["id"], kind="rejection", route="The dealer.")
    assert (draft["text"], draft["field"]) == ("", "reason")
    assert draft["lacks"] == "Write the reason for the customer first."
    with pytest.raises(InvalidInput, match="Write the reason"):
        house.ask("letter.make", complaint_id=row["id"], kind="rejection", route="The dealer.")
    binding = house.proposed("UK-8W")
    text = house.ask("letter.draft", complaint_id=binding["id"], route="x")["text"]
    shortened = "\n".join(
        line for line in text.splitlines() if "six months" not in line and "六个月" not in line
    )
    with pytest.raises(InvalidInput, match="must still say"):
        house.ask("letter.make", complaint_id=binding["id"], text=shortened, route="x")
    with pytest.raises(InvalidInput, match="a whole path"):
        house.ask("letter.make", complaint_id=binding["id"], file="letter.pdf")
    with pytest.raises(FileFault, match="Choose another folder"):
        house.ask("letter.make", complaint_id=binding["id"], file=str(tmp_path / "none" / "letter.pdf"))
    assert house.ask("letter.list")["items"] == []
    for wrong in ({"id": UNKNOWN, "sent_via": "mail"}, {"id": UNKNOWN, "sent_via": "pigeon"}):
        with pytest.raises((NotFound, InvalidInput)):
            house.ask("letter.send", **wrong)


def test_the_id_of_a_letter_stays_with_its_complaint(house: Complaints) -> None:
    row, other = house.log(), house.log()
    house.ask("letter.make", complaint_id=row["id"], id=UNKNOWN)
    with pytest.raises(NotFound):
        house.ask("letter.make", complaint_id=other["id"], id=UNKNOWN)


def test_a_corrective_action_is_planned_done_and_its_effect_looked_at(house: Complaints) -> None:
    ask, row = house.ask, house.proposed()
    plan = {
        "complaint_id": row["id"],
        "what": "Scan the part number before fitting.",
        "owner_id": house.me,
        "due_at": "2026-12-01T00:00:00Z",
        "check_at": "2027-02-01T00:00:00Z",
    }
    made = ask("action.save", **plan)
    assert (made["state"], made["cause"], made["opened_at"]) == ("open", "b_part_wrong", NOW)
    with pytest.raises(InvalidInput, match="what the check of the effect found"):
        ask("action.save", **plan, id=made["id"], state="worked")
    judged = ask("action.save", **plan, id=made["id"], state="worked", result="None since.")
    assert (judged["version"], judged["result"]) == (2, "None since.")
    assert ask("action.list", filter={"complaint_id": row["id"]})["items"] == [judged]
    assert ask("action.get", id=made["id"]) == judged
    with pytest.raises(InvalidInput, match="choose a later date"):
        ask("action.save", **{**plan, "check_at": "2026-11-30T00:00:00Z"})
    with pytest.raises(NotFound):
        ask("action.save", **{**plan, "owner_id": UNKNOWN})
    with pytest.raises(NotFound):
        ask("action.save", **{**plan, "complaint_id": house.log()["id"]}, id=made["id"])
