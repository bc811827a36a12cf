"""What others did before a story begins: complaints taken in and carried on by colleagues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmdesk.models.wire import Row
from crmdesk.services.complaints import taking
from crmdesk.services.complaints.procedure import house_of, procedure
from crmdesk.services.followers import followers
from crmdesk.services.profile import Profile
from crmdesk.services.store.unit_of_work import UnitOfWork
from tests.story.house import House, moment, person

CHECKLIST = dict.fromkeys(("ours", "facts", "in_time", "undecided", "not_query"), True)


class Past:
    """Writes down what somebody did at some moment."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._rows: dict[str, Row] = {}

    def complaint(self, at: str, who: str, customer: str, text: str, **more: Any) -> str:
        """Let *who* log what *customer*, by name, said; return the number."""
        fields = {"channel": "phone", "category": "quality_engine", "remedy_wanted": "refund"}
        fields |= {"what_happened": text, "severity": more.pop("severity", "S3")}

        def log(work: UnitOfWork, profile: Profile) -> Row:
            found = work.connection.execute("SELECT hex(id) FROM customer WHERE name = ?", (customer,))
            fields["customer_id"] = found.fetchone()[0]
            fields["received_at"] = profile.clock().isoformat()
            rules = procedure(work.connection, house_of(profile.settings))
            intake = taking.Intake(**more)
            return taking.open_complaint(work, rules, profile.identity.tag, fields, intake)

        row = self._did(at, who, log)
        self._rows[row["number"]] = row
        return str(row["number"])

    def step(self, at: str, who: str, number: str, transition: str, **fields: Any) -> None:
        """Let *who* take a step."""

        def step(work: UnitOfWork, profile: Profile) -> Row:
            rules = procedure(work.connection, house_of(profile.settings))
            return taking.take_step(work, rules, self._rows[number]["id"], transition, fields)

        self._rows[number] = self._did(at, who, step)

    def accepted(self, at: str, who: str, number: str, severity: str = "S3") -> None:
        """Let *who* accept, assess and begin."""
        self.step(at, who, number, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(person(who)))
        impact = {"persons": 1, "money": 800_00}
        assessed = {"severity": severity, "impact": impact, "regime": "none", "cause_class": "B"}
        self.step(at, who, number, "T4", **assessed)
        self.step(at, who, number, "T5", contacted_at=moment(at).isoformat())

    def proposed(self, at: str, who: str, number: str, value: int) -> None:
        """Let *who* propose a refund of *value* in the smallest unit."""
        self.step(
            at,
            who,
            number,
            "T8",
            cause="b_repair_faulty",
            cause_class="B",
            finding="upheld",
            remedies=[{"type": "refund", "value": value}],
            reason_text="We fitted a bad gasket.",
        )

    def _did(self, at: str, who: str, perform: Callable[[UnitOfWork, Profile], Row]) -> Row:
        self._house.now = moment(at)
        with self._house.opened(who) as profile:
            store = profile.open_store(str(person(who)), followers)
            try:
                row: Row = store.write(perform, profile).result().result
            finally:
                store.close()
        return row
