"""Qt is loaded with kept code, and leaves Python's own functions in their places."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crmdesk.app.qt import CompiledOnce

PROBE = """
import builtins, sys
from pathlib import Path
before = builtins.__import__, builtins.compile
from crmdesk.app.qt import load_qt
compiled = []
own = builtins.compile
def count(source, filename, *more, **options):
    compiled.append(str(filename))
    return own(source, filename, *more, **options)
builtins.compile = count
load_qt(Path(sys.argv[1]))
print(len([name for name in compiled if name.startswith("shibokensupport")]))
assert (builtins.__import__, builtins.compile) == (before[0], count)
from PySide6.QtCore import QObject
assert QObject().objectName() == ""
try:
    QObject().setObjectName(object())
except TypeError as error:
    assert "setObjectName" in str(error)
"""

EXPLAINED = """
import sys
if sys.argv[1:] == ["quick"]:
    from crmdesk.app.qt import load_qt
    load_qt()
    assert "argparse" not in sys.modules
from PySide6.QtCore import QObject, QRect, QTimer
from PySide6.QtWidgets import QLabel, QWidget
from PySide6.support.signature import get_signature
for wrong in (lambda: QObject().setObjectName(object()), lambda: QRect("x", 1), lambda: QTimer(nothing=1)):
    try:
        wrong()
    except (AttributeError, TypeError) as error:
        print(error)
print(QWidget.setFont.__doc__, get_signature(QRect), get_signature(QLabel.setText, "existence"))
from PySide6.support.signature.lib import pyi_generator
print(pyi_generator.Writer, hasattr(pyi_generator, "nothing"))
"""


class Compiler:
    """Counts what it compiles."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, *given: Any, **options: Any) -> Any:
        self.count += 1
        return compile(*given, **options)


def value_of(code: Any) -> object:
    space: dict[str, object] = {}
    exec(code, space)
    return space["x"]


@pytest.fixture(autouse=True)
def writing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def test_code_is_compiled_once_for_the_same_source(tmp_path: Path) -> None:
    path, compiler = tmp_path / "__pycache__" / "kept.pyc", Compiler()
    for _ in range(2):
        once = CompiledOnce(path, compiler)
        assert value_of(once.compile(b"x = 1", "a.py", "exec")) == 1
        assert value_of(once.compile(b"x = 2", "b.py", "exec")) == 2
        once.keep()
    assert compiler.count == 2
    assert [file.name for file in path.parent.iterdir()] == ["kept.pyc"]


def test_another_source_is_compiled_anew(tmp_path: Path) -> None:
    path, compiler = tmp_path / "kept.pyc", Compiler()
    for source in (b"x = 1", b"x = 2"):
        once = CompiledOnce(path, compiler)
        assert value_of(once.compile(source, "a.py", "exec")) == int(source[-1:])
        once.keep()
    assert compiler.count == 2


def test_text_is_none_of_its_business(tmp_path: Path) -> None:
    once = CompiledOnce(tmp_path / "kept.pyc", compile)
    assert value_of(once.compile("x = 1", "a.py", "exec")) == 1
    once.keep()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\xff\xff", b"i\x01\x00\x00\x00"])
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kept.pyc"
    path.write_bytes(content)
    once = CompiledOnce(path, compile)
    assert value_of(once.compile(b"x = 1", "a.py", "exec")) == 1
    once.keep()
    assert CompiledOnce(path, Compiler()).compile(b"x = 1", "a.py", "exec") is not None


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    once = CompiledOnce(tmp_path / "file" / "kept.pyc", compile)
    assert value_of(once.compile(b"x = 1", "a.py", "exec")) == 1
    once.keep()


@pytest.mark.parametrize("name", ["__path__", "nothing"])
def test_what_explains_is_loaded_when_asked_for_even_while_qt_loads(tmp_path: Path, name: str) -> None:
    once, path = CompiledOnce(tmp_path / "kept.pyc", compile), "shibokensupport/signature/parser.py"
    zipped = SimpleNamespace(zfile=SimpleNamespace(read={path: b"x = 1"}.__getitem__))
    module: dict[str, Any] = {"__file__": path, "__loader__": zipped, "compile": once.compile}
    exec(once.compile(b"x = 1", path, "exec"), module)
    assert "x" not in module
    with pytest.raises(AttributeError):
        module["__getattr__"](name)
    assert ("x" in module) == (name == "nothing")
    if "__getattr__" in module:
        assert module["__getattr__"]("x") == 1


def test_qt_loaded_twice_is_compiled_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROBE, str(tmp_path / "kept.pyc")]
    counts = []
    for _ in range(2):
        environment = {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path.cwd())}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr
        counts.append(int(done.stdout))
    assert counts[0] > 0
    assert counts[1] == 0


def test_what_qt_says_about_its_functions_is_there_when_asked_for() -> None:
    told = []
    for way in ("plain", "quick"):
        command = [sys.executable, "-c", EXPLAINED, way]
        told.append(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)
    assert "Supported signatures" in told[0]
    assert told[0] == told[1]
