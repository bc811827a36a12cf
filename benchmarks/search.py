"""Search, per key: ``search.py knowledge | quality | rpc | find``; without a name the short form of each.

Each ends with one JSON line; ``limit_*`` is the raw limit measured in the same run.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

FEW = 20_000
"""Customers of the short form."""


def main() -> None:
    """Run what the command line names."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command")
    knowledge = commands.add_parser("knowledge", help="answers per key")
    knowledge.add_argument("--articles", type=int, default=10_000)
    knowledge.add_argument("--store", type=Path, help="keep the store here and use it again")
    quality = commands.add_parser("quality", help="nDCG@10 on question sets")
    quality.add_argument("--data", type=Path, help="folder with one sub-folder per question set")
    outside = commands.add_parser("rpc", help="nDCG@10 through import and rpc")
    outside.add_argument("--data", type=Path, help="folder with one sub-folder per question set")
    customers = commands.add_parser("find", help="find anything, per key")
    customers.add_argument("--customers", type=int, default=FEW)
    customers.add_argument("--store", type=Path, help="folder to keep the store in and use it again")
    arguments = parser.parse_args()
    if arguments.command in (None, "knowledge"):
        _knowledge(getattr(arguments, "articles", 10_000), getattr(arguments, "store", None))
    if arguments.command in (None, "quality"):
        _quality(getattr(arguments, "data", None))
    if arguments.command == "rpc":
        _rpc(arguments.data)
    if arguments.command in (None, "find"):
        _find(getattr(arguments, "customers", FEW), getattr(arguments, "store", None))


def _knowledge(articles: int, store: Path | None) -> None:
    from benchmarks.knowledge_speed import run

    run(articles, store)


def _quality(data: Path | None) -> None:
    from benchmarks.knowledge_quality import run

    run(data)


def _rpc(data: Path | None) -> None:
    from benchmarks.knowledge_rpc import run

    run(data)


def _find(customers: int, store: Path | None) -> None:
    from benchmarks.find import run

    run(customers, store)


if __name__ == "__main__":
    main()
