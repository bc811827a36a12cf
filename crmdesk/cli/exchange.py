"""`crmdesk import` and `crmdesk export`: files of other programs."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.errors import FileFault, InvalidInput

if TYPE_CHECKING:
    from crmdesk.cli.desks import Client
    from crmdesk.services.exchange.columns import Exchanged, Plan
    from crmdesk.services.exchange.preparing import Prepared, Site
    from crmdesk.services.exchange.tables import Sheet

BATCH_ROWS = 200
BATCH_CHARACTERS = 200_000
"""How much is sent at once: what an open window reads of it must not keep a call from popping."""

BESIDE = 10
"""How much less of the processor an import asks for than a window open beside it."""

COMPLAINTS = "complaints"
KINDS = ("customers", "contacts", "assets", "visits", "articles", COMPLAINTS)
NOT_ACCEPTED = "The server did not accept it; this desk tells why under what was not accepted (sync.refused)."
LATER_KINDS = ("orders",)
REGISTER = "register"
LATER_FILES = (".xlsx", ".xls", ".ods", ".vcf")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the command line."""
    taken = subparsers.add_parser(
        "import",
        help="read customers, contacts, assets, visits, articles or complaints from a file",
        description="Reads CSV or JSON lines; encoding and delimiter are found. Columns are named like the"
        " fields of `crmdesk rpc --describe`; --mapping names others. The source's id is kept as external_id,"
        " so a second import of the same file changes nothing. The last line of output sums up:"
        ' {"rows", "new", "changed", "same", "refused": [{"line", "reason"}]}.',
    )
    taken.add_argument("kind", choices=(*KINDS, *LATER_KINDS), metavar="KIND", help=", ".join(KINDS))
    taken.add_argument("file", type=Path, metavar="FILE", help="CSV or JSON lines")
    taken.add_argument("--mapping", type=Path, metavar="M.json", help='{"field": "column"}')
    taken.add_argument("--encoding", metavar="E", help="utf-8, gb18030, utf-16 …; found when left out")
    taken.add_argument("--dry-run", action="store_true", help="change nothing, only say what would happen")
    taken.add_argument("--strict", action="store_true", help="exit 1 when a row was refused")
    taken.add_argument(
        "--server",
        action="store_true",
        help="bring what is new to the shared database in bulk, complaints one by one, and end when it is"
        " there; for an administrator's account",
    )
    taken.add_argument("--partial", action="store_true", help="take what is there of a file that breaks off")
    taken.add_argument("--json", action="store_true", help="accepted; the last line is JSON anyway")
    taken.set_defaults(run=run_import)
    given = subparsers.add_parser(
        "export",
        help="write customers, contacts, assets, visits, articles or complaints to a file",
        description="Writes CSV, or JSON lines for a name that ends in .jsonl; to standard output without a"
        " name. What was exported can be imported again. `register` writes one line a complaint for an"
        " auditor, with digests that `crmdesk verify` checks; write the head down that it prints.",
    )
    kinds = (*KINDS, REGISTER)
    given.add_argument("kind", choices=(*kinds, *LATER_KINDS), metavar="KIND", help=", ".join(kinds))
    given.add_argument("file", type=Path, nargs="?", metavar="FILE", help="CSV or .jsonl")
    given.add_argument("--from", dest="since", metavar="DAY", help="register: received from this day on")
    given.add_argument("--to", dest="until", metavar="DAY", help="register: received up to this day")
    given.add_argument("--json", action="store_true", help="accepted; the count is JSON anyway")
    given.set_defaults(run=run_export)


def run_import(given: argparse.Namespace) -> int:
    """Take a file; print the summary."""
    from crmdesk.cli.desks import client, folder
    from crmdesk.services.exchange.columns import KINDS as EXCHANGED
    from crmdesk.services.exchange.columns import plan_of, read_mapping

    _refuse_later(given.kind, given.file)
    kind = EXCHANGED[given.kind]
    sheet = _sheet(given)
    mapping = read_mapping(given.mapping) if given.mapping else {}
    plan = plan_of(kind, sheet.columns, mapping)
    if plan.unused:
        print(f"crmdesk: not imported: {', '.join(plan.unused)}", file=sys.stderr)
    refused: list[dict[str, Any]] = []
    with client(folder(given)) as desk:
        _step_back(desk)
        counts = _take(desk, given, _rows(kind, plan, sheet, _site(desk), refused), refused)
    refused.sort(key=lambda each: int(each["line"]))
    print(json.dumps({"rows": len(sheet.lines), **counts, "refused": refused}, ensure_ascii=False))
    if refused and given.strict:
        raise InvalidInput("Rows refused: {count}. The output names lines and reasons.", count=len(refused))
    return 0


def _refuse_later(kind: str, file: Path | None) -> None:
    if kind in LATER_KINDS:
        raise InvalidInput("This version of crmdesk does not exchange {kind} yet.", kind=kind)
    if file is not None and file.suffix.lower() in LATER_FILES:
        raise FileFault(
            "This version of crmdesk does not read {suffix} files yet. Save the table as CSV (UTF-8).",
            suffix=file.suffix,
        )


def _sheet(given: argparse.Namespace) -> Sheet:
    """Return the records of the file; refuse one that breaks off, unless told to take what is there."""
    from crmdesk.services.exchange.tables import read_sheet
    from crmdesk.services.exchange.texts import read_text

    sheet = read_sheet(read_text(given.file, given.encoding), given.file)
    if sheet.broken_off and not given.partial:
        raise FileFault(
            "{path} breaks off in line {line}; nothing was changed. Take what is there with --partial.",
            path=given.file.name,
            line=sheet.lines[-1].number,
        )
    return sheet


def _step_back(desk: Client) -> None:
    """Leave the processor to a window that is open beside this."""
    from crmdesk.cli.desks import LineClient

    if isinstance(desk, LineClient) and sys.platform != "win32":
        os.nice(BESIDE)


def _site(desk: Client) -> Site:
    """Return how the desk understands numbers and times."""
    from zoneinfo import ZoneInfo

    from crmdesk.services.exchange.preparing import Site
    from crmdesk.services.telephony.numbers import NumberParser, SiteRules

    told = dict(desk.call("exchange.site", {}))
    zone, currency = ZoneInfo(told.pop("zone")), told.pop("currency")
    prefixes = tuple(told.pop("international_prefixes"))
    return Site(NumberParser(SiteRules(**told, international_prefixes=prefixes)).parse, zone, currency)


def _rows(
    kind: Exchanged, plan: Plan, sheet: Sheet, site: Site, refused: list[dict[str, Any]]
) -> Iterator[Prepared]:
    """Yield the rows to send, ready; those that cannot be go to *refused*."""
    from crmdesk.services.exchange.columns import values_of
    from crmdesk.services.exchange.preparing import Prepared, prepare

    for line in sheet.lines:
        try:
            row = prepare(kind.name, line.number, values_of(kind, plan, line), site)
        except InvalidInput as error:
            row = Prepared(line.number, {}, str(error))
        reason = line.wrong or row.reason
        if reason:
            refused.append({"line": line.number, "reason": reason})
        else:
            yield row


def _batches(rows: Iterable[Prepared]) -> Iterator[list[dict[str, Any]]]:
    """Yield *rows* as they are sent: some at once, never too much."""
    batch: list[dict[str, Any]] = []
    characters = 0
    for row in rows:
        if batch and (len(batch) == BATCH_ROWS or characters + row.characters > BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append({"line": row.line, "ready": row.ready})
        characters += row.characters
    if batch:
        yield batch


def _take(
    desk: Client, given: argparse.Namespace, rows: Iterable[Prepared], refused: list[dict[str, Any]]
) -> dict[str, int]:
    """Take the rows; what is new goes to the server first, if that is wanted."""
    if not given.server or given.dry_run:
        return _send(desk, given, rows, refused)
    held = list(rows)
    if given.kind == COMPLAINTS:
        return _hand_in(desk, given, held, refused)
    counts = _send(desk, given, held, refused, _file(desk, given.kind, held))
    desk.call("sync.run", {})
    return counts


def _hand_in(
    desk: Client, given: argparse.Namespace, rows: list[Prepared], refused: list[dict[str, Any]]
) -> dict[str, int]:
    """Take complaints, and stay until the server has judged each; those it did not take are refused."""
    desk.call("sync.run", {})
    counts = _send(desk, given, rows, refused)
    if desk.call("sync.run", {})["refused"]:
        missing = _still_new(desk, given.kind, rows)
        counts["new"] -= len(missing)
        refused += ({"line": line, "reason": NOT_ACCEPTED} for line in missing)
    return counts


def _still_new(desk: Client, kind: str, rows: list[Prepared]) -> list[int]:
    """Return the lines that would be new if they were taken once more."""
    looks = (
        desk.call("exchange.import", {"kind": kind, "rows": batch, "dry_run": True})["rows"]
        for batch in _batches(rows)
    )
    return [row["line"] for look in looks for row in look if row["outcome"] == "new"]


def _file(desk: Client, kind: str, rows: list[Prepared]) -> frozenset[int]:
    """Bring what is new to the server, and from there to this desk; return the lines of it."""
    lines: set[int] = set()
    desk.call("sync.run", {})
    for batch in _batches(rows):
        lines.update(desk.call("exchange.file", {"kind": kind, "rows": batch})["lines"])
    desk.call("sync.run", {})
    return frozenset(lines)


def _send(
    desk: Client,
    given: argparse.Namespace,
    rows: Iterable[Prepared],
    refused: list[dict[str, Any]],
    filed: frozenset[int] = frozenset(),
) -> dict[str, int]:
    """Send the rows in parts; return how many were new, changed and the same. Those *filed* were new.

    An answer about fewer rows than were sent means that the store could take no more; the rest is sent again,
    which goes on or tells the reason.
    """
    counts = {"new": 0, "changed": 0, "same": 0}
    for left in _batches(rows):
        while left:
            part = {"kind": given.kind, "rows": left, "dry_run": given.dry_run}
            try:
                answer = desk.call("exchange.import", part)
            except Exception:
                if kept := sum(counts.values()):
                    words = f"{kept} rows are in; run the same import again to go on"
                    print(f"crmdesk: {words}", file=sys.stderr)
                raise
            _count(answer["rows"], counts, refused, filed)
            del left[: len(answer["rows"])]
    return counts


def _count(
    taken: list[dict[str, Any]],
    counts: dict[str, int],
    refused: list[dict[str, Any]],
    filed: frozenset[int],
) -> None:
    for row in taken:
        if row["outcome"] == "refused":
            refused.append({"line": row["line"], "reason": row["reason"]})
        else:
            known = row["outcome"] == "same" and row["line"] in filed
            counts["new" if known else row["outcome"]] += 1


def run_export(given: argparse.Namespace) -> int:
    """Write all records of a kind, or the register of complaints."""
    if given.kind == REGISTER:
        from crmdesk.cli.register import run_export_register

        return run_export_register(given)
    from crmdesk.cli.desks import client, folder
    from crmdesk.services.exchange.columns import KINDS as EXCHANGED
    from crmdesk.services.exchange.writing import write

    _refuse_later(given.kind, given.file)
    with client(folder(given)) as desk:
        count = write(EXCHANGED[given.kind], _pages(desk, given.kind), given.file)
    if given.file is not None:
        print(json.dumps({"rows": count}))
    return 0


LISTS = {
    "customers": "customer.list",
    "contacts": "contact.list",
    "assets": "asset.list",
    "visits": "visit.list",
    "articles": "knowledge.list",
    "complaints": "complaint.list",
}


def _exported(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as files hold it: remedies without what belongs to this store alone."""
    if "remedies" not in record:
        return record
    lines = record["remedies"] or ()
    kept = [
        {k: v for k, v in line.items() if k not in ("id", "position") and v is not None} for line in lines
    ]
    return {**record, "remedies": kept}


def _pages(desk: Client, kind: str) -> Iterator[dict[str, Any]]:
    after: str | None = None
    while True:
        page = desk.call(LISTS[kind], {"order": "id", "limit": 500, "after": after})
        yield from map(_exported, page["items"])
        after = page["next"]
        if after is None:
            return
