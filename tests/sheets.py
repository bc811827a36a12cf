"""Reading a spreadsheet of the collections beside the checkout: its first sheet, as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - cells know no zone


def first_sheet(file: Path, moments: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """Return the rows below the first one, by its cells; numbers in columns *moments* as dates with time."""
    with ZipFile(file) as book:
        shared = [
            "".join(text.text or "" for text in item.iter(f"{SPACE}t"))
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    rows = [dict(_cells(row, shared)) for row in sheet.iter(f"{SPACE}row")]
    names = rows[0]
    return [
        {
            name: _moment(row.get(column, "")) if name in moments else row.get(column, "")
            for column, name in names.items()
        }
        for row in rows[1:]
        if any(row.values())
    ]


def _cells(row: ElementTree.Element, shared: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the letter of the column and the text of each cell that holds something."""
    for cell in row:
        value = cell.findtext(f"{SPACE}v")
        if value is not None:
            place = cell.get("r", "").rstrip("0123456789")
            yield place, shared[int(value)] if cell.get("t") == "s" else value


def _moment(text: str) -> str:
    """Return a day number of a sheet as people write moments; text as it is."""
    try:
        days = float(text)
    except ValueError:
        return text
    at = EPOCH + timedelta(seconds=round(days * 86_400))
    return f"{at:%Y/%m/%d %H:%M:%S}"
