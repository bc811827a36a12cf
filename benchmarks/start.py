"""Cold start: from the start of the process to a painted, typable worklist, and until everything works.

``limit`` is a bare PySide6 window with one label, started in turns with ours. The store is populated (see
``pop_world``). Wall times are of the process start as its parent sees it; ratios by CPU stand beside those by
the clock, because a busy machine blurs the latter. Memory is that of the idle window with the store open.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

PATIENCE_SECONDS = 60
IDLE_SECONDS = 3.0
BARE = """
import json, sys, time
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow

class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.UpdateRequest:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self.painted)
        return False
    def painted(self):
        line = {"mark": "painted", "at": time.time(), "cpu_ms": time.process_time() * 1000}
        sys.stderr.write(json.dumps(line) + "\\n")
        QApplication.quit()

app = QApplication(sys.argv)
window, watch = QMainWindow(), Watch()
window.setCentralWidget(QLabel("crmdesk"))
window.resize(1280, 800)
window.installEventFilter(watch)
window.show()
app.exec()
"""


def main() -> None:
    """Run what the command line asks for."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--starts", type=int, default=12)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--interactions", type=int, default=200_000)
    parser.add_argument("--store", type=Path, help="keep the store in this folder and use it again")
    parser.add_argument("--program", type=Path, help="start this one, as of a package")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        run(arguments, arguments.store or Path(temporary))


def run(arguments: argparse.Namespace, folder: Path) -> None:
    """Start the program and the bare window in turns; print the result."""
    from benchmarks.measure import machine
    from benchmarks.pop_world import open_world

    world = open_world(folder, arguments.customers, arguments.interactions)
    path, keys = world.profile.path, world.profile.path.with_suffix(".keys")
    world.profile.close()
    program = [sys.executable, "-m", "crmdesk"] if arguments.program is None else [str(arguments.program)]
    ours = [*program, "--profile", str(path)]
    bare = [sys.executable, "-c", BARE]
    started: list[dict[str, dict[str, float]]] = []
    limits: list[dict[str, dict[str, float]]] = []
    for _ in range(arguments.starts + 1):
        limits.append(start(bare, keys))
        started.append(start(ours, keys))
    del started[0], limits[0]
    print(json.dumps(summary(started, limits) | {"rss_mb": idle_memory_mb(ours, keys), "machine": machine()}))


def environment(keys: Path, trace: str) -> dict[str, str]:
    """Return what the program is started with; it keeps its compiled modules, as an installed one does."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "CRMDESK_KEY_FILE": str(keys),
        "CRMDESK_TRACE_START": trace,
        "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
    }


def start(command: list[str], keys: Path) -> dict[str, dict[str, float]]:
    """Start *command*, let it end by itself; return by mark: milliseconds since its start and of CPU."""
    begun = time.time()
    done = subprocess.run(
        command,
        env=environment(keys, "quit"),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    marks = [json.loads(line) for line in done.stderr.splitlines() if line.startswith('{"mark"')]
    return {m["mark"]: {"wall_ms": (m["at"] - begun) * 1000, "cpu_ms": m["cpu_ms"]} for m in marks}


def summary(started: list[dict[str, Any]], limits: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians and ratios."""
    found: dict[str, Any] = {"bench": "start", "n": len(started)}
    limit = {unit: middle(limits, "painted", unit) for unit in ("wall_ms", "cpu_ms")}
    for mark in ("painted", "ready"):
        for unit in ("wall_ms", "cpu_ms"):
            found[f"{mark}_{unit}"] = middle(started, mark, unit)
            found[f"{mark}_{unit[:-3]}_ratio"] = round(middle(started, mark, unit) / limit[unit], 2)
    return found | {"limit_p50_ms": limit["wall_ms"], "limit_cpu_ms": limit["cpu_ms"]}


def middle(starts: list[dict[str, Any]], mark: str, unit: str) -> float:
    """Return the median."""
    return float(round(median(start[mark][unit] for start in starts), 1))


def idle_memory_mb(command: list[str], keys: Path) -> float:
    """Return the resident memory of the idle window, in MB, some seconds after everything works."""
    import psutil

    with subprocess.Popen(command, env=environment(keys, "1"), stderr=subprocess.PIPE, text=True) as window:
        assert window.stderr is not None
        for line in window.stderr:
            if '"ready"' in line:
                break
        time.sleep(IDLE_SECONDS)
        used = int(psutil.Process(window.pid).memory_info().rss)
        window.terminate()
    return round(used / 1e6, 1)


if __name__ == "__main__":
    main()
