"""Dataclasses that are quick to make, for whatever a start loads.

The standard decorator compiles six methods for each class; a start makes some 130 classes, which was a sixth
of it. Those methods say the same for every class, so here all classes share them. Only ``__init__`` has code
of its own: compiled once for classes of a like shape, with the names of the fields put in. What comes out is
a dataclass to everybody: ``fields``, ``replace``, ``asdict`` and type checkers.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from operator import attrgetter
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass

__all__ = ["dataclass"]


def _quick_dataclass(
    plain: type | None = None, /, *, frozen: bool = False, slots: bool = False, kw_only: bool = False
) -> Any:
    """Make *plain* a dataclass, as ``dataclasses.dataclass`` with these options does.

    Not known here: fields left out of comparisons, ordering, ``InitVar``.
    """
    if plain is None:
        return lambda given: _quick_dataclass(given, frozen=frozen, slots=slots, kw_only=kw_only)
    own = set(vars(plain))
    # The standard one would look for a signature to tell instead: 4 ms, the first time.
    plain.__doc__ = plain.__doc__ or plain.__name__
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(plain)
    fields = dataclasses.fields(made)
    made._content = attrgetter(*(field.name for field in fields)) if fields else staticmethod(_nothing)
    made._told = tuple(field.name for field in fields if field.repr)
    made.__init__ = _init_of(made, fields, frozen=frozen)
    shared: dict[str, Any] = {"__repr__": _repr, "__eq__": _eq, "__hash__": _hash if frozen else None}
    if frozen:
        shared |= {"__setattr__": _refuse_setting, "__delattr__": _refuse_deleting, "__setstate__": _lay_back}
    for name, method in shared.items():
        if name not in own:
            setattr(made, name, method)
    return made


def _init_of(made: type, fields: tuple[dataclasses.Field[Any], ...], *, frozen: bool) -> Callable[..., None]:
    """Return the ``__init__`` of *made*, which sets the fields of a frozen one past its own refusal.

    Raises:
        TypeError: a field without a default comes after one with.
    """
    taken = [field for field in fields if field.init]
    given = [field for field in taken if not field.kw_only]
    named = [field for field in taken if field.kw_only]
    ordered = given + named
    anew = tuple(field.default_factory is not dataclasses.MISSING for field in ordered)
    code = _compiled_init(anew, len(given), frozen, hasattr(made, "__post_init__"))
    names: dict[object, str] = {f"_{number}": field.name for number, field in enumerate(ordered)}
    renamed: dict[str, Any] = {
        part: tuple(names.get(value, value) for value in getattr(code, part))
        for part in ("co_varnames", "co_names", "co_consts")
    }
    space: dict[str, Any] = {"put": object.__setattr__, "missing": dataclasses.MISSING}
    space |= {f"make_{number}": field.default_factory for number, field in enumerate(ordered) if anew[number]}
    init = FunctionType(code.replace(**renamed), space)
    init.__defaults__ = tuple(_defaults(given).values())
    init.__kwdefaults__ = _defaults(named)
    if list(_defaults(given)) != [field.name for field in given[len(given) - len(init.__defaults__) :]]:
        raise TypeError(f"{made.__qualname__}: a field without a default comes after one with a default")
    init.__qualname__ = f"{made.__qualname__}.__init__"
    init.__annotations__ = {field.name: field.type for field in taken} | {"return": "None"}
    return init


def _defaults(fields: list[dataclasses.Field[Any]]) -> dict[str, Any]:
    """Return by name what is taken for a field not given; MISSING where its factory makes that."""
    none = (dataclasses.MISSING, dataclasses.MISSING)
    return {field.name: field.default for field in fields if (field.default, field.default_factory) != none}


@cache
def _compiled_init(anew: tuple[bool, ...], positional: int, frozen: bool, checked: bool) -> CodeType:
    """Return the code of ``__init__`` for fields called ``_0``, ``_1`` and so on.

    Args:
        anew: of each field, whether a factory makes its default.
        positional: how many of them, the first, need no name in a call.
        frozen: whether attributes can only be set past the class.
        checked: whether there is a ``__post_init__``.
    """
    names = [f"_{number}" for number in range(len(anew))]
    named = names[positional:]
    body = []
    for name, factory in zip(names, anew, strict=True):
        value = f"make{name}() if {name} is missing else {name}" if factory else name
        body.append(f" put(self, {name!r}, {value})" if frozen else f" self.{name} = {value}")
    if checked:
        body.append(" self.__post_init__()")
    parameters = ", ".join(["self", *names[:positional], *(["*", *named] if named else [])])
    space: dict[str, Any] = {}
    exec(f"def __init__({parameters}):\n" + ("\n".join(body) or " pass"), space)  # noqa: S102 - of numbers
    code: CodeType = space["__init__"].__code__
    return code


def _repr(self: Any) -> str:
    told = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._told)
    return f"{type(self).__qualname__}({told})"


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self._content(self) == self._content(other)


def _hash(self: Any) -> int:
    return hash(self._content(self))


def _nothing(_value: Any) -> tuple[()]:
    return ()


def _refuse_setting(self: Any, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _lay_back(self: Any, state: Any) -> None:
    """Take what a copy, or the pickle of another process, holds; with slots the second of a pair."""
    for name, value in (state[1] if isinstance(state, tuple) else state).items():
        object.__setattr__(self, name, value)


def _refuse_deleting(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


if not TYPE_CHECKING:
    dataclass = _quick_dataclass
