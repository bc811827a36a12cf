"""The same question sets from outside: ``import articles``, then ``knowledge.search`` over ``crmdesk rpc``.

One profile for each set, driven as a script of a customer would drive it.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.knowledge_quality import DATA, WANTED, Query, read_queries
from benchmarks.measure import Timings, report


class Rpc:
    """One conversation with a desk."""

    def __init__(self, profile: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [*COMMAND, "--profile", str(profile), "rpc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        self._count = 0

    def call(self, method: str, **params: object) -> Any:
        """Return the result of *method*; raise RuntimeError with the desk's sentence when it fails."""
        self._count += 1
        request = {"jsonrpc": "2.0", "id": self._count, "method": method, "params": params}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request, ensure_ascii=False) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer["result"]

    def close(self) -> None:
        """End the conversation."""
        self._process.communicate()


COMMAND = [sys.executable, "-m", "crmdesk"]


def run(data: Path | None) -> None:
    """Score every set through the interface and print the figures."""
    folder = (data or DATA) / "retrieval"
    ours, figures = Timings(), dict[str, float]()
    for name, wanted in WANTED.items():
        if not (folder / name).is_dir():
            print(f"{name}: absent")
            continue
        with tempfile.TemporaryDirectory() as temporary:
            figures[name] = round(_score(folder / name, Path(temporary), ours), 4)
        print(f"{name}: nDCG@10 {figures[name]} over rpc (wanted {wanted})")
    missed = [name for name, figure in figures.items() if figure < WANTED[name]]
    report("search_rpc", ours, Timings(), ndcg_10=figures, missed=missed)
    if missed:
        raise SystemExit(1)


def _score(folder: Path, scratch: Path, ours: Timings) -> float:
    profile = scratch / "profile"
    environment = {**os.environ, "CRMDESK_KEY_FILE": str(scratch / "keys.json")}
    making = [*COMMAND, "profile", "new", "--test", str(profile)]
    subprocess.run(making, env=environment, check=True, stdout=subprocess.DEVNULL)
    importing = [*COMMAND, "--profile", str(profile), "import", "articles", str(folder / "articles.jsonl")]
    subprocess.run(importing, env=environment, check=True, stdout=subprocess.DEVNULL)
    rpc = Rpc(profile, environment)
    queries = read_queries(folder)
    total = sum(_gain(rpc, query, ours) for query in queries)
    rpc.close()
    return total / len(queries)


def _gain(rpc: Rpc, query: Query, ours: Timings) -> float:
    found = ours.run(lambda: rpc.call("knowledge.search", query=query.text, limit=10))
    hits = [item["external_id"] in query.good for item in found["items"][:10]]
    gain = sum(1 / math.log2(place + 2) for place, hit in enumerate(hits) if hit)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(10, len(query.good))))
