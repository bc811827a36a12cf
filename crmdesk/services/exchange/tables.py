"""From text to records: CSV and JSON lines, with what was wrong and in which line.

The delimiter is found by counting: it is the one that gives the most columns, the same number in most lines.
(``csv.Sniffer`` falls for letters and for text in quotes.) A quote that is never closed or a JSON line that
ends early means that the file broke off.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crmdesk.errors import FileFault
from crmdesk.models.wire import Json

DELIMITERS = (",", ";", "\t", "|")
LOOKED_AT = 200
"""Lines the delimiter is found from."""

DELIMITER_CHARS = 1_000_000
CELL_LIMIT = 1_000_000
"""Characters of one cell at most."""

BROKEN_OFF = "the file breaks off here"


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a file: the number of its first line, its values by column, or what is wrong with it."""

    number: int
    values: dict[str, Json]
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The records of a file. ``columns`` in their order; ``broken_off`` when its end is missing."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    broken_off: bool = False


def read_sheet(text: str, path: Path) -> Sheet:
    """Return the records in *text*, by what *path* is called and how the text begins.

    Raises:
        FileFault: a kind of file that is not read, or one without columns.
    """
    suffix = path.suffix.lower()
    if suffix in (".jsonl", ".ndjson") or text.lstrip("\ufeff \t\r\n").startswith("{"):
        return read_json_lines(text)
    return read_csv(text, path)


def read_json_lines(text: str) -> Sheet:
    """Return one record per line; a last line that is no whole JSON means the file broke off."""
    lines: list[Line] = []
    columns: dict[str, None] = {}
    numbered = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    broken_off = False
    for place, (number, line) in enumerate(numbered):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            last = place == len(numbered) - 1 and not text.endswith("\n")
            broken_off = broken_off or last
            lines.append(Line(number, {}, BROKEN_OFF if last else f"no JSON: {error}"))
            continue
        if isinstance(value, dict):
            columns.update(dict.fromkeys(value))
            lines.append(Line(number, value))
        else:
            lines.append(Line(number, {}, "a line is one object of named values"))
    return Sheet(tuple(columns), tuple(lines), broken_off)


def read_csv(text: str, path: Path) -> Sheet:
    """Return one record per row; the first row names the columns."""
    delimiter = delimiter_of(text)
    rows = _rows(text, delimiter)
    header = next(rows, None)
    if header is None:
        raise FileFault("{path} is empty: its first line has to name the columns.", path=path.name)
    columns = tuple(name.strip() for name in header[1])
    twice = [name for name, count in Counter(columns).items() if count > 1 and name]
    if twice:
        raise FileFault("{path} has the column {name} twice.", path=path.name, name=twice[0])
    lines = tuple(_line(number, cells, columns) for number, cells in rows if any(map(str.strip, cells)))
    return _checked_end(Sheet(columns, lines), text, delimiter)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(CELL_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileFault("Line {line} cannot be read: {words}.", line=begins, words=error) from None
        if cells:
            yield begins, cells
        begins = reader.line_num + 1


def _line(number: int, cells: list[str], columns: tuple[str, ...]) -> Line:
    values: dict[str, Json] = dict(zip(columns, cells, strict=False))
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        return Line(number, values, f"{len(cells)} cells, but {len(columns)} columns are named")
    return Line(number, values)


def _checked_end(sheet: Sheet, text: str, delimiter: str) -> Sheet:
    """Return *sheet*, its last line marked when the file ends inside a quote or with a cell missing."""
    if not sheet.lines:
        return sheet
    last = sheet.lines[-1]
    open_quote = _ends_inside_quote(text, delimiter)
    short = len(last.values) < len(sheet.columns) and not text.endswith(("\n", "\r"))
    usual = any(len(line.values) < len(sheet.columns) for line in sheet.lines[:-1])
    if not open_quote and (not short or usual):
        return sheet
    marked = Line(last.number, last.values, BROKEN_OFF)
    return Sheet(sheet.columns, (*sheet.lines[:-1], marked), broken_off=True)


def _ends_inside_quote(text: str, delimiter: str) -> bool:
    """Tell whether *text* ends inside a quoted cell; a quote opens only at the beginning of a cell."""
    inside, opened = False, True
    at, size = 0, len(text)
    while at < size:
        if inside:
            at = text.find('"', at)
            if at < 0:
                return True
            if text[at + 1 : at + 2] == '"':
                at += 2
                continue
            inside, opened = False, False
            at += 1
            continue
        char = text[at]
        if char == '"' and opened:
            inside = True
        opened = char in (delimiter, "\n", "\r")
        at += 1
    return inside


def delimiter_of(text: str) -> str:
    """Return the delimiter of *text*: comma when there is only one column."""
    outside = _without_quoted(text[:DELIMITER_CHARS])
    lines = [line for line in outside.splitlines() if line.strip()][:LOOKED_AT]
    if not lines:
        return ","
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        in_header = lines[0].count(delimiter)
        if not in_header:
            continue
        same = sum(line.count(delimiter) == in_header for line in lines) / len(lines)
        score = same * (1 + min(in_header, 50) / 100)
        if score > best_score + 1e-9:
            best, best_score = delimiter, score
    return best


def _without_quoted(text: str) -> str:
    """Return *text* without what stands between quotes, so that what is in there does not count."""
    parts = text.split('"')
    return "".join(parts[::2])
