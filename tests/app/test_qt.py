"""Qt is loaded with kept code, and leaves Python's own functions in their places."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
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
assert (builtins.__import__, builtins.compile) == (before[0], count)
from PySide6.QtCore import QObject
assert QObject().objectName() == ""
try:
    QObject().setObjectName(object())
except TypeError as error:
    assert "setObjectName" in str(error)
print(len([name for name in compiled if name.startswith("shibokensupport")]))
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
