"""Calls of the demo company as they would have been kept: legs, times, disposition, note and line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from crmdesk.models.article import ArticleFeedback, ArticleUse
from crmdesk.models.call import Call, CallLeg, call_id, leg_id
from crmdesk.models.interaction import SUMMARY_LIMIT, Interaction
from crmdesk.models.note import Note
from crmdesk.models.task import CALL_BACK_WITHIN, Task
from crmdesk.services.demo.chance import Chance
from crmdesk.services.demo.codes import Desks, code_id
from crmdesk.services.demo.fleet import Car
from crmdesk.services.demo.people import Client, Phone
from crmdesk.services.demo_content import DemoAgent, DemoContent, HistoryText

SOURCE = "demo"
"""The telephone system the demo's past calls came from."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What a call was about; ``result`` is answered or missed."""

    topic: str = ""
    subject: str = ""
    note: str = ""
    disposition: str = ""
    direction: str = "in"
    result: str = "answered"
    agent: str = ""
    """Login of who took it; somebody of the right team when empty."""


class Texts:
    """What past calls, visits and tasks read like, by fault, language and kind."""

    def __init__(self, content: DemoContent, chance: Chance) -> None:
        self._chance = chance
        self._by_key: dict[tuple[str, str, str], list[HistoryText]] = {}
        for text in content.history:
            self._by_key.setdefault((text.fault, text.lang, text.kind), []).append(text)

    def pick(self, fault: str, car: Car, kind: str) -> HistoryText | None:
        """Return words for a call, visit or task about *fault*; None when there are none for this car."""
        fitting = self.all(fault, car, kind)
        return self._chance.one(fitting) if fitting else None

    def all(self, fault: str, car: Car, kind: str) -> list[HistoryText]:
        """Return all words for a call, visit or task about *fault* of this car."""
        language = "en" if car.client.english else "zh"
        return [t for t in self._by_key.get((fault, language, kind), ()) if car.model.code in t.models]


class Calls:
    """Makes calls.

    Args:
        content: agents, lines and articles.
        chance: what is drawn.
        now: nothing happens later.
    """

    def __init__(self, content: DemoContent, chance: Chance, now: datetime) -> None:
        self._content = content
        self._chance = chance
        self._now = now
        self._desks = Desks(content)
        self._agents = {agent.login: agent for agent in content.company.agents}
        self._answers: dict[tuple[str, str], list[UUID]] = {}
        for article in content.articles:
            for topic in article.topics:
                held = self._answers.setdefault((topic, article.lang), [])
                held.append(code_id("article", article.id))
        self._uses: Counter[tuple[UUID, str]] = Counter()
        self._serial = 0

    def call(self, client: Client, at: datetime, talk: Talk, car: Car | None = None) -> list[object]:
        """Return the rows of a call of *client* at *at*."""
        agent = self._agent(talk, client, car)
        point = client.number
        phone = Phone(point.value, point.national, point.raw)
        call, legs = self._call(at, phone, talk, agent, english=client.english)
        call.customer_id, call.identified_by = client.customer.id, "number"
        call.asset_id = car.asset.id if car else None
        name = agent.name_en if client.english else agent.name_zh
        rows: list[object] = [call, *legs, _line(call, talk, name)]
        if talk.subject:
            rows.append(self._note(call, talk, agent))
        if talk.topic and self._chance.happens(0.3):
            rows += self._use(call, agent, "en" if client.english else "zh")
        return rows

    def unknown_call(self, phone: Phone, at: datetime, talk: Talk) -> list[object]:
        """Return the rows of a call of somebody nobody knows."""
        agent = self._chance.one(self._desks.by_team[self._desks.team_for("zh", electric=False)])
        call, legs = self._call(at, phone, talk, agent, english=False)
        rows: list[object] = [call, *legs, _line(call, talk, agent.name_zh)]
        return [*rows, self._note(call, talk, agent)] if talk.subject else rows

    def missed(self, client: Client, at: datetime, taken_up_at: datetime | None) -> list[object]:
        """Return a call nobody answered, and its call-back: done at *taken_up_at*, else open."""
        rows = self.call(client, at, Talk(result="missed"))
        call = next(row for row in rows if isinstance(row, Call))
        return [*rows, call_back(call, taken_up_at)]

    def note(self, client: Client, at: datetime, subject: str, text: str, agent: DemoAgent) -> list[object]:
        """Return a note on a customer, written without a call, and its line."""
        row_id = self._chance.row_id(at)
        note = Note(
            id=row_id,
            customer_id=client.customer.id,
            text=f"{subject}\n{text}",
            author=str(code_id("agent", agent.login)),
            at=at,
        )
        line = Interaction(
            id=row_id,
            customer_id=client.customer.id,
            kind="note",
            at=at,
            subject=subject,
            summary=text[:SUMMARY_LIMIT],
            who=agent.name_en if client.english else agent.name_zh,
        )
        return [note, line]

    def feedback(self) -> Iterator[ArticleFeedback]:
        """Yield how often each article was used and found unhelpful."""
        for article in sorted({article for article, _ in self._uses}):
            used, not_so = self._uses[article, "used"], self._uses[article, "unhelpful"]
            yield ArticleFeedback(id=article, used=used, unhelpful=not_so)

    def agent_of(self, client: Client, *, electric: bool) -> DemoAgent:
        """Return somebody who takes calls of this kind."""
        team = self._desks.team_for(client.customer.language, electric=electric)
        return self._chance.one(self._desks.by_team[team])

    def _agent(self, talk: Talk, client: Client, car: Car | None) -> DemoAgent:
        if talk.agent:
            return self._agents[talk.agent]
        return self.agent_of(client, electric=bool(car and car.electric))

    def _call(
        self, at: datetime, phone: Phone, talk: Talk, agent: DemoAgent, *, english: bool
    ) -> tuple[Call, list[CallLeg]]:
        chance = self._chance
        self._serial += 1
        key = f"{int(at.timestamp())}.{self._serial}"
        answered = talk.result == "answered"
        queued = int(chance.around(9, 0, 240)) if talk.direction == "in" else 0
        rang = int(chance.around(6, 1, 40))
        talked = int(chance.around(190, 20, 1_500)) if answered else None
        lines = self._content.company.lines
        line = lines[-1] if english else lines[0]
        taken_at = at + timedelta(seconds=queued + rang)
        call = Call(
            id=call_id(SOURCE, key),
            call_key=key,
            direction=talk.direction,
            number_raw=phone.sent,
            number_value=phone.value,
            dialled=line.number if talk.direction == "in" else phone.sent,
            queue=line.queue if talk.direction == "in" else "",
            state="ended",
            result=talk.result,
            started_at=at,
            answered_at=taken_at if answered else None,
            ended_at=taken_at + timedelta(seconds=talked or 0),
            ended_by="caller" if chance.happens(0.8) or not answered else "agent",
            queue_seconds=queued,
            ring_seconds=rang,
            talk_seconds=talked,
            hold_seconds=int(chance.around(40, 5, 200)) if answered and chance.happens(0.12) else None,
            wrap_up_seconds=int(chance.around(24, 4, 180)) if answered else None,
            disposition=talk.disposition,
            topic=talk.topic,
            agent_id=code_id("agent", agent.login) if answered else None,
        )
        return call, list(self._legs(call, agent, rang))

    def _legs(self, call: Call, agent: DemoAgent, rang: int) -> Iterator[CallLeg]:
        """Yield the telephones that rang: now and then somebody did not take it first."""
        taken_at = call.answered_at or call.ended_at or call.started_at
        begun_at = taken_at - timedelta(seconds=rang)
        others = [other for other in self._desks.by_team[agent.team] if other is not agent]
        if call.direction == "in" and others and self._chance.happens(0.1):
            other = self._chance.one(others)
            yield self._leg(call, other, "1", begun_at, None, taken_at)
        answered_at = call.answered_at
        yield self._leg(call, agent, "2", begun_at, answered_at, call.ended_at or taken_at)

    def _leg(
        self,
        call: Call,
        agent: DemoAgent,
        leg: str,
        rang_at: datetime,
        answered_at: datetime | None,
        ended_at: datetime,
    ) -> CallLeg:
        key = f"{call.call_key}-{leg}"
        lost = "elsewhere" if call.answered_at else "missed"
        return CallLeg(
            id=leg_id(call.id, key),
            call_id=call.id,
            leg_key=key,
            extension=agent.extension,
            agent_id=code_id("agent", agent.login),
            rang_at=rang_at,
            answered_at=answered_at,
            ended_at=ended_at,
            result="answered" if answered_at else lost,
        )

    def _note(self, call: Call, talk: Talk, agent: DemoAgent) -> Note:
        at = call.ended_at or call.started_at
        return Note(
            id=self._chance.row_id(at),
            call_id=call.id,
            customer_id=call.customer_id,
            text=f"{talk.subject}\n{talk.note}".strip(),
            author=str(code_id("agent", agent.login)),
            at=at,
        )

    def _use(self, call: Call, agent: DemoAgent, language: str) -> list[object]:
        found = self._answers.get((call.topic, language))
        if not found or call.ended_at is None:
            return []
        article = self._chance.one(found)
        verdict = "used" if self._chance.happens(0.92) else "unhelpful"
        self._uses[article, verdict] += 1
        return [
            ArticleUse(
                id=self._chance.row_id(call.ended_at),
                article_id=article,
                call_id=call.id,
                agent=str(code_id("agent", agent.login)),
                verdict=verdict,
                at=call.ended_at,
            )
        ]


def call_back(call: Call, taken_up_at: datetime | None) -> Task:
    """Return the call-back that a missed *call* makes; open when nobody took it up yet."""
    ended_at = call.ended_at or call.started_at
    return Task(
        id=uuid5(call.id, "callback"),
        kind="callback",
        customer_id=call.customer_id,
        call_id=call.id,
        number_value=call.number_value,
        due_at=ended_at + timedelta(minutes=CALL_BACK_WITHIN),
        state="open" if taken_up_at is None else "done",
        attempts=0 if taken_up_at is None else 1,
        created_at=ended_at,
        done_at=taken_up_at,
    )


def _line(call: Call, talk: Talk, who: str) -> Interaction:
    return Interaction(
        id=call.id,
        customer_id=call.customer_id,
        asset_id=call.asset_id,
        kind="call",
        direction=call.direction,
        at=call.started_at,
        subject=talk.subject[:120],
        summary=talk.note[:SUMMARY_LIMIT],
        who=who if call.result == "answered" else "",
        state=call.result,
        topic=call.topic,
    )
