"""What happened between the demo customers and the hotline over three years, and what is open today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from crmdesk.models.task import Task
from crmdesk.services.demo.chance import Chance
from crmdesk.services.demo.codes import code_id
from crmdesk.services.demo.fleet import Car, Fleet, Work
from crmdesk.services.demo.people import landline, mobile
from crmdesk.services.demo.talks import Calls, Talk, Texts
from crmdesk.services.demo_content import DemoContent, Fault

YEARS = 3
SERVICE = "service_reminder"
"""Key of the topic that is no fault: a service is due."""
FAULTS_A_YEAR = 1.1
DUE_MINUTES = (-1_560, -310, -95, -20, 45, 190, 1_500)
"""When the open work of the demo's own agent is due, minutes from now."""


class Stories:
    """Lets things happen to cars and their owners.

    Args:
        content: faults and words.
        chance: what is drawn.
        now: nothing happens later, open work is due around it.
        fleet: makes visits.
        calls: makes calls.
    """

    def __init__(
        self, content: DemoContent, chance: Chance, now: datetime, fleet: Fleet, calls: Calls
    ) -> None:
        self._company = content.company
        self._chance = chance
        self._now = now
        self._today = now.astimezone(chance.zone).date()
        self._fleet = fleet
        self._calls = calls
        self._texts = Texts(content, chance)

    def life(self, car: Car) -> Iterator[object]:
        """Yield everything that happened to *car* and was told to the hotline."""
        yield from self.services(car, self._today)
        begun = self._begun(car)
        days = (self._today - begun).days
        for _ in range(self._chance.count(FAULTS_A_YEAR * days / 365)):
            fault = self._fault(car)
            yield from self._trouble(car, fault, begun + timedelta(days=self._chance.between(0, days)))

    def services(self, car: Car, until: date) -> Iterator[object]:
        """Yield the regular services of *car* before *until*, some of them booked by telephone."""
        for day in self._fleet.services(car):
            if day >= until:
                return
            yield from self._fleet.service(car, day)
            if day > self._begun(car) and self._chance.happens(0.35):
                yield from self._booking(car, day, first=len(car.visits) == 1)

    def _begun(self, car: Car) -> date:
        """Return since when the hotline knows of *car*."""
        return max(car.bought_on, self._today - timedelta(days=365 * YEARS))

    def strangers(self, count: int) -> Iterator[object]:
        """Yield calls of people nobody knows: they asked something and are not on record."""
        for n in range(count):
            day = self._today - timedelta(days=self._chance.between(1, 365))
            tail = self._chance.digits(7)
            phone = mobile("1669" + tail) if n % 3 else landline("21", "3" + tail)
            talk = Talk(disposition=self._chance.one(("info_given", "wrong_number", "cut_off")))
            yield from self._calls.unknown_call(phone, self._chance.moment_on(day), talk)

    def today(self, cars: Sequence[Car], agent: str) -> Iterator[object]:
        """Yield what is open: tasks of *agent* (a login) and of others, and call-backs nobody took up."""
        held = self._chance.several(cars, len(DUE_MINUTES) + 20)
        for minutes, car in zip(DUE_MINUTES, held, strict=False):
            yield self.open_task(car, self._now + timedelta(minutes=minutes), agent)
        others = [other.login for other in self._company.agents if other.login != agent]
        for car in held[len(DUE_MINUTES) : -5]:
            due_at = self._now + timedelta(minutes=self._chance.between(-2_000, 6_000))
            yield self.open_task(car, due_at, self._chance.one(others))
        for n, car in enumerate(held[-5:]):
            at = self._now - timedelta(minutes=7 + 31 * n)
            yield from self._calls.missed(car.client, at, None)

    def open_task(self, car: Car, due_at: datetime, agent: str) -> Task:
        """Return something promised to the owner of *car*, due then, owned by *agent*."""
        fault = self._fault(car)
        text = self._texts.pick(fault.key, car, "task") or self._texts.pick(SERVICE, car, "task")
        callback = self._chance.happens(0.5)
        created_at = min(due_at, self._now) - timedelta(hours=self._chance.between(2, 70))
        name = fault.name_en if car.client.english else fault.name_zh
        return Task(
            id=self._chance.row_id(created_at),
            kind="callback" if callback else "task",
            subject=text.subject if text else name,
            note=text.note if text else "",
            customer_id=car.client.customer.id,
            number_value=car.client.number.value,
            owner_id=code_id("agent", agent),
            due_at=due_at,
            attempts=self._chance.between(0, 2) if callback else 0,
            created_at=created_at,
        )

    def _booking(self, car: Car, service_on: date, *, first: bool) -> Iterator[object]:
        """Yield the call that books a service, and now and then one about the reminder that stayed on."""
        texts = self._texts.all(SERVICE, car, "call")
        outlet = car.client.outlet
        if first and texts:
            words = (texts[0].subject, texts[0].note)
        elif car.client.english:
            mileage = f"{car.mileage_on(service_on):,}"
            words = ("Books a service", f"About {mileage} km on the clock. Booked at {outlet.name_en}.")
        else:
            words = ("预约保养", f"里程约 {car.mileage_on(service_on)} 公里，已约{outlet.name_zh}。")
        at = self._chance.moment_on(service_on - timedelta(days=self._chance.between(1, 5)))
        yield from self._calls.call(car.client, at, Talk(SERVICE, *words, "booking_made"), car)
        if len(texts) > 1 and self._chance.happens(0.1):
            at = self._chance.moment_on(service_on + timedelta(days=1))
            talk = Talk(SERVICE, texts[1].subject, texts[1].note, "transferred_outlet")
            yield from self._if_past(at, self._calls.call(car.client, at, talk, car))

    def _trouble(self, car: Car, fault: Fault, day: date) -> Iterator[object]:
        """Yield a complaint from the first call to the follow-up; now and then it comes back."""
        chance = self._chance
        seen = chance.happens(0.72) and bool(fault.operations)
        while True:
            yield from self._complaint(car, fault, day, seen=seen)
            if not seen:
                return
            day += timedelta(days=chance.between(1, 5))
            if day >= self._today:
                return
            yield from self._repair(car, fault, day)
            yield from self._follow_up(car, fault, day)
            if not chance.happens(0.13):
                return
            day += timedelta(days=chance.between(4, 20))
            if day >= self._today:
                return

    def _complaint(self, car: Car, fault: Fault, day: date, *, seen: bool) -> Iterator[object]:
        text = self._texts.pick(fault.key, car, "call")
        ways = ("booking_made", "booking_made", "transferred_outlet") if seen else _WITHOUT_VISIT
        way = "roadside_dispatched" if fault.safety and self._chance.happens(0.15) else self._chance.one(ways)
        words = (text.subject, text.note) if text else ("", "")
        at = self._chance.moment_on(day)
        if at >= self._now:
            return
        if self._chance.happens(0.06):
            missed_at = at - timedelta(minutes=self._chance.between(9, 70))
            yield from self._calls.missed(car.client, missed_at, at)
        yield from self._calls.call(car.client, at, Talk(fault.key, *words, way), car)

    def _repair(self, car: Car, fault: Fault, day: date) -> list[object]:
        text = self._texts.pick(fault.key, car, "visit")
        work = Work(
            self._fleet.operations(fault.operations),
            fault,
            text.subject if text else "",
            text.note if text else "",
        )
        return self._fleet.visit(car, self._chance.moment_on(day), work)

    def _follow_up(self, car: Car, fault: Fault, repaired_on: date) -> Iterator[object]:
        chance = self._chance
        if not chance.happens(0.4):
            return
        day = repaired_on + timedelta(days=chance.between(5, 9))
        text = self._texts.pick(fault.key, car, "task")
        about = f"Follow-up: {fault.name_en}" if car.client.english else f"回访：{fault.name_zh}"
        subject, note = (text.subject, text.note) if text else (about, "")
        agent = self._calls.agent_of(car.client, electric=car.electric)
        at = chance.moment_on(day)
        task = self.open_task(car, at, agent.login)
        task.subject, task.note = subject, note
        if at < self._now:
            way, result = ("resolved", "answered") if chance.happens(0.8) else ("no_answer", "missed")
            talk = Talk(fault.key, subject, note, way, "out", result, agent.login)
            yield from self._calls.call(car.client, at, talk, car)
            task.state, task.done_at = "done", at + timedelta(minutes=4)
        yield task

    def _if_past(self, at: datetime, rows: Sequence[object]) -> Sequence[object]:
        return rows if at < self._now else ()

    def _fault(self, car: Car) -> Fault:
        possible = [
            fault for fault in self._company.faults if car.model.code in fault.models and fault.key != SERVICE
        ]
        return self._chance.weighted(possible, lambda fault: fault.weight)


_WITHOUT_VISIT = ("resolved", "resolved", "info_given", "customer_will_send", "callback_promised")
