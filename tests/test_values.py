"""Our dataclasses behave as the standard ones do."""

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from inspect import signature
from typing import Any, get_type_hints

import pytest

from crmdesk import values

BOTH = pytest.mark.parametrize("decorate", [dataclasses.dataclass, values.dataclass])


def example(decorate: Callable[..., Any], **options: bool) -> Any:
    """A class with every kind of field we use."""

    @decorate(**options)
    class Example:
        """A value."""

        number: int
        words: str = "none"
        parts: list[int] = dataclasses.field(default_factory=list)
        secret: str = dataclasses.field(default="", repr=False)
        late: int = dataclasses.field(default=1, kw_only=True)

    return Example


@BOTH
@pytest.mark.parametrize("slots", [False, True])
def test_made_compared_and_told(decorate: Callable[..., Any], slots: bool) -> None:
    made = example(decorate, slots=slots)
    one, same = made(1, "a", secret="s"), made(number=1, words="a", secret="s")
    assert one == same
    assert one != made(1, "a", secret="s", late=2)
    assert one.parts == []
    assert one.parts is not same.parts
    assert repr(one).endswith("Example(number=1, words='a', parts=[], late=1)")
    assert (one == 1) is False
    assert hasattr(one, "__dict__") is not slots
    with pytest.raises(TypeError):
        hash(one)
    one.number = 2
    assert one != same


@BOTH
def test_frozen_ones_do_not_change_and_can_be_keys(decorate: Callable[..., Any]) -> None:
    made = decorate(frozen=True, slots=True)(type("Point", (), {"__annotations__": {"x": int, "y": int}}))
    point = made(1, 2)
    assert {point: "here"}[made(1, 2)] == "here"
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x


@values.dataclass(frozen=True, slots=True)
class Slotted:
    """A value that another process can be given."""

    number: int
    words: tuple[str, ...] = ()


@values.dataclass(frozen=True)
class Open:
    """One without slots."""

    number: int


@pytest.mark.parametrize("made", [Slotted(1, ("a",)), Open(2)])
def test_frozen_ones_can_be_copied_and_sent_to_another_process(made: object) -> None:
    assert pickle.loads(pickle.dumps(made)) == made
    assert copy.copy(made) == made


@BOTH
def test_the_standard_functions_know_them(decorate: Callable[..., Any]) -> None:
    made = example(decorate, frozen=True)
    value = made(1, late=5)
    names = ["number", "words", "parts", "secret", "late"]
    assert [field.name for field in dataclasses.fields(value)] == names
    assert dataclasses.replace(value, words="b") == made(1, "b", late=5)
    assert dataclasses.asdict(value)["late"] == 5
    assert list(signature(made).parameters) == names
    assert get_type_hints(made.__init__)["parts"] == list[int]


@BOTH
@pytest.mark.parametrize("wrong", [{}, {"number": 1, "colour": 2}])
def test_a_wrong_call_is_refused(decorate: Callable[..., Any], wrong: dict[str, int]) -> None:
    with pytest.raises(TypeError):
        example(decorate, frozen=True, slots=True)(**wrong)


@BOTH
@pytest.mark.parametrize("frozen", [False, True])
def test_classes_of_one_shape_keep_their_names(decorate: Callable[..., Any], frozen: bool) -> None:
    shape = {"default": 1, "__doc__": "One."}
    one = decorate(frozen=frozen)(
        type("One", (), {"__annotations__": {"put": "int", "default": "int"}, **shape})
    )
    two = decorate(frozen=frozen)(
        type("Two", (), {"__annotations__": {"self_": "str", "_0": "str"}, "_0": "two"})
    )
    assert repr(one(5)) == "One(put=5, default=1)"
    assert repr(two("x")) == "Two(self_='x', _0='two')"
    assert get_type_hints(one.__init__) == {"put": int, "default": int, "return": type(None)}
    assert [str(each) for each in signature(two).parameters.values()] == ["self_: 'str'", "_0: 'str' = 'two'"]
    with pytest.raises(TypeError, match=r"One.__init__\(\) missing 1 required positional argument: 'put'"):
        one()
    with pytest.raises(TypeError, match="unexpected keyword argument 'put'"):
        two(put=1)


@BOTH
def test_fields_made_anew_or_named_come_in_any_order(decorate: Callable[..., Any]) -> None:
    @decorate(frozen=True, slots=True)
    class Mixed:
        """A value."""

        late: int = dataclasses.field(kw_only=True)
        first: int
        named: list[int] = dataclasses.field(default_factory=list, kw_only=True)
        parts: dict[str, int] = dataclasses.field(default_factory=dict)
        last: str = "z"

    mixed: Any = Mixed
    assert repr(mixed(1, late=2)).endswith("(late=2, first=1, named=[], parts={}, last='z')")
    assert mixed(1, {"a": 1}, "b", late=2, named=[3]).named == [3]
    with pytest.raises(TypeError, match="required keyword-only argument: 'late'"):
        mixed(1)


@BOTH
def test_a_field_without_a_default_comes_before_those_with_one(decorate: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="default"):
        decorate(type("Wrong", (), {"__annotations__": {"one": "int", "two": "int"}, "one": 1}))


@BOTH
def test_what_a_class_says_itself_stays(decorate: Callable[..., Any]) -> None:
    class Own:
        """Compares as it likes."""

        checked = False
        x: int = 0

        def __post_init__(self) -> None:
            type(self).checked = True

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    made = decorate(frozen=True)(Own)
    assert repr(made(1)) == "own"
    assert made(1) == made(2)
    assert hash(made(1)) == 7
    assert made.checked


@BOTH
def test_they_inherit(decorate: Callable[..., Any]) -> None:
    @decorate(frozen=True, kw_only=True)
    class Base:
        """What happened."""

        at: int

    @decorate(frozen=True, kw_only=True)
    class Ended(Base):
        """It ended."""

        result: str = ""

    base: Any = Base
    ended: Any = Ended
    assert ended(at=1, result="x") == ended(result="x", at=1)
    assert ended(at=1) != base(at=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        ended(at=1).result = "y"


def test_no_signature_is_looked_for_to_describe_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(inspect, "signature", asked.append)
    bare = type("Bare", (), {"__annotations__": {"x": int}})
    assert values.dataclass(bare).__doc__ == "Bare"
    assert asked == []


@BOTH
def test_no_fields_at_all(decorate: Callable[..., Any]) -> None:
    @decorate(frozen=True, slots=True)
    class Empty:
        """Nothing."""

    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    assert repr(Empty()).endswith("Empty()")
