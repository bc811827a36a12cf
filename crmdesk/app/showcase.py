"""A morning of several desks for pictures: what a shared database would say while the demo works alone."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID, uuid5

from crmdesk.models.sync_views import (
    FieldConflict,
    Helper,
    HelpRequest,
    PendingLine,
    PresenceLine,
    RefusedLine,
    SyncStatus,
)
from crmdesk.models.text import say
from crmdesk.models.types import AgentId
from crmdesk.ui.alone import Alone

if TYPE_CHECKING:
    from crmdesk.models.screen_pop import CustomerCard
    from crmdesk.models.types import Clock, CustomerId
    from crmdesk.ui.desk import Desk
    from crmdesk.ui.translation import Words

T = TypeVar("T")
_SPACE = UUID("0b9a7f52-5f0c-4a8e-9a37-2a4d6a0c7e15")


class SharedMorning(Alone):
    """Tells of a server, of colleagues, and of a clash about *customer*.

    Args:
        customer: whose record it is about.
        words: the language of what people wrote.
        clock: all times are a little before it.
    """

    def __init__(self, customer: CustomerCard, words: Words, clock: Clock) -> None:
        self._customer = customer
        self._words = words
        self._clock = clock

    def sync_status(self) -> Future[SyncStatus]:
        """Answer that all is well but for what was refused."""
        now = self._soon()
        return _known(SyncStatus(configured=True, connected=True, tick=4182, last_pull_at=now, refused=2))

    def pending(self) -> Future[tuple[PendingLine, ...]]:
        """Answer with a note and a task that wait."""
        name, pick = self._customer.name, self._words.pick
        asked = pick("Asked him to check the oil level before driving on", "已请他先停车检查油位，再继续行驶")
        call = pick("Tell him when the tow truck comes", "告知拖车到达时间")
        return _known(
            (
                PendingLine(_id("p1"), 181, self._ago(minutes=7), say("Note written"), name, asked),
                PendingLine(_id("p2"), 182, self._ago(minutes=2), say("Task opened"), name, call),
            )
        )

    def refused(self) -> Future[tuple[RefusedLine, ...]]:
        """Answer with a clash of two fields, and a note whose record is gone."""
        pick, customer = self._words.pick, self._customer
        mine = pick("after seven in the evening", "晚上七点后联系")
        theirs = pick("ring his wife first", "请先致电其夫人")
        clash = RefusedLine(
            op_id=_id("r1"),
            at=self._ago(minutes=12),
            what=say("Customer changed"),
            reason=say("Somebody changed {names} meanwhile. Look at both versions and choose.", names="hint"),
            code="conflict",
            subject=customer.name,
            customer_id=customer.id,
            conflicts=(
                FieldConflict("hint", customer.hint, mine, theirs),
                FieldConflict("tier", customer.tier, "platinum", "silver"),
            ),
        )
        gone = RefusedLine(
            op_id=_id("r2"),
            at=self._ago(minutes=31),
            what=say("Note written"),
            reason=say("This {what} is not here any more.", what=pick("customer", "客户")),
            code="gone",
            subject=pick("Zhou Jianping", "周建平"),
            text=pick(
                "Picks up the loan car on Thursday at nine; licence checked.\nAsked for the price of a longer"
                " warranty, call back tomorrow.",
                "周四上午九点取代步车，驾照已核对。\n另外询问了延保的价格，答应明天回电。",
            ),
        )
        return _known((clash, gone))

    def presence(self, customer_id: CustomerId) -> Future[tuple[PresenceLine, ...]]:
        """Answer that a colleague is writing a note."""
        name, now = self._words.pick("Wang Fang", "王芳"), self._soon()
        line = PresenceLine(AgentId(_id("wang")), name, "note", self._ago(minutes=2), now)
        return _known((line,))

    def helpers(self) -> Future[tuple[Helper, ...]]:
        """Answer with two supervisors, a team and a colleague."""
        pick, now = self._words.pick, self._soon()
        return _known(
            (
                Helper("person", _id("zhao"), pick("Zhao Min", "赵敏"), "supervisor", "ready", now, "1010"),
                Helper("person", _id("luo"), pick("Luo Qian", "罗倩"), "supervisor", "talking", now, "1011"),
                Helper("team", _id("team"), pick("Hotline Shanghai", "上海热线")),
                Helper("person", _id("he"), pick("He Jing", "何静"), "agent", "away"),
            )
        )

    def help_requests(self) -> Future[tuple[HelpRequest, ...]]:
        """Answer that one's own request was taken."""
        pick, now = self._words.pick, self._soon()
        request = HelpRequest(
            id=_id("help"),
            mine=True,
            from_name="",
            to_name=pick("Hotline Shanghai", "上海热线"),
            state="taken",
            asked_at=self._ago(minutes=1),
            seen_at=now,
            customer_name=self._customer.name,
            taken_by=pick("Zhao Min", "赵敏"),
        )
        return _known((request,))

    def _soon(self) -> datetime:
        """Return a moment that is not past yet in any picture."""
        return self._clock() + timedelta(minutes=4)

    def _ago(self, *, minutes: int) -> datetime:
        return self._clock() - timedelta(minutes=minutes)


class _Shown:
    """A desk with another's answers about sharing."""

    def __init__(self, desk: Desk, sharing: SharedMorning) -> None:
        self._desk = desk
        self.sharing = sharing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._desk, name)


def shown_sharing(desk: Desk, customer: CustomerCard, words: Words, clock: Clock) -> Desk:
    """Return *desk* as it would look on a shared database."""
    return cast("Desk", _Shown(desk, SharedMorning(customer, words, clock)))


def _id(name: str) -> UUID:
    return uuid5(_SPACE, name)


def _known(answer: T) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(answer)
    return future
