"""From the bytes of a ringing call at the socket to the painted window, with history and answers.

The shipped program, window and store; the telephone system is a process of its own on the loopback. Each
caller rings once, so nothing is kept of an earlier pop of his. ``limit``: the same SQL on a bare connection
plus a bare table of 20 × 6 and twelve labels repainted, in the same run. CPU is that of the telephone's and
the window's thread until the paint.

Default sizes are small; the full run is ``pop.py --customers 1000000 --interactions 10000000 --store DIR``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from benchmarks.measure import Timings
    from benchmarks.pop_world import World
    from crmdesk.app.program import Program
    from crmdesk.models.screen_pop import ScreenPop

SECRET = "bench"
PATIENCE_MS = 20_000
SETTLE_MS = 120
WARM_UP = 20
STEPS = ("socket → event", "event → pop built", "pop → window's turn", "window laid out", "painted")
CPU_STEPS = (
    (STEPS[1], "taken", "popped"),
    ("window before its turn", "sent", "begun"),
    (STEPS[3], "begun", "laid"),
    (STEPS[4], "laid", "painted"),
)


def main() -> None:
    """Run what the command line asks for."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--interactions", type=int, default=200_000)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--store", type=Path, help="keep the store in this folder and use it again")
    parser.add_argument("--platform", default="offscreen", help="platform of Qt: offscreen or xcb")
    arguments = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = arguments.platform
    with tempfile.TemporaryDirectory() as temporary:
        run(arguments, arguments.store or Path(temporary))


def run(arguments: argparse.Namespace, folder: Path) -> None:
    """Measure in a world of the wanted size."""
    from PySide6.QtCore import qInstallMessageHandler

    from benchmarks.measure import Timings, report
    from benchmarks.pop_world import caller_numbers, open_world
    from crmdesk.app.program import Program
    from crmdesk.app.window import application
    from crmdesk.resources import resource
    from crmdesk.services.demo_content import load_demo_content
    from crmdesk.services.telephony.ami_client import AmiSettings

    content = load_demo_content(resource("demo"))
    world = open_world(folder, arguments.customers, arguments.interactions)
    app = application()
    qInstallMessageHandler(_only_grave)
    line = content.company.lines[0]
    limit = Timings()
    with Telephone("1001", line.number, line.queue) as telephone:
        link = AmiSettings("127.0.0.1", telephone.port, "crmdesk", SECRET)
        program = Program(app, world.profile, link)
        bench = Bench(program, telephone)
        try:
            bench.start(app)
            bare = Bare(program)
            bench.to_front()
            callers = list(caller_numbers(world, content, arguments.calls + WARM_UP))
            for n, (kind, number) in enumerate(callers):
                shown = bench.ring(number)
                if n >= WARM_UP:
                    bench.keep(kind, shown)
                    limit.run(partial(bare.repeat, shown))
                    bench.settle()
            bare.close()
        finally:
            program.window.close()
            program.close()
    _explain(bench, limit)
    report("pop", bench.timings, limit, **_more(arguments, world, bench, limit))


def _only_grave(kind: Any, _context: Any, message: str) -> None:
    """Leave out what the offscreen platform says of itself."""
    if "This plugin does not support" not in message:
        print(kind, message, file=sys.stderr)


def _more(arguments: argparse.Namespace, world: World, bench: Bench, limit: Timings) -> dict[str, object]:
    from benchmarks.measure import at_full_speed, percentile

    steady = at_full_speed(bench.timings.wall_ms, bench.paces)
    known = [(shown.moments[-1] - shown.moments[0]) * 1000 for shown in bench.known]
    steady_known = at_full_speed(known, [shown.pace for shown in bench.known], min(bench.paces))
    return {
        "full_speed_n": len(steady),
        "full_speed_p50_ms": percentile(steady, 0.5),
        "full_speed_p99_ms": percentile(steady, 0.99),
        "full_speed_known_n": len(steady_known),
        "full_speed_known_p50_ms": percentile(steady_known, 0.5),
        "full_speed_known_p99_ms": percentile(steady_known, 0.99),
        "customers": arguments.customers,
        "interactions": arguments.interactions,
        "limit_cpu_p50_ms": percentile(limit.cpu_ms, 0.5),
        "history_longest": int(world.history.max()),
        "answers_least": bench.answers_least,
        "platform": arguments.platform,
        "store_mb": world.profile.store_path.stat().st_size >> 20,
        "build_seconds": world.build_seconds and round(world.build_seconds),
    }


def _explain(bench: Bench, limit: Timings) -> None:
    from benchmarks.measure import percentile

    limits = {"limit": limit.wall_ms, "CPU limit": limit.cpu_ms}
    for name, values in (*limits.items(), *bench.steps.items(), *bench.kinds.items()):
        p50, p99 = percentile(values, 0.5), percentile(values, 0.99)
        print(f"{name:24} n {len(values):5}  p50 {p50:7.2f}  p99 {p99:7.2f}  ms", file=sys.stderr)
    histories = [shown.pop.timeline.total for shown in bench.known]
    if histories:
        print(
            f"histories of known callers: median {percentile(histories, 0.5):.0f}, longest {max(histories)}",
            file=sys.stderr,
        )


class Telephone:
    """The telephone system in its own process."""

    def __init__(self, extension: str, line: str, queue: str) -> None:
        script = Path(__file__).with_name("pop_telephone.py")
        command = [sys.executable, str(script), SECRET, extension, line, queue]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._line())

    def __enter__(self) -> Telephone:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.communicate(timeout=10)

    def ring(self, number: str) -> None:
        """Let *number* call."""
        self._say(f"ring {number or '-'}")

    def rang_at(self) -> float:
        """Return the second at which the bytes of the last call went into the socket."""
        return float(self._line())

    def end(self) -> None:
        """Let the call be taken and hung up."""
        self._say("end")

    def _say(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@dataclass(slots=True)
class Shown:
    """One painted call: its pop, the moments on the way (monotonic seconds), the CPU it took, its SQL."""

    pop: ScreenPop
    moments: list[float]
    cpu_ms: float
    asked: list[tuple[str, Any]]
    cpu_steps: dict[str, float]
    rows: Counter[str]
    """Rows painted until then, by the name of their delegate."""
    pace: float
    """Of the machine, the slower of before and after."""


class Bench:
    """Rings, waits for the paint, ends the call."""

    def __init__(self, program: Program, telephone: Telephone) -> None:
        from benchmarks.measure import Timings

        self._program = program
        self._telephone = telephone
        self._pops: list[ScreenPop] = []
        self._moments: dict[str, float] = {}
        self._cpu_at: dict[str, float] = {}
        self.timings = Timings()
        self.paces: list[float] = []
        self.steps: dict[str, list[float]] = {step: [] for step in STEPS}
        self.kinds: dict[str, list[float]] = {}
        self.known: list[Shown] = []
        self.answers_least = 99
        self._rows: Counter[str] = Counter()

    def start(self, app: QApplication) -> None:
        """Show the window and wait until everything is connected."""
        program = self._program
        program.show()
        program.window.activateWindow()
        self._wait(program.started.is_set)
        self._wait(lambda: any(thread.name == "crmdesk-ami" for thread in threading.enumerate()))
        self._ami = next(t for t in threading.enumerate() if t.name == "crmdesk-ami")
        self._wait(lambda: program._status.telephony == "connected")
        self._recorder = Recorder(program.telephone.calls._reader)
        program.telephone.calls._reader = self._recorder
        self._hook()
        app.processEvents()

    def to_front(self) -> None:
        """Make the window the one the agent works in: beside another one each call also shows a strip."""
        self._program.window.activateWindow()
        self._wait(self._program.window.isActiveWindow)

    def ring(self, number: str) -> Shown:
        """Let *number* call; return what was painted, with the call ended again."""
        from PySide6.QtCore import QEventLoop, QTimer

        from benchmarks.measure import pace

        self._pops.clear()
        self._moments.clear()
        self._recorder.asked.clear()
        loop = QEventLoop()
        self._program.window.painted.connect(loop.quit)
        QTimer.singleShot(PATIENCE_MS, loop, loop.quit)
        paces = [pace()]
        cpu = self._cpu()
        self._note("sent")
        self._telephone.ring(number)
        loop.exec()
        self._program.window.painted.disconnect(loop.quit)
        cpu_ms = (self._moments.pop("cpu") - cpu) * 1000
        paces.append(pace())
        rang_at = self._telephone.rang_at()
        (pop,) = self._pops
        moments = [
            rang_at,
            *(self._moments[name] for name in ("taken", "popped", "begun", "laid", "painted")),
        ]
        asked = list(self._recorder.asked)
        cpu_steps = {
            f"CPU {step}": (self._cpu_at[last] - self._cpu_at[first]) * 1000
            for step, first, last in CPU_STEPS
        }
        rows = Counter(self._rows)
        self._finish()
        return Shown(pop, moments, cpu_ms, asked, cpu_steps, rows, max(paces))

    def keep(self, kind: str, shown: Shown) -> None:
        """Count *shown*."""
        self.timings.wall_ms.append((shown.moments[-1] - shown.moments[0]) * 1000)
        self.timings.cpu_ms.append(shown.cpu_ms)
        self.paces.append(shown.pace)
        for n, step in enumerate(STEPS):
            self.steps[step].append((shown.moments[n + 1] - shown.moments[n]) * 1000)
        for name, value in shown.cpu_steps.items():
            self.steps.setdefault(name, []).append(value)
        self.kinds.setdefault(kind, []).append(self.timings.wall_ms[-1])
        self.answers_least = min(self.answers_least, shown.rows["AnswerDelegate"])
        if shown.pop.timeline.items and not shown.rows["TimelineDelegate"]:
            raise AssertionError("A history was not on the screen when the paint was told.")
        if shown.pop.customer is not None:
            self.known.append(shown)

    def _finish(self) -> None:
        """End the call and its wrap-up, and let everything settle."""
        window = self._program.window
        self._telephone.end()
        self._wait(lambda: all(not slot.live for slot in window.slots))
        window.wrap_up.finish()
        self._wait(lambda: not len(window.slots))
        self._program.store.write(lambda _work: None).result(20)
        self.settle()

    def settle(self) -> None:
        """Let the window finish what the end of a call began: its home page is read and painted again."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(SETTLE_MS, loop.quit)
        loop.exec()

    def _cpu(self) -> float:
        """Return the CPU seconds of the telephone's thread and of this one."""
        clock = time.pthread_getcpuclockid(self._ami.ident or 0)
        return time.clock_gettime(clock) + time.thread_time()

    def _hook(self) -> None:
        """Note the moments on the way, from outside."""
        from crmdesk.services.telephony.gateway import CallRinging
        from crmdesk.ui.delegates.answers import AnswerDelegate
        from crmdesk.ui.delegates.timeline import TimelineDelegate

        program, window = self._program, self._program.window
        calls = program.telephone.calls
        take, build, popped = calls.take, calls._pop_of, window.calls.popped

        def taking(event: Any) -> Any:
            if isinstance(event, CallRinging):
                self._note("taken")
            return take(event)

        def laying(pop: ScreenPop) -> Any:
            self._note("begun")
            self._pops.append(pop)
            self._rows.clear()
            slot = popped(pop)
            self._note("laid")
            return slot

        def building(event: Any) -> ScreenPop:
            pop = build(event)
            self._note("popped")
            return pop

        def counted(paint: Callable[..., None]) -> Callable[..., None]:
            def painting(delegate: Any, *row: Any) -> None:
                self._rows[type(delegate).__name__] += 1
                paint(delegate, *row)

            return painting

        def painted(_key: str) -> None:
            self._note("painted")
            self._moments["cpu"] = self._cpu()

        calls.take = taking  # type: ignore[method-assign]  # watched from outside
        window.calls.popped = laying  # type: ignore[method-assign]  # watched from outside
        calls._pop_of = building  # type: ignore[method-assign]  # watched from outside
        for delegates in (AnswerDelegate, TimelineDelegate):
            delegates.paint_row = counted(delegates.paint_row)  # type: ignore[method-assign]  # the same
        window.painted.connect(painted)

    def _note(self, name: str) -> None:
        self._moments[name] = time.perf_counter()
        self._cpu_at[name] = time.thread_time()

    def _wait(self, happened: Callable[[], bool]) -> None:
        """Let the window live until *happened*."""
        from PySide6.QtCore import QDeadlineTimer, QEventLoop
        from PySide6.QtWidgets import QApplication

        deadline = QDeadlineTimer(PATIENCE_MS)
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
        while not happened():
            if deadline.hasExpired():
                raise TimeoutError("the window did not get there")
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
            time.sleep(0.001)


class Recorder:
    """A connection that keeps what is asked of it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.asked: list[tuple[str, Any]] = []

    def execute(self, statement: str, values: Any = ()) -> Any:
        """Ask, and keep what was asked."""
        self.asked.append((statement, values))
        return self._connection.execute(statement, values)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _plain_table() -> Any:
    """Return a model of 20 rows of the same text in each of 6 columns."""
    from PySide6.QtCore import QAbstractTableModel, Qt

    class PlainTable(QAbstractTableModel):
        lines: list[str] = []  # noqa: RUF012 - replaced, never changed

        def show(self, lines: list[str]) -> None:
            self.beginResetModel()
            self.lines = lines
            self.endResetModel()

        def rowCount(self, *_: object) -> int:
            return len(self.lines)

        def columnCount(self, *_: object) -> int:
            return 6

        def data(self, index: Any, role: int = 0) -> str | None:
            return self.lines[index.row()] if role == Qt.ItemDataRole.DisplayRole else None

    return PlainTable()


class Bare:
    """The raw limit: the statements of a pop on a bare connection, and a bare table and labels repainted."""

    def __init__(self, program: Program) -> None:
        from PySide6.QtWidgets import QLabel, QTableView, QVBoxLayout, QWidget

        self._reader = program.store.open_reader()
        self._window = QWidget()
        column = QVBoxLayout(self._window)
        self._labels = [QLabel(self._window) for _ in range(12)]
        self._table = QTableView(self._window)
        for widget in (*self._labels, self._table):
            column.addWidget(widget)
        self._model = _plain_table()
        self._table.setModel(self._model)
        self._window.resize(1440, 900)
        self._window.show()

    def repeat(self, shown: Shown) -> None:
        """Do the least that shows this pop."""
        for statement, values in shown.asked:
            self._reader.execute(statement, values).fetchall()
        lines = [entry.subject for entry in shown.pop.timeline.items] or [shown.pop.number.display]
        for n, label in enumerate(self._labels):
            label.setText(lines[n % len(lines)])
        self._model.show([lines[row % len(lines)] for row in range(20)])
        self._window.repaint()

    def close(self) -> None:
        """Close window and connection."""
        self._window.close()
        self._reader.close()


if __name__ == "__main__":
    main()
