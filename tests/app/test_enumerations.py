"""What is made quickly is what Python would have made."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from enum import Enum, EnumType, Flag, FlagBoundary
from operator import and_, invert, or_, xor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6 import QtCore, QtGui, QtWidgets

from crmdesk.app.enumerations import KINDS, MODELLED_ON, quick

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] != MODELLED_ON, reason="other versions of Python make their own enumerations"
)

MODULES = (QtCore, QtGui, QtWidgets)
PROBE = """
import enum, pickle
from crmdesk.app.qt import load_qt
load_qt()
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
print(repr(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop), repr(Qt.Key.Key_A), Qt.Key.__module__)
print(pickle.loads(pickle.dumps(QFont.Weight(700))) is QFont.Weight.Bold, int(QFont.Weight.Bold))
print(enum.EnumType._create_.__module__)
print(enum.Enum("Own", "A B").__module__, enum.IntEnum("Own", [("A", 1)], module="theirs").__module__)
"""
TOLD = """\
<AlignmentFlag.AlignLeft|AlignTop: 33> <Key.Key_A: 65> PySide6.QtCore
True 700
crmdesk.app.enumerations
__main__ theirs
"""

own = EnumType._create_  # type: ignore[attr-defined]  # what is compared with
make = quick(own)
NAMES = st.text("abXY1", min_size=1, max_size=3).filter(str.isidentifier)
VALUES = st.integers(-3, 40) | st.sampled_from([2**31, -(2**31), 2**32 - 1, 2**64])
PAIRS = st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=8, unique_by=lambda pair: pair[0])
SPECIAL = ("name", "value", "mro", "_own", "_own_", "__own__", "A")


def outcome(of: Callable[..., Any], *given: Any) -> object:
    """Return what *of* returns, or what it raises, as far as two runs can be compared."""
    try:
        found = of(*given)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return type(error), str(error)
    return told(found) if isinstance(found, Enum) else found


def told(member: Any) -> object:
    content = {name: repr(value) for name, value in vars(member).items() if name != "__objclass__"}
    assert member.__dict__.get("__objclass__", type(member)) is type(member)
    named = repr(member.name), repr(member.value)
    return named, repr(member), str(member), f"{member}", hash(member), content, bool(member)


def parts(member: Any) -> list[object]:
    return [told(part) for part in member]


def facts(made: Any) -> dict[str, object]:
    """Return all one can tell of an enumeration."""
    values = [*made._value2member_map_, 0, 1, 2, 3, 64, -1, -5, 2**33, "x"]
    names = [*made.__members__]
    return {
        "class": (made.__name__, made.__mro__[1:], repr(made), len(made), bool(made), dir(made)),
        "own": sorted(vars(made)),
        "members": [(name, told(member)) for name, member in made.__members__.items()],
        "listed": [told(member) for member in made],
        "backwards": [told(member) for member in reversed(made)],
        "attributes": [outcome(getattr, made, name) for name in names],
        "by value": [(value, outcome(made, value)) for value in values],
        "by name": [outcome(made.__getitem__, name) for name in [*names, "nobody"]],
        "within": [member in made for member in made.__members__.values()],
        "changing": [outcome(setattr, made, name, 1) for name in names[:2]],
        "inherited": outcome(type, "More", (made,), {}),
        "flags": flags(made) if issubclass(made, Flag) else None,
    }


def flags(made: Any) -> object:
    members = list(made.__members__.values())
    pairs = [(one, two) for one in members for two in members][:40]
    return (
        [getattr(made, name) for name in ("_flag_mask_", "_singles_mask_", "_all_bits_", "_boundary_")],
        [outcome(sum_of, one, two) for one, two in pairs for sum_of in (or_, and_, xor)],
        [outcome(invert, one) for one in members],
        [outcome(parts, one | two) for one, two in pairs],
    )


def same(kind: type[Enum], pairs: list[tuple[str, int]], boundary: FlagBoundary | None) -> None:
    asked = {"module": None, "qualname": None, "type": None, "start": 1, "boundary": boundary}

    def facts_of(create: Callable[..., Any]) -> object:
        return facts(create(kind, "Sample", list(pairs), **asked))

    assert outcome(facts_of, make) == outcome(facts_of, own)


@given(st.sampled_from(KINDS), PAIRS, st.sampled_from([None, FlagBoundary.KEEP]))
def test_any_enumeration_is_as_python_makes_it(
    kind: type[Enum], pairs: list[tuple[str, int]], boundary: FlagBoundary | None
) -> None:
    same(kind, pairs, boundary)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SPECIAL)
def test_names_with_a_meaning_keep_it(kind: type[Enum], name: str) -> None:
    same(kind, [("A", 1), (name, 2)], None)


def enumerations(holder: Any) -> list[type[Enum]]:
    """Return those of a module or class, and of the classes in it."""
    found: list[type[Enum]] = []
    for name in dir(holder):
        held = getattr(holder, name, None)
        if isinstance(held, EnumType):
            found.append(held)  # type: ignore[arg-type]  # mypy knows the metaclass alone
        elif isinstance(held, type) and held.__module__.startswith("PySide6.") and held is not holder:
            found.extend(enumerations(held))
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_those_of_qt_are_as_python_makes_them(module: Any) -> None:
    found = {made.__qualname__: made for made in enumerations(module)}
    assert len(found) > 80
    for made in found.values():
        pairs = [(name, member.value) for name, member in made.__members__.items()]
        same(made.__mro__[1], pairs, FlagBoundary.KEEP)


def test_qt_gets_them() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == TOLD
