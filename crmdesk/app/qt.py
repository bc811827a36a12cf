"""Loads Qt without what PySide6 does at each start and none of ours needs.

Part of PySide6 is Python: 120 kB of source inside its library, compiled anew by each process that loads it, a
ninth of the time until a window shows. Here the compiled code is kept, as Python keeps that of any other
module and beside it: in ``__pycache__``, for this version of Python alone. It serves only for the very same
source; where nothing can be written nothing is kept. The half of it that only explains Qt's functions waits
until it is asked, and Qt's enumerations are made quickly.
"""

from __future__ import annotations

import builtins
import marshal
import os
import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.app.enumerations import use_quick_enumerations

if TYPE_CHECKING:
    from collections.abc import Callable

EXPLAINING = frozenset(
    f"shibokensupport/signature/{name}.py"
    for name in ("errorhandler", "layout", "parser", "lib/enum_sig", "lib/pyi_generator", "lib/tool")
)
"""Modules of PySide6 that tell how its functions are called: for error messages, ``help`` and stubs."""

WHEN_ASKED = b"""
def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    exec(compile(__loader__.zfile.read(__file__), __file__, "exec", dont_inherit=True), globals())
    globals().pop("__getattr__", None)
    try:
        return globals()[name]
    except KeyError:
        raise AttributeError(name) from None
"""
"""What stands for such a module until somebody asks for something in it."""

KEPT = Path(cache_from_source(str(Path(__file__).with_name("pyside_support.py"))))


def load_qt(kept: Path = KEPT) -> None:
    """Load Qt, and put Python's own functions back in their places.

    PySide6 replaces the import by one that reads the source of every module imported from then on, to learn
    whether it asks for snake_case names. None of ours does. It would cost a fifth of the start, and 40 MB for
    the lines of all those sources.

    Args:
        kept: the file of compiled code.
    """
    use_quick_enumerations()
    own_import, own_compile = builtins.__import__, builtins.compile
    compiled = CompiledOnce(kept, own_compile)
    builtins.compile = compiled.compile
    try:
        from PySide6 import QtWidgets  # noqa: F401 - what loads it is the point
    finally:
        builtins.__import__, builtins.compile = own_import, own_compile
    compiled.keep()


class CompiledOnce:
    """Compiles modules that have no file of their own, once: afterwards it knows what came out.

    Args:
        path: the file it remembers in; a damaged one counts as none.
        compile_source: Python's own ``compile``.
    """

    def __init__(self, path: Path, compile_source: Callable[..., Any]) -> None:
        self._path = path
        self._compile = compile_source
        self._known: dict[str, tuple[bytes, Any]] = {}
        self._new = False
        with suppress(OSError, ValueError, EOFError, TypeError):
            self._known = dict(marshal.loads(path.read_bytes()))  # noqa: S302 - trusted as any compiled module

    def compile(self, source: Any, filename: Any, mode: str, *more: Any, **options: Any) -> Any:
        """Return what Python's ``compile`` returns; of modules that explain, what loads them when asked."""
        if not isinstance(source, bytes) or more or options:
            return self._compile(source, filename, mode, *more, **options)
        if filename in EXPLAINING:
            source = WHEN_ASKED
        known = self._known.get(filename)
        if known is None or known[0] != source:
            known = self._known[filename] = (source, self._compile(source, filename, mode))
            self._new = True
        return known[1]

    def keep(self) -> None:
        """Write down what is new, as a whole or not at all."""
        if not self._new or sys.dont_write_bytecode:
            return
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            draft.write_bytes(marshal.dumps(self._known))
            draft.replace(self._path)
