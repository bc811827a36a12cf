"""Writing complaints down, as the services would answer, for tests of the window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from crmdesk.models.text import say
from crmdesk.models.types import CallId
from crmdesk.services.complaints.guess import Guess
from crmdesk.services.complaints.intake import Assessment, AssetChoice, Choice, Logged, Offer
from crmdesk.services.complaints.intake_sheet import Sheet
from crmdesk.services.complaints.provisional import Earlier
from tests.ui import sample

CATEGORIES = (
    Choice(
        "quality_engine",
        "Engine",
        "发动机",
        "Product quality",
        "产品质量",
        True,
        ("fdj", "fadongji", "engine"),
    ),
    Choice("repair_again", "Repaired in vain", "多次维修", "Repair", "维修", True, ("dcwx", "duociweixiu")),
    Choice("service_staff", "Staff", "服务人员", "Service", "服务", False, ("fwry", "fuwurenyuan", "staff")),
)
OUTLETS = (
    Choice("PD-01", "Pudong Jinqiao", "浦东金桥店", typed=("pdjqd", "pudongjinqiaodian")),
    Choice("XH-02", "Xuhui Caohejing", "徐汇漕河泾店", typed=("xhchjd", "xuhuicaohejingdian")),
)
EARLIER = Earlier(
    str(sample.made_id("earlier")),
    "C26-K7Q-0017",
    "CLOSED",
    sample.NOW - timedelta(days=21),
    str(sample.made_id("earlier")),
)
QUIET = Assessment((), "S3", (say("Nothing speaks for a graver or a lesser severity."),), ())
OIL = Assessment(
    (Guess("quality_engine", 0.7, ("漏油",)), Guess("repair_again", 0.2, ("第三次",))),
    "S3",
    (say("Nothing speaks for a graver or a lesser severity."),),
    (EARLIER,),
)


class FakeIntakes:
    """Answers like a desk that knows three categories; remembers through ``run`` what it was asked.

    ``held`` are the forms kept, by what they are about; ``found`` what words and history say; ``open`` the
    calls that became complaints and were never wrapped up.
    """

    def __init__(self, run: Callable[..., Future[Any]]) -> None:
        self._run = run
        self.held: dict[str, Mapping[str, Any]] = {}
        self.found = QUIET
        self.logged: list[Sheet] = []
        self.open: tuple[CallId, ...] = ()

    def warm(self) -> Future[None]:
        """See :class:`crmdesk.ui.intake_desk.Intakes`."""
        return self._run("warm_intake", lambda: None)

    def offer(self, sheet: Sheet) -> Future[Offer]:
        """See :class:`crmdesk.ui.intake_desk.Intakes`."""
        return self._run("offer_intake", lambda: self._offer(sheet), sheet)

    def assess(self, sheet: Sheet) -> Future[Assessment]:
        """See :class:`crmdesk.ui.intake_desk.Intakes`."""
        return self._run("assess_intake", lambda: self.found, sheet)

    def log(self, sheet: Sheet) -> Future[Logged]:
        """See :class:`crmdesk.ui.intake_desk.Intakes`."""
        return self._run("log_complaint", lambda: self._log(sheet), sheet)

    def keep(self, about: str, content: Mapping[str, Any]) -> Future[None]:
        """See :class:`crmdesk.ui.intake_desk.Intakes`."""
        return self._run("keep_intake", lambda: self.held.update({about: content}), about, content)

    def unfinished(self) -> Future[tuple[Mapping[str, Any], ...]]:
        """See :class:`crmdesk.ui.intake_desk.Intakes`."""
        return self._run("unfinished_intakes", lambda: tuple(self.held.values()))

    def from_forms(self, ids: tuple[UUID, ...]) -> Future[tuple[Logged, ...]]:
        """See :class:`crmdesk.ui.intake_desk.Intakes`."""
        return self._run("from_forms", lambda: self._told(lambda sheet: UUID(sheet.complaint_id) in ids), ids)

    def with_call(self, call_id: CallId) -> Future[tuple[Logged, ...]]:
        """See :class:`crmdesk.ui.intake_desk.Intakes`."""
        return self._run("with_call", lambda: self._told(lambda of: of.call_id == str(call_id)), call_id)

    def open_calls(self) -> Future[tuple[CallId, ...]]:
        """See :class:`crmdesk.ui.intake_desk.Intakes`."""
        return self._run("open_calls", lambda: self.open)

    def forget(self, about: str) -> Future[None]:
        """See :class:`crmdesk.ui.intake_desk.Intakes`."""
        return self._run("forget_intake", lambda: self.held.pop(about, None), about)

    def _offer(self, sheet: Sheet) -> Offer:
        suv = AssetChoice(str(sample.made_id("suv")), "SUV-7 2.0T", "澜途 SUV-7 2.0T", "沪A·12345", "PD-01")
        known = bool(sheet.customer_id)
        return Offer(
            name="陈静怡" if known else "",
            name_alt="Chen Jingyi" if known else "",
            language="zh" if known else "",
            categories=CATEGORIES,
            outlets=OUTLETS,
            assets=(suv,) if known else (),
            assessment=self.found,
            limit=200_00,
            currency="CNY",
        )

    def _log(self, sheet: Sheet) -> Logged:
        if sheet.complaint_id not in {each.complaint_id for each in self.logged}:
            self.logged.append(sheet)
        return self._logged_of(sheet)

    def _told(self, wanted: Callable[[Sheet], bool]) -> tuple[Logged, ...]:
        return tuple(self._logged_of(each) for each in self.logged if wanted(each))

    def _logged_of(self, sheet: Sheet) -> Logged:
        due = sample.NOW + timedelta(hours=5)
        told = say(
            "Your complaint is recorded. The number is {number}. We see to it at once.", number="C 2 6"
        )
        state = "RECEIVED" if sheet.solution is None else "RESOLVED"
        given = UUID(sheet.complaint_id), "C26-K7Q-0042", state, sheet.severity, due, told
        return Logged(*given, restricted=sheet.restricted)


def with_repeat(found: Assessment = OIL) -> Assessment:
    """Return *found* as it is with an earlier complaint."""
    return replace(found, repeats=(EARLIER,))
