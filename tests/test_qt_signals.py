"""Guard of the PySide6 pin: a build that loses references at every emit aborts long before 5 000 of them."""

import subprocess
import sys

EMITS = 5000

PROGRAM = f"""
from PySide6.QtCore import QObject, Signal

class Source(QObject):
    fired = Signal(bool)

count = 0

def on_fired(value):
    global count
    count += value

source = Source()
source.fired.connect(on_fired)
for _ in range({EMITS}):
    source.fired.emit(True)
print(count)
"""


def test_emitting_a_signal_thousands_of_times_is_safe() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(EMITS)
