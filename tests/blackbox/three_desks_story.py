"""Ten complaints from the call to their end: two agents and a supervisor, one of them an hour offline."""

from __future__ import annotations

from typing import Any

from tests.blackbox.three_desks import CHECKLIST, Company, Seat, money

ROLES = {"anna": "agent", "ben": "agent", "chen": "supervisor", "dora": "supervisor", "eve": "auditor"}
AT_WORK = ("anna", "ben", "chen", "dora")
"""Two agents and a supervisor; and Dora, whom it takes where two have to say yes, or another one."""
THURSDAY, FRIDAY, SUNDAY = "2026-09-17T", "2026-09-18T", "2026-09-20T"
ROUTE = "The ombudsman, 1 Example Street, Shanghai."
NOT_SAMPLED = "01990000-0000-7000-8000-000000000003"
"""The id of a complaint that is not among the one in five of severity S4 that are followed up."""
S3 = {"severity": "S3", "impact": {"persons": 0, "money": money("0")}, "regime": "none", "cause_class": "B"}


class Story:
    """The company and its complaints, by a short name each."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.anna, self.ben, self.chen, self.dora = (company.seats[name] for name in AT_WORK)
        self.ids: dict[str, str] = {}
        self.customers: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self.ids[name]

    def at(self, moment: str) -> None:
        self.company.at(moment)

    def share(self) -> None:
        self.company.share()

    def log(self, seat: Seat, name: str, received_at: str, what: str, **more: Any) -> Any:
        """Somebody rings (or writes) and complains; the number is there at once."""
        fields = {
            "received_at": received_at,
            "channel": "phone",
            "category": "repair_again",
            "what_happened": what,
            "remedy_wanted": "refund",
            **more,
        }
        if fields["channel"] == "phone":
            fields["call_id"] = seat.call(f"1380013{len(self.ids):04}", f"call of {name}")
        if not fields.get("unidentified"):
            self.customers[name] = self.customers.get(name) or self._customer(seat, name)
            fields["customer_id"] = self.customers[name]
        made = seat.ask("complaint.open", **fields)["complaint"]
        self.ids[name] = made["id"]
        return made

    def _customer(self, seat: Seat, name: str) -> str:
        made = seat.ask("customer.create", name=f"Customer of {name}", language="en")
        return str(made["customer"]["id"])

    def taken(self, seat: Seat, name: str, **assessed: Any) -> None:
        """Accept, assess, speak with the customer: T2, T4, T5."""
        seat.step(self[name], "T2", checklist=CHECKLIST, ack_channel="phone", owner=seat.id)
        seat.step(self[name], "T4", **{**S3, **assessed})
        seat.step(self[name], "T5", contacted_at=seat.ask("system.info")["now"])

    def proposed(self, seat: Seat, name: str, cause: str, reason: str, **remedies: str) -> Any:
        """Propose a decision (T8): *remedies* by type with their values."""
        lines = [{"type": kind, "value": money(value)} for kind, value in remedies.items()]
        given = {"cause": cause, "cause_class": cause[0].upper(), "finding": "upheld", "remedies": lines}
        return seat.step(self[name], "T8", **given, reason_text=reason)

    def told(self, seat: Seat, name: str, kind: str = "") -> Any:
        """Tell the decision (T9): by a letter of *kind* that is mailed, else on the telephone."""
        version = seat.ask("complaint.get", id=self[name])["complaint"]["proposal_version"]
        how = {"sent_via": "phone", "call_id": seat.call("13900139000", f"{name} decided {version}")}
        if kind:
            how = {"sent_via": "mail", "letter_id": seat.letter(self[name], kind, route=ROUTE)}
        return seat.step(self[name], "T9", proposal_version=version, **how)

    def asked(self, seat: Seat, name: str, **grades: int) -> str:
        """Ask the customer afterwards; return the survey's id."""
        told = seat.ask("survey.record", complaint_id=self[name], answers=grades, again="yes")
        return str(told["id"])


def thursday_evening(s: Story) -> None:
    """A call two minutes before closing time."""
    made = s.log(s.anna, "letters", f"{THURSDAY}09:58:00Z", "The brakes squeal again after the third visit.")
    assert made["number"] == f"C26-{s.anna.tag}-0001"
    s.share()


def friday_at_nine(s: Story) -> None:
    """Seven more come in at once, one of them by mail on Wednesday."""
    s.at(f"{FRIDAY}01:00:00Z")
    nine = f"{FRIDAY}01:00:00Z"
    s.log(s.anna, "refusal", nine, "The gearbox failed, the car is off the road.", severity="S2")
    s.log(s.anna, "undo", nine, "The bill names work that was not done.")
    s.customers["merged"] = s.customers["undo"]
    s.log(s.anna, "merged", "2026-09-16T08:00:00Z", "He writes that the bill is wrong.", channel="mail")
    s.share()
    s.log(s.ben, "two approvals", nine, "A wrong part was fitted twice, the engine is damaged.")
    s.log(s.ben, "escalated", nine, "There is smoke from the dashboard.", severity="S1", unidentified=True)
    s.log(s.ben, "withdrawn", nine, "He waited two hours for his car.")
    s.log(s.ben, "appeal", nine, "The tyre that was bought elsewhere lost air.")
    s.share()


def friday_from_nine_to_ten(s: Story) -> None:
    """They are taken up: by those whom the severity asks for, and not by others."""
    s.at(f"{FRIDAY}01:05:00Z")
    danger = {"severity": "S1", "regime": "CN-ODR", "containment": "The car stays here."}
    s.taken(s.chen, "escalated", **danger)
    s.taken(s.ben, "two approvals")
    s.taken(s.ben, "withdrawn")
    s.anna.step(s["letters"], "T2", checklist=CHECKLIST, ack_channel="phone", owner=s.anna.id)
    s.anna.step(s["refusal"], "T2", checklist=CHECKLIST, ack_channel="phone", owner=s.anna.id)
    grave = {**S3, "severity": "S2", "containment": "A loan car was handed out."}
    assert "supervisor" in s.anna.denied(s["refusal"], "T4", **grave)
    s.share()
    s.chen.step(s["refusal"], "T4", **grave)
    s.share()
    s.at(f"{FRIDAY}01:10:00Z")
    s.anna.step(s["refusal"], "T5", contacted_at=f"{FRIDAY}01:10:00Z")
    undone(s)
    rejected(s)


def undone(s: Story) -> None:
    """A wrong key is taken back within the minute, and not after it."""
    s.anna.step(s["undo"], "T2", checklist=CHECKLIST, ack_channel="phone", owner=s.anna.id)
    s.anna.step(s["undo"], "T4", **{**S3, "severity": "S4"})
    s.at(f"{FRIDAY}01:10:40Z")
    back = s.anna.undo(s["undo"])
    assert (back["state"], back["severity"]) == ("ACKNOWLEDGED", "S3")
    s.anna.step(s["undo"], "T4", **S3)
    s.anna.step(s["undo"], "T5", contacted_at=f"{FRIDAY}01:10:00Z")
    s.share()
    s.chen.step(s["merged"], "T19", target_id=s["undo"])
    s.share()
    s.proposed(s.anna, "undo", "b_diagnosis_wrong", "We looked at the wrong axle.", refund="120")
    s.at(f"{FRIDAY}01:11:30Z")
    assert s.anna.undo(s["undo"])["remedies"] == []
    s.proposed(s.anna, "undo", "b_bill_wrong", "Work was billed that was not done.", refund="100")
    s.at(f"{FRIDAY}01:12:41Z")
    (last,) = s.anna.ask("complaint.history", id=s["undo"], limit=1)["items"]
    why = s.anna.denied(s["undo"], "U1", operation_id=last["id"])
    assert why == "A step can be undone for a minute. Correct it by another step."
    s.told(s.anna, "undo")


def rejected(s: Story) -> None:
    """Who rejected it does not decide on the appeal."""
    said = {"reason": "The tyre is not ours.", "route": "The dealer in charge."}
    letter = s.chen.letter(s["appeal"], "rejection", via="mail", **said)
    s.chen.step(s["appeal"], "T3", reason="not_ours", other_route="The dealer in charge.", letter_id=letter)
    s.share()
    facts = {"reason": "new_facts", "text": "Here is our own bill of the tyre."}
    assert "Somebody else than who rejected it" in s.chen.denied(s["appeal"], "T21", **facts)
    s.at(f"{FRIDAY}01:30:00Z")
    s.dora.step(s["appeal"], "T21", **facts)
    s.share()


def the_hour_without_a_line(s: Story) -> None:
    """From ten to eleven Ben is cut off and works on: proposes, waits, logs, hands over."""
    s.at(f"{FRIDAY}02:00:00Z")
    s.share()
    with s.ben.offline():
        s.at(f"{FRIDAY}02:10:00Z")
        s.proposed(s.ben, "withdrawn", "b_too_slow", "We had planned too few people.", voucher="50")
        farewell = {"words": "Leave it, I have no time for this.", "channel": "phone"}
        s.anna.step(s["withdrawn"], "T18", **farewell)
        s.at(f"{FRIDAY}02:20:00Z")
        photo = {"wait_for": "customer", "what": "A photo of the part.", "until": "2026-09-21T02:00:00Z"}
        s.ben.step(s["two approvals"], "T6", **photo)
        s.at(f"{FRIDAY}02:30:00Z")
        solved_on_the_call(s)
        given = s.log(s.ben, "handed over", f"{FRIDAY}02:30:00Z", "The new battery is flat again.")["number"]
        assert given == s.anna.ask("complaint.get", id=s["solved at once"])["complaint"]["number"]
        s.at(f"{FRIDAY}02:40:00Z")
        s.ben.step(s["handed over"], "H1", to=s.anna.id, open_points="He wants to hear today.")
        s.anna.sync()
        s.chen.sync()
        s.at(f"{FRIDAY}03:00:00Z")
    s.ben.sync(refused=1)
    (lost,) = s.ben.ask("sync.refused")["items"]
    assert (lost["code"], "We had planned too few people." in lost["text"]) == ("conflict", True)
    kept = s.ben.ask("sync.resolve", id=lost["id"], choice="note", customer_id=s.customers["withdrawn"])
    assert kept == {"refused": 0}
    s.share()


def solved_on_the_call(s: Story) -> None:
    s.log(
        s.anna,
        "solved at once",
        f"{FRIDAY}02:30:00Z",
        "The cup holder rattles.",
        severity="S4",
        id=NOT_SAMPLED,
    )
    s.anna.step(
        s["solved at once"],
        "T13",
        severity="S4",
        remedies=[{"type": "voucher", "value": money("50")}],
        customer_agreed=True,
        cause_class="A",
        checklist=CHECKLIST,
        what_was_done="A voucher for the cup holder.",
    )


def friday_until_evening(s: Story) -> None:
    """A regime that wants writing, a customer who is waited for, and a danger that goes up and out."""
    s.at(f"{FRIDAY}03:10:00Z")
    s.anna.step(s["letters"], "T4", **{**S3, "regime": "UK-8W"})
    s.anna.step(s["letters"], "T5", contacted_at=f"{FRIDAY}03:10:00Z")
    s.anna.letter(s["letters"], "acknowledgement", via="mail")
    photo = {"wait_for": "customer", "what": "The bill of the second visit.", "until": f"{SUNDAY}02:00:00Z"}
    s.anna.step(s["letters"], "T6", **photo)
    s.company.time_acts(f"{FRIDAY}03:30:00Z")
    s.chen.step(s["escalated"], "E1", to_level=3, reason="A newspaper rang.")
    theirs = {"date": f"{FRIDAY}03:00:00Z", "their_deadline": "2026-10-08T10:00:00Z"}
    s.chen.step(s["escalated"], "E2", body="12315", reference="SH-2026-17", **theirs)
    s.chen.letter(s["escalated"], "referral", via="mail", body="12315\n1 Example Street, Shanghai")
    s.at(f"{FRIDAY}05:30:00Z")
    s.proposed(s.chen, "escalated", "a_assembly_fault", "A cable was clamped.", repair="0", voucher="500")
    own = {"proposal_version": 1, "sent_via": "mail", "letter_id": s.chen.letter(s["escalated"], "decision")}
    assert "Nobody approves a proposal of his own" in s.chen.denied(s["escalated"], "T9", **own)
    s.share()
    s.dora.step(s["escalated"], "T9", **own)
    s.share()


def sunday(s: Story) -> None:
    """A Sunday that is worked: time ends a wait, the first decisions are told, one is refused."""
    s.company.time_acts(f"{SUNDAY}02:00:00Z")
    s.at(f"{SUNDAY}02:10:00Z")
    s.proposed(s.anna, "letters", "b_part_wrong", "We fitted the wrong part.", refund="150")
    s.told(s.anna, "letters", "decision")
    s.proposed(s.anna, "refusal", "b_repair_faulty", "A seal was left out.", replacement="1500")
    assert "approval of a supervisor" in s.anna.denied(s["refusal"], "T9", **on_the_phone(s.anna, 1))
    s.share()
    s.told(s.chen, "refusal")
    s.share()
    s.at(f"{SUNDAY}03:00:00Z")
    s.anna.step(s["refusal"], "T12", reason="Too little for three weeks.", new_facts="He had to rent a car.")
    more = {"replacement": "1500", "refund": "400"}
    s.proposed(s.anna, "refusal", "b_repair_faulty", "A seal was left out, and it took too long.", **more)
    s.share()
    s.told(s.chen, "refusal", "decision")
    s.at(f"{SUNDAY}05:00:00Z")
    s.ben.step(s["appeal"], "T4", **S3)
    s.ben.step(s["appeal"], "T5", contacted_at=f"{SUNDAY}05:00:00Z")
    s.proposed(s.ben, "appeal", "c_misuse", "The tyre ran flat for a long time.", explanation="0")
    s.told(s.ben, "appeal", "decision")
    s.share()
    s.at(f"{SUNDAY}05:30:00Z")
    s.taken(s.anna, "handed over")
    s.proposed(s.anna, "handed over", "a_wear_early", "The battery was too old.", discount="50")
    s.told(s.anna, "handed over")
    s.share()


def on_the_phone(seat: Seat, version: int) -> dict[str, Any]:
    call = seat.call("13900139000", f"in vain {version}")
    return {"proposal_version": version, "sent_via": "phone", "call_id": call}


def monday(s: Story) -> None:
    """Above the limit of a supervisor two of them approve."""
    s.company.time_acts("2026-09-21T02:00:00Z")
    s.proposed(
        s.ben,
        "two approvals",
        "a_material_fault",
        "Both parts were bad.",
        replacement="2000",
        compensation="500",
    )
    s.share()
    at_first = s.told(s.chen, "two approvals")
    assert at_first["state"] == "PROPOSED"
    s.share()
    assert "approval of a supervisor" in s.ben.denied(s["two approvals"], "T9", **on_the_phone(s.ben, 1))
    s.dora.ask("complaint.approve", id=s["two approvals"], proposal_version=1)
    s.share()
    s.told(s.ben, "two approvals", "decision")
    s.anna.solved(s["undo"], accepted_by="Mr Undo", how="said")
    s.share()


def tuesday(s: Story) -> None:
    """What was promised is done."""
    s.at("2026-09-22T02:00:00Z")
    s.anna.solved(s["letters"], accepted_by="Ms Letters", how="written")
    s.anna.solved(s["refusal"], accepted_by="Mr Refusal", how="said")
    s.anna.solved(s["handed over"], accepted_by="Ms Battery", how="said")
    s.ben.solved(s["appeal"], accepted_by="Mr Appeal", how="said")
    s.chen.solved(s["escalated"], accepted_by="The caller", how="written")
    s.share()


def until_the_holidays(s: Story) -> None:
    """Follow-ups: satisfied, not satisfied, not reached; what is grave is closed by a supervisor."""
    for moment in ("2026-09-24T10:00:00Z", "2026-09-28T10:00:00Z"):
        s.company.time_acts(moment)
    s.at("2026-09-29T01:00:00Z")
    survey = s.asked(s.anna, "undo", result=60, speed=30, manner=60, information=30)
    s.anna.step(s["undo"], "T16", survey_id=survey, root_cause="b_bill_wrong")
    survey = s.asked(s.anna, "letters", result=90, speed=0, manner=60)
    s.anna.letter(s["letters"], "closing", via="mail")
    s.anna.step(s["letters"], "T16", survey_id=survey, root_cause="b_part_wrong")
    survey = s.asked(s.ben, "appeal", result=-60)
    s.ben.step(s["appeal"], "T17", score=-60)
    tried = [("01:30", "morning"), ("06:00", "afternoon"), ("10:30", "evening")]
    s.share()
    grave(s)
    s.at("2026-09-29T11:00:00Z")
    attempts = [{"time": f"2026-09-29T{hour}:00Z", "part": part} for hour, part in tried]
    s.anna.step(s["handed over"], "T16", attempts=attempts, root_cause="a_wear_early")
    s.anna.step(s["undo"], "T20", reason="recurred", text="The same line stands in the next bill.")
    s.share()


def grave(s: Story) -> None:
    """A supervisor closes what was grave, and decides on a corrective action."""
    survey = s.asked(s.chen, "refusal", result=30, speed=-30)
    s.share()
    decided = {"decided": False, "reason": "One mechanic was new; he was shown."}
    closing = {"survey_id": survey, "root_cause": "b_repair_faulty", "corrective_action": decided}
    assert "supervisor" in s.anna.denied(s["refusal"], "T16", **closing)
    s.chen.step(s["refusal"], "T16", **closing)
    survey = s.asked(s.chen, "escalated", result=60)
    closing = {"survey_id": survey, "root_cause": "a_assembly_fault"}
    assert "decide on a corrective action" in s.chen.denied(s["escalated"], "T16", **closing)
    decided = {"decided": True, "reason": "It can happen to every car."}
    s.chen.step(s["escalated"], "T16", **closing, corrective_action=decided)
    s.ids["action"] = s.chen.ask("action.save", **planned(s))["id"]
    s.share()


def planned(s: Story) -> dict[str, Any]:
    return {
        "complaint_id": s["escalated"],
        "what": "Look at the clamp of each cable.",
        "owner_id": s.ben.id,
        "due_at": "2026-10-09T10:00:00Z",
        "check_at": "2026-10-15T10:00:00Z",
    }


def october(s: Story) -> None:
    """What was reopened is decided anew, one window ends without an answer, the effect is looked at."""
    s.at("2026-10-08T02:00:00Z")
    s.proposed(s.ben, "appeal", "c_misunderstanding", "We should have explained it.", voucher="100")
    s.told(s.ben, "appeal")
    s.ben.solved(s["appeal"], accepted_by="Mr Appeal", how="said")
    s.proposed(s.anna, "undo", "b_bill_wrong", "The template of the bill was wrong.", refund="80")
    s.told(s.anna, "undo", "decision")
    s.anna.solved(s["undo"], accepted_by="Mr Undo", how="said")
    s.share()
    s.company.time_acts("2026-10-12T10:00:00Z")
    s.at("2026-10-12T10:01:00Z")
    s.ben.solved(s["two approvals"], how="window_over")
    survey = s.asked(s.ben, "appeal", result=30, speed=0)
    s.ben.step(s["appeal"], "T16", survey_id=survey, root_cause="c_misunderstanding")
    survey = s.asked(s.anna, "undo", result=90)
    s.anna.step(s["undo"], "T16", survey_id=survey, root_cause="b_bill_wrong")
    s.share()
    s.company.time_acts("2026-10-15T10:00:00Z")
    s.ben.step(s["two approvals"], "T16", declined=True, root_cause="a_material_fault")
    s.ben.ask("action.save", **planned(s), id=s["action"], state="worked", result="None since.")
    s.share()


DAYS = (
    *(
        thursday_evening,
        friday_at_nine,
        friday_from_nine_to_ten,
        the_hour_without_a_line,
        friday_until_evening,
    ),
    *(sunday, monday, tuesday, until_the_holidays, october),
)
