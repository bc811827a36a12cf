"""Dataclasses that are quick to make, for whatever a start loads.

The standard decorator compiles six methods for each class; a start makes some 130 classes, which was a sixth
of it. Those methods say the same for every class, so here all classes share them, and only ``__init__`` is
compiled. What comes out is a dataclass to everybody: ``fields``, ``replace``, ``asdict`` and type checkers.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
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
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(plain)
    fields = dataclasses.fields(made)
    made._content = attrgetter(*(field.name for field in fields)) if fields else staticmethod(_nothing)
    made._told = tuple(field.name for field in fields if field.repr)
    made.__init__ = _compiled_init(made, fields, frozen=frozen)
    shared: dict[str, Any] = {"__repr__": _repr, "__eq__": _eq, "__hash__": _hash if frozen else None}
    if frozen:
        shared |= {"__setattr__": _refuse_setting, "__delattr__": _refuse_deleting}
    for name, method in shared.items():
        if name not in own:
            setattr(made, name, method)
    return made


def _compiled_init(
    made: type, fields: tuple[dataclasses.Field[Any], ...], *, frozen: bool
) -> Callable[..., None]:
    """Return the ``__init__`` of *made*, which sets the fields of a frozen one past its own refusal."""
    names: dict[str, Any] = {"put": object.__setattr__, "missing": dataclasses.MISSING}
    given, named, body = ["self"], list[str](), list[str]()
    for field in (each for each in fields if each.init):
        name, value = field.name, field.name
        parameter = name
        if field.default is not dataclasses.MISSING:
            names[f"default_{name}"] = field.default
            parameter = f"{name}=default_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            names[f"make_{name}"] = field.default_factory
            parameter = f"{name}=missing"
            value = f"make_{name}() if {name} is missing else {name}"
        (named if field.kw_only else given).append(parameter)
        body.append(f" put(self, {name!r}, {value})" if frozen else f" self.{name} = {value}")
    if hasattr(made, "__post_init__"):
        body.append(" self.__post_init__()")
    parameters = ", ".join([*given, *(["*", *named] if named else [])])
    exec(f"def __init__({parameters}):\n" + ("\n".join(body) or " pass"), names)  # noqa: S102 - of field names
    init: Callable[..., None] = names["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    init.__annotations__ = {field.name: field.type for field in fields if field.init} | {"return": "None"}
    return init


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


def _refuse_deleting(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


if not TYPE_CHECKING:
    dataclass = _quick_dataclass
