"""`crmdesk export register` and `crmdesk verify`: the register for an auditor, with its proof."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.errors import FileFault, InvalidInput

if TYPE_CHECKING:
    from crmdesk.cli.desks import Client

PAGE = 500


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "verify",
        help="look whether a register of complaints is as it was written",
        description="Works out the digests of a register that `crmdesk export register` wrote. With the head"
        " that was written down then, it tells that no line was changed, left out, put in or moved since."
        " Needs no profile. The last line of output sums up: {rows, not_accepted, head}.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the register")
    parser.add_argument("--head", metavar="HEX", help="as the export printed it")
    parser.add_argument("--json", action="store_true", help="accepted; the output is JSON anyway")
    parser.set_defaults(run=run_verify)


def run_export_register(given: argparse.Namespace) -> int:
    """Write the register; print count and head."""
    from crmdesk.cli.desks import client, folder

    if given.file is None:
        raise InvalidInput("A register goes into a file: name one.")
    with client(folder(given)) as desk:
        told = _write(given.file, _lines(desk, given.since, given.until))
    print(json.dumps(told))
    return 0


def _lines(desk: Client, since: str | None, until: str | None) -> Iterator[list[str]]:
    after: str | None = None
    span = {name: day for name, day in (("received_from", since), ("received_to", until)) if day}
    while True:
        page = desk.call("complaint.register", {**span, "after": after, "limit": PAGE})
        yield from page["items"]
        after = page["next"]
        if after is None:
            return


def _write(path: Path, lines: Iterator[list[str]]) -> dict[str, Any]:
    """Write the file; it appears when it is whole."""
    from crmdesk.services.complaints.register import COLUMNS, Chain
    from crmdesk.services.exchange.writing import whole

    chain = Chain()
    with whole(path, "utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows((*cells, chain.add(cells)) for cells in lines)
        writer.writerow(chain.end())
    return asdict(chain.sealed())


def run_verify(given: argparse.Namespace) -> int:
    """Work the digests out again; print count and head."""
    from crmdesk.services.complaints.register import verified

    try:
        with given.file.open(encoding="utf-8-sig", newline="") as file:
            sealed = verified(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileFault("The file {path} cannot be read: {why}.", path=given.file, why=error) from error
    if given.head and given.head.strip().lower() != sealed.head:
        raise FileFault(
            "This is another register than the one whose head was written down: it ends in {head}.",
            head=sealed.head,
        )
    print(json.dumps(asdict(sealed)))
    return 0
