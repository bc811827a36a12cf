"""Categories: ``category_guess.py [--data FOLDER]``: how often the guess is right, and what it costs.

Sets, each skipped when absent: complaints of a city hotline (their own first-level labels are the heads of
``categories_city.toml``; two halves by the hash of their number, the titles of one were read while the words
were listed, the other is held out), one-line complaints about cars (letters of their fault codes, mapped
below), and calls of the demo (the category of their fault, mapped below). How grave they look is told, too.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from crmdesk.services.complaints.categories import Category
    from crmdesk.services.complaints.guess import CategoryGuesser
    from crmdesk.services.complaints.severity import SeverityRule

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ROUNDS, TURNS = 50, 3
SIGNS = 2_000

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

CITY = {
    "城乡建设": "building",
    "环境保护": "environment",
    "交通运输": "transport",
    "商贸旅游": "trade",
    "卫生计生": "health",
    "劳动和社会保障": "work",
    "教育文体": "education",
}
BODY = ("electrics", "screen", "climate", "body", "interior", "airbag", "high_voltage")
CAR = {
    "A": ("quality_engine",),
    "B": ("quality_gearbox",),
    "C": ("quality_gearbox",),
    "D": ("quality_steering",),
    "E": ("quality_brakes",),
    "F": ("quality_tyres",),
    "G": ("quality_steering",),
    "H": tuple(f"quality_{part}" for part in BODY),
    "I": ("service", "waiting", "contract_warranty"),
    "J": ("repair",),
    "K": ("price",),
    "L": ("contract_promise", "information"),
    "M": ("information",),
    "N": ("parts",),
}
DEMO = {
    "engine": "quality_engine",
    "transmission": "quality_gearbox",
    "brakes": "quality_brakes",
    "chassis": "quality_steering",
    "tyres": "quality_tyres",
    "electrics": "quality_electrics",
    "safety": "quality_airbag",
    "infotainment": "quality_screen",
    "climate": "quality_climate",
    "body": "quality_body",
    "high voltage": "quality_high_voltage",
}
Rates = dict[str, float]
Labelled = tuple[str, tuple[str, ...]]
"""A text and the categories or heads any of which is right."""


def main() -> None:
    """Measure all sets that are here."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from crmdesk.services.complaints.categories import starter_categories
    from crmdesk.services.complaints.guess import CategoryGuesser
    from crmdesk.services.complaints.severity import starter_rule

    options = argparse.ArgumentParser()
    options.add_argument("--data", type=Path, default=DATA)
    data = options.parse_args().data
    maker, city = starter_categories(), starter_categories("categories_city.toml")
    rule = starter_rule(maker)
    of_maker, of_city = (maker, CategoryGuesser(maker)), (city, CategoryGuesser(city))
    texts: list[str] = []
    for name, rows, (categories, guesser) in (
        ("city, half looked at", city_rows(data, 0), of_city),
        ("city, held-out half", city_rows(data, 1), of_city),
        ("cars", car_rows(data), of_maker),
        ("demo zh", demo_rows("zh"), of_maker),
        ("demo en", demo_rows("en"), of_maker),
    ):
        held = list(rows)
        if not held:
            print(f"{name}: absent")
            continue
        hits = hit_rates(held, guesser, categories)
        grave = Counter(rule.provisional(text).severity for text, _ in held)
        print(
            json.dumps({"set": name, **hits, "severities": dict(sorted(grave.items()))}, ensure_ascii=False)
        )
        texts += (text for text, _ in held)
    measure(texts, of_maker[1], rule)


def hit_rates(rows: list[Labelled], guesser: CategoryGuesser, categories: Iterable[Category]) -> Rates:
    """Return how often a right one is first, or among three; and how often where the score is 0.5 or more."""
    heads = {category.key: category.parent for category in categories}
    first = among = none = sure = sure_right = 0
    for text, right in rows:
        guesses = guesser.guess(text)
        good = [guess.key in right or heads[guess.key] in right for guess in guesses]
        first += good[:1] == [True]
        among += any(good)
        none += not guesses
        if guesses and guesses[0].score >= 0.5:
            sure += 1
            sure_right += good[0]
    share = len(rows)
    return {
        "n": share,
        "top_1": round(first / share, 3),
        "top_3": round(among / share, 3),
        "no_guess": none,
        "score_from_0.5": round(sure / share, 3),
        "of_those_right": round(sure_right / max(sure, 1), 3),
    }


def city_rows(data: Path, half: int) -> Iterator[Labelled]:
    """Yield subject and text of every second complaint of the city hotline, with its head."""
    for path in sorted((data / "complaints_gov_zh").glob("附件2*495.xlsx")):
        for row in sheet_rows(path):
            label = CITY.get(row.get("F", ""))
            if label and int(sha256(row["A"].encode()).hexdigest(), 16) % 2 == half:
                yield f"{row['C'].strip()}。{row['E'].strip()}", (label,)


def sheet_rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the filled cells of each row of a workbook's first sheet, by the letter of their column."""
    with zipfile.ZipFile(path) as book:
        shared = [
            "".join(part.text or "" for part in item.iter(f"{SHEET}t"))
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    for row in sheet.iter(f"{SHEET}row"):
        cells = {cell.get("r", "")[:1]: (cell.get("t"), cell.findtext(f"{SHEET}v")) for cell in row}
        yield {
            letter: shared[int(value)] if kind == "s" else value
            for letter, (kind, value) in cells.items()
            if value is not None
        }


def car_rows(data: Path) -> Iterator[Labelled]:
    """Yield the one-line summaries of complaints about cars that have a code we map, each number once."""
    seen: set[str] = set()
    for name, encoding in (("car_complain_gbk_crlf.csv", "gbk"), ("car_complain_utf8_crlf_90.csv", "utf-8")):
        path = data / "complaints_car_zh" / name
        if not path.exists():
            continue
        with path.open(encoding=encoding, newline="") as file:
            for row in csv.DictReader(file):
                letters = {code.strip()[:1] for code in row["problem"].split(",")} & set(CAR)
                if letters and row["id"] not in seen:
                    seen.add(row["id"])
                    yield row["desc"].strip(), tuple(key for letter in letters for key in CAR[letter])


def demo_rows(language: str) -> Iterator[Labelled]:
    """Yield the calls of the demo about a fault, with the category of the fault."""
    from crmdesk.resources import resource
    from crmdesk.services.demo_content import load_demo_content

    content = load_demo_content(resource("demo"))
    faults = {fault.key: fault.category for fault in content.company.faults}
    for text in content.history:
        if text.kind == "call" and text.lang == language and faults[text.fault] in DEMO:
            yield f"{text.subject}. {text.note}", (DEMO[faults[text.fault]],)


def measure(texts: list[str], guesser: CategoryGuesser, rule: SeverityRule) -> None:
    """Print the CPU of a guess, a severity, and folding as the search does, each the best of three turns."""
    from benchmarks.measure import Timings, percentile, report
    from crmdesk.services.knowledge.analysis import fold

    ours, severity, limit = Timings(), Timings(), Timings()
    whole = "\n".join(texts)
    for begin in range(0, SIGNS * ROUNDS, SIGNS):
        piece = whole[begin : begin + SIGNS]
        for timings, work in (
            (ours, partial(guesser.guess, piece)),
            (severity, partial(rule.provisional, piece)),
            (limit, partial(fold, piece)),
        ):
            turns = Timings()
            for _ in range(TURNS):
                turns.run(work)
            timings.cpu_ms.append(min(turns.cpu_ms))
            timings.wall_ms.append(min(turns.wall_ms))
    report(
        "category_guess",
        ours,
        limit,
        severity_cpu_p50_ms=percentile(severity.cpu_ms, 0.5),
        severity_cpu_p99_ms=percentile(severity.cpu_ms, 0.99),
        limit_cpu_p50_ms=percentile(limit.cpu_ms, 0.5),
    )


if __name__ == "__main__":
    main()
