"""What all benchmarks share: timing, percentiles and the JSON line at the end."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Timings:
    """Milliseconds of repeated runs: by the clock and of this thread's CPU."""

    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def run(self, work: Callable[[], T]) -> T:
        """Do *work* and keep how long it took."""
        wall, cpu = time.perf_counter(), time.thread_time()
        result = work()
        self.cpu_ms.append((time.thread_time() - cpu) * 1000)
        self.wall_ms.append((time.perf_counter() - wall) * 1000)
        return result


def pace() -> float:
    """Return the milliseconds that a fixed piece of work takes by the clock: how fast the machine is now.

    Shared processors run at half their speed from one second to the next.
    """
    begun, total = time.perf_counter(), 0
    for number in range(12_000):
        total += number * number % 7
    return (time.perf_counter() - begun) * 1000


def at_full_speed(values: Sequence[float], paces: Sequence[float], best: float | None = None) -> list[float]:
    """Return those *values* that were measured while the machine kept within 15 % of its *best* pace."""
    best = min(paces, default=0.0) if best is None else best
    return [value for value, each in zip(values, paces, strict=True) if each <= best * 1.15]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which *share* (0 to 1) of *values* lie, rounded to microseconds."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else 0.0


def machine() -> str:
    """Describe the machine in a few words."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    )


def report(bench: str, ours: Timings, limit: Timings, **more: object) -> None:
    """Print the JSON line: *ours* beside the raw *limit* of the same run."""
    limit_p50 = percentile(limit.wall_ms, 0.5)
    line = {
        "bench": bench,
        "n": len(ours.wall_ms),
        "p50_ms": percentile(ours.wall_ms, 0.5),
        "p99_ms": percentile(ours.wall_ms, 0.99),
        "cpu_p50_ms": percentile(ours.cpu_ms, 0.5),
        "cpu_p99_ms": percentile(ours.cpu_ms, 0.99),
        "limit_p50_ms": limit_p50,
        "limit_p99_ms": percentile(limit.wall_ms, 0.99),
        "ratio": round(percentile(ours.wall_ms, 0.5) / limit_p50, 2) if limit_p50 else None,
        **more,
        "machine": machine(),
    }
    print(json.dumps(line, ensure_ascii=False))
