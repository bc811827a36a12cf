"""A child process: a real window on a display, called while somebody types into its note.

Prints one JSON line when the note has the keyboard, and one when the word END was typed.
"""

from __future__ import annotations

import json
import sys
from zoneinfo import ZoneInfo

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from crmdesk.ui.bridge import Bridge
from crmdesk.ui.desk import CallState
from crmdesk.ui.look import dress
from crmdesk.ui.main_window import MainWindow, WindowOptions
from tests.ui import sample
from tests.ui.fake_desk import FakeDesk

_GIVE_UP_MS = 40_000
_RING_MS = 40


def main() -> int:
    """Run the window until END was typed."""
    app = QApplication([])
    look = dress(app, "en", "light")
    desk, bridge = FakeDesk(), Bridge()
    options = WindowOptions(zone=ZoneInfo("Asia/Shanghai"), restore_drafts=False)
    window = MainWindow(desk, bridge, look.words, look.ink, options)
    window.show()
    window.start()
    window.show_pop(sample.pop())
    bridge.call_changed.emit(CallState("call-1", "talking", sample.NOW))
    rung = [0]

    def ring() -> None:
        note = window.parts.note.text(1)
        if note.endswith("END"):
            timer.stop()
            focus = QApplication.focusWidget()
            _tell(
                note=note,
                kept=focus is window.parts.note.edit(1),
                active=window.isActiveWindow(),
                rung=rung[0],
            )
            app.quit()
        elif note:
            rung[0] += 1
            key = f"ring-{rung[0]}"
            bridge.popped.emit(sample.pop(key))
            bridge.call_changed.emit(CallState(key, "missed", sample.NOW))

    def begin() -> None:
        if window.isActiveWindow():
            starting.stop()
            window.commands.run("note")
            _tell(ready=True)
            timer.start(_RING_MS)

    timer, starting = QTimer(), QTimer()
    timer.timeout.connect(ring)
    starting.timeout.connect(begin)
    starting.start(50)
    QTimer.singleShot(_GIVE_UP_MS, app.quit)
    app.exec()
    window.close()
    desk.close()
    return 0


def _tell(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
