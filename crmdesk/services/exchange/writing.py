"""Records into files: CSV that spreadsheet programs open, or JSON lines.

CSV is UTF-8 with a byte order mark and CRLF, as spreadsheet programs want it; lists are numbered columns,
lists of objects one JSON cell, money an amount with its currency. A cell that a spreadsheet program would
take for a formula is written as it is: what was exported must come back the same, and the import takes
nothing for a formula.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from crmdesk.errors import FileFault
from crmdesk.services.exchange.columns import Exchanged


def write(kind: Exchanged, records: Iterable[Mapping[str, Any]], path: Path | None) -> int:
    """Write *records* to *path* (``.jsonl``: JSON lines, else CSV) or standard output; return how many.

    The file appears when it is whole; one that was there before stays until then.

    Raises:
        FileFault: the file cannot be written.
    """
    rows = [{name: record[name] for name in kind.fields if name in record} for record in records]
    if path is None:
        _write_csv(kind, rows, sys.stdout)
        return len(rows)
    lines = path.suffix.lower() in (".jsonl", ".ndjson")
    with whole(path, "utf-8" if lines else "utf-8-sig") as file:
        _write_lines(rows, file) if lines else _write_csv(kind, rows, file)
    return len(rows)


@contextmanager
def whole(path: Path, encoding: str) -> Iterator[IO[str]]:
    """Open *path* to write text; the file appears when it is whole, one that was there stays until then.

    Raises:
        FileFault: it cannot be written, or what is there is no file; nothing has changed.
    """
    if not path.name or (os.path.exists(path) and not os.path.isfile(path)):
        raise FileFault("{path} is no file that can be written. Choose another name.", path=path)
    fresh = path.with_name(path.name + ".part")
    try:
        with fresh.open("w", encoding=encoding, newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):  # a name that is too long cannot be looked for either
            fresh.unlink()
        raise FileFault("The file {path} cannot be written: {why}.", path=path, why=error.strerror) from error


def _write_lines(rows: Iterable[Mapping[str, Any]], file: IO[str]) -> None:
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_csv(kind: Exchanged, rows: list[dict[str, Any]], file: IO[str]) -> None:
    longest = {
        name: max((len(row.get(name) or ()) for row in rows), default=0) for name in kind.lists - kind.objects
    }
    columns: list[str] = []
    for name in kind.fields:
        if rows and name not in rows[0]:
            continue
        if name in longest:
            columns += [f"{name}.{n}" for n in range(1, max(1, longest[name]) + 1)]
        else:
            columns.append(name)
    writer = csv.writer(file)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(kind, row, column) for column in columns])


def _cell(kind: Exchanged, row: Mapping[str, Any], column: str) -> str:
    name, _, place = column.partition(".")
    value = row[name]
    if name in kind.objects:
        return json.dumps(value, ensure_ascii=False) if value else ""
    if place:
        return str(value[int(place) - 1]) if int(place) <= len(value) else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return f"{value['amount']} {value['currency']}"
    return "" if value is None else str(value)
