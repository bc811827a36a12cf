"""Enumerations that are quick to make, for those of Qt.

PySide6 makes a Python enumeration of every one that belongs to a class somebody touches: 210 of them, with
3 100 members, until the worklist is painted. Python's own way expects anything of a class body, and took a
quarter of the start. All of these are pairs of a name and an int, so here a class begins as a copy of an
empty one and its members are put into it. What comes out is what Python would have made.
"""

from __future__ import annotations

import sys
from enum import Enum, EnumType, Flag, FlagBoundary, IntEnum, IntFlag
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MODELLED_ON = (3, 11)
"""The version of Python whose enumerations come out here; any other makes its own."""

KINDS: tuple[type[Enum], ...] = (Enum, IntEnum, Flag, IntFlag)
SPECIAL = frozenset({"name", "value", "mro", ""})
"""Names that mean something to a class of members; so do those that begin with an underline."""

Members = list[tuple[str, int]]


def use_quick_enumerations() -> None:
    """Let plain enumerations be made quickly from now on, wherever in this process.

    It is for the whole run, as PySide6 makes most of them when their classes are touched.
    """
    if sys.version_info[:2] == MODELLED_ON:
        EnumType._create_ = quick(EnumType._create_)  # type: ignore[attr-defined]  # what Enum("A", [...]) calls


def quick(create: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes the enumerations that *create*, ``EnumType._create_``, makes; plain ones quickly."""
    blanks: dict[tuple[type[Enum], FlagBoundary | None], dict[str, Any]] = {}

    def make(cls: type[Enum], class_name: str, names: Any, **more: Any) -> Any:
        boundary = more.get("boundary")
        if not _is_plain(cls, names, more):
            # Python looks two calls up for the module, and would find this one.
            caller = sys._getframe(1).f_back
            if caller and more.get("module") is None:
                more["module"] = caller.f_globals.get("__name__")
            return create(cls, class_name, names, **more)
        blank = blanks.get((cls, boundary))
        if blank is None:
            empty = create(cls, "Blank", (), module=__name__, boundary=boundary)
            blank = blanks[cls, boundary] = dict(vars(empty))
        return _filled(cls, class_name, names, blank)

    return make


def _is_plain(cls: type[Enum], names: Any, more: dict[str, Any]) -> bool:
    """Tell whether all is as with Qt: of one of Python's four kinds, pairs of a name and an int."""
    return (
        cls in KINDS
        and type(names) is list
        and len(names) > 0
        and not (more.get("module") or more.get("qualname") or more.get("type"))
        and all(
            type(pair) is tuple
            and len(pair) == 2
            and type(pair[1]) is int
            and pair[0] not in SPECIAL
            and pair[0][0] != "_"
            for pair in names
        )
        and len(dict(names)) == len(names)
    )


def _filled(kind: type[Enum], class_name: str, pairs: Members, blank: dict[str, Any]) -> Any:
    """Make the enumeration; the order of what is done to a member is that of ``enum._proto_member``."""
    listed: list[str] = []
    members: dict[str, Any] = {}
    by_value: dict[int, Any] = {}
    own = {"_member_names_": listed, "_member_map_": members, "_value2member_map_": by_value}
    made: Any = type.__new__(EnumType, class_name, (kind,), {**blank, **own})
    new, with_value, flag = made._new_member_, made._use_args_, issubclass(kind, Flag)
    put = type.__setattr__
    for name, value in pairs:
        member = by_value.get(value)
        if member is None:
            member = by_value[value] = new(made, value) if with_value else new(made)
            member._value_ = value
            member._name_ = name
            member.__objclass__ = made
            member._sort_order_ = len(listed)
            # Of a flag only single bits are members that one counts; the others have names all the same.
            if not flag or _is_bit(value):
                listed.append(name)
        put(made, name, member)
        members[name] = member
    if flag:
        _sum_up(made, list(by_value))
    return made


def _sum_up(made: Any, values: list[int]) -> None:
    """Note which bits the flags have."""
    mask = singles = 0
    for value in values:
        mask |= value
        if _is_bit(value):
            singles |= value
    made._flag_mask_, made._singles_mask_ = mask, singles
    made._all_bits_ = 2 ** mask.bit_length() - 1
    bits = [value for value in values if _is_bit(value)]
    if bits != sorted(bits):
        made._iter_member_ = made._iter_member_by_def_


def _is_bit(value: int) -> bool:
    return value != 0 and value & (value - 1) == 0
