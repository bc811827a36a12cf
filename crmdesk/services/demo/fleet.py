"""What the demo customers drive, and what workshops did to it since it was bought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from crmdesk.models.asset import Asset, plate_key
from crmdesk.models.interaction import SUMMARY_LIMIT, Interaction
from crmdesk.models.visit import ServiceVisit, VisitItem
from crmdesk.services.demo.chance import Chance
from crmdesk.services.demo.codes import code_id
from crmdesk.services.demo.people import Client
from crmdesk.services.demo_content import (
    DemoContent,
    DemoOutlet,
    Fault,
    ServiceOperation,
    VehicleModel,
    demo_vin,
)

NEW_ENERGY_LETTERS = MappingProxyType({"electric": "D", "plug-in hybrid": "F"})
FIRST_SERVICE_KM, FIRST_SERVICE_DAYS = 5_000, 180
PARTS = MappingProxyType(
    {
        "oil_change": (
            ("OF-20", "机油滤清器", "Oil filter", 1),
            ("OIL-0W20", "全合成机油 0W-20", "Oil 0W-20", 5),
        ),
        "air_filter": (("AF-11", "空气滤芯", "Air filter element", 1),),
        "cabin_filter": (("CF-07", "空调滤芯", "Cabin filter element", 1),),
        "spark_plugs": (("SP-04", "火花塞", "Spark plug", 4),),
        "transmission_fluid": (("ATF-6", "变速箱油", "Transmission fluid", 8),),
        "brake_fluid": (("BF-DOT4", "制动液 DOT 4", "Brake fluid DOT 4", 1),),
        "brake_pads": (("BP-31", "前制动片", "Front brake pads", 1),),
        "brake_discs": (("BD-31", "前制动盘", "Front brake disc", 2),),
        "battery_replace": (("BAT-70", "蓄电池 12V 70Ah", "Battery 12 V 70 Ah", 1),),
        "wiper_blades": (("WB-26", "雨刮片", "Wiper blade", 2),),
        "oil_pan_gasket": (
            ("OPG-2", "油底壳垫", "Oil pan gasket", 1),
            ("DPW-14", "放油螺塞垫圈", "Drain plug washer", 1),
        ),
        "door_seal": (("DS-2L", "左前门密封条", "Front left door seal", 1),),
        "window_regulator": (("WR-1L", "左前车窗升降器", "Front left window regulator", 1),),
    }
)
"""Parts that go with an operation: number, names, pieces or litres."""


@dataclass(slots=True)
class Car:
    """One car with its driver's habits; visits are added in the order they happened."""

    asset: Asset
    model: VehicleModel
    client: Client
    bought_on: date
    km_a_day: float
    visits: list[ServiceVisit] = field(default_factory=list)

    @property
    def electric(self) -> bool:
        """Whether it has no engine that needs oil."""
        return self.model.powertrain == "electric"

    def mileage_on(self, day: date) -> int:
        """Return what the odometer shows on *day*."""
        return 12 + int((day - self.bought_on).days * self.km_a_day)


@dataclass(frozen=True, slots=True)
class Work:
    """What a visit was for: operations, the fault if there was one, and words for it."""

    operations: Sequence[ServiceOperation]
    fault: Fault | None = None
    summary: str = ""
    note: str = ""


class Fleet:
    """Makes cars and their visits.

    Args:
        content: models, operations and outlets.
        chance: what is drawn.
        now: nothing happens later.
    """

    def __init__(self, content: DemoContent, chance: Chance, now: datetime) -> None:
        self._company = content.company
        self._operations = {operation.key: operation for operation in content.company.operations}
        self._chance = chance
        self._now = now
        self._today = now.astimezone(chance.zone).date()
        self._serial = 1_000

    def operations(self, keys: Iterable[str]) -> list[ServiceOperation]:
        """Return the operations of these keys."""
        return [self._operations[key] for key in keys]

    def car(self, client: Client, model_code: str = "", bought_on: date | None = None) -> Car:
        """Return a car of *client*, bought when he became a customer or later."""
        chance = self._chance
        since = client.customer.first_business_on or self._today
        bought = bought_on or since + timedelta(
            days=chance.between(0, max(0, (self._today - since).days // 3))
        )
        model = self._model(model_code, bought)
        built = bought - timedelta(days=chance.between(20, 90))
        self._serial += chance.between(1, 40)
        plate = self._plate(client, model)
        asset = Asset(
            id=chance.row_id(datetime.combine(bought, time(12), chance.zone)),
            customer_id=client.customer.id,
            model=model.code,
            plate=plate,
            plate_key=plate_key(plate),
            vin=demo_vin(model, built.year, self._serial),
            built_on=built,
            warranty_until=_months_later(bought, model.warranty_months),
            external_id=f"V{self._serial:06d}",
        )
        return Car(asset, model, client, bought, round(chance.around(38, 8, 160), 1))

    def services(self, car: Car) -> Iterator[date]:
        """Yield the days on which *car* came to its regular services, up to yesterday."""
        day, interval_km = car.bought_on, min(FIRST_SERVICE_KM, car.model.service_interval_km)
        interval_days = FIRST_SERVICE_DAYS
        while day == car.bought_on or not self._chance.happens(0.03):
            due = min(interval_days, int(interval_km / car.km_a_day))
            day += timedelta(days=max(20, int(due * self._chance.amount(0.9, 1.2))))
            if day >= self._today:
                return
            yield day
            interval_km, interval_days = car.model.service_interval_km, 30 * car.model.service_interval_months

    def service(self, car: Car, day: date) -> list[object]:
        """Return the rows of a regular service: what the mileage asks for."""
        mileage, before = car.mileage_on(day), car.visits[-1].mileage_km if car.visits else 0
        keys = ["annual_inspection" if car.electric else "oil_change"]
        keys += ["first_service"] if not car.visits else []
        for operation in self._company.operations:
            due = (
                operation.interval_km
                and mileage // operation.interval_km > (before or 0) // operation.interval_km
            )
            if due and car.model.code in operation.models and operation.key not in keys:
                keys.append(operation.key)
        return self.visit(car, self._chance.moment_on(day), Work(self.operations(keys[:5])))

    def visit(self, car: Car, at: datetime, work: Work, outlet: DemoOutlet | None = None) -> list[object]:
        """Return the rows of a visit: itself, its items, its line; the car's mileage follows."""
        english, where = car.client.english, outlet or self._usual_outlet(car)
        day = at.astimezone(self._chance.zone).date()
        mileage = car.mileage_on(day)
        regular = any(operation.key in ("oil_change", "annual_inspection") for operation in work.operations)
        visit = ServiceVisit(
            id=self._chance.row_id(at),
            asset_id=car.asset.id,
            customer_id=car.client.customer.id,
            outlet_id=code_id("outlet", where.code),
            outlet=where.name_en if english else where.name_zh,
            visited_at=at,
            mileage_km=mileage,
            summary=work.summary or _in_words(work, mileage, english=english),
            note=work.note,
            next_service_on=_months_later(day, car.model.service_interval_months) if regular else None,
            next_service_km=_next_km(mileage, car.model) if regular else None,
            external_id=f"W{at:%y%m%d}{self._chance.digits(5)}",
        )
        items = list(self._items(visit, work, english=english))
        self._remember(car, visit)
        return [visit, *items, _line(visit, items)]

    def _items(self, visit: ServiceVisit, work: Work, *, english: bool) -> Iterator[VisitItem]:
        lines: list[tuple[str, str, str, int]] = []
        if work.fault:
            lines.append(("fault", work.fault.key, work.fault.name_en if english else work.fault.name_zh, 1))
        for operation in work.operations:
            lines.append(("work", operation.key, operation.name_en if english else operation.name_zh, 1))
        for operation in work.operations:
            for code, zh, en, quantity in PARTS.get(operation.key, ()):
                lines.append(("part", code, en if english else zh, quantity))
        for n, (kind, code, text, quantity) in enumerate(lines):
            yield VisitItem(
                id=self._chance.row_id(visit.visited_at),
                visit_id=visit.id,
                asset_id=visit.asset_id,
                kind=kind,
                code=code,
                text=text,
                quantity=quantity,
                position=n,
                at=visit.visited_at,
            )

    def _remember(self, car: Car, visit: ServiceVisit) -> None:
        """Let the car show what its latest visit says."""
        car.visits.append(visit)
        asset = car.asset
        if asset.mileage_at is None or visit.visited_at >= asset.mileage_at:
            asset.mileage_km, asset.mileage_at = visit.mileage_km, visit.visited_at
            if visit.next_service_on:
                asset.next_service_on, asset.next_service_km = visit.next_service_on, visit.next_service_km

    def _usual_outlet(self, car: Car) -> DemoOutlet:
        if self._chance.happens(0.06):
            return self._chance.one(self._company.outlets)
        return car.client.outlet

    def _model(self, code: str, bought: date) -> VehicleModel:
        if code:
            return next(model for model in self._company.models if model.code == code)
        sold = [m for m in self._company.models if m.first_year < bought.year <= m.last_year + 1]
        return self._chance.weighted(sold or self._company.models, lambda model: model.share)

    def _plate(self, client: Client, model: VehicleModel) -> str:
        """Return a plate of the client's city; new-energy cars have six characters behind the city's two."""
        letter = NEW_ENERGY_LETTERS.get(model.powertrain, "")
        if letter:
            return client.city.plate_prefix + letter + self._chance.digits(5)
        tail = self._chance.digits(5)
        place = self._chance.between(0, 3)
        return client.city.plate_prefix + tail[:place] + self._chance.letter() + tail[place + 1 :]


def _line(visit: ServiceVisit, items: Sequence[VisitItem]) -> Interaction:
    done = " · ".join(item.text for item in items)
    return Interaction(
        id=visit.id,
        customer_id=visit.customer_id,
        asset_id=visit.asset_id,
        kind="visit",
        at=visit.visited_at,
        subject=visit.summary,
        summary=done[:SUMMARY_LIMIT],
        who=visit.outlet,
    )


def _in_words(work: Work, mileage: int, *, english: bool) -> str:
    names = [operation.name_en if english else operation.name_zh for operation in work.operations]
    kilometres = f"{round(mileage, -2):,}".replace(",", " ") + " km"
    if english:
        return f"{kilometres}: {names[0]}" + "".join(f", {name.lower()}" for name in names[1:])
    return f"{kilometres}：{'、'.join(names)}"


def _next_km(mileage: int, model: VehicleModel) -> int:
    return round(mileage, -2) + model.service_interval_km


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + years, month=month + 1, day=min(day.day, 28))
