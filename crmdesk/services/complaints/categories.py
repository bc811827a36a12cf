"""What complaints are about and why they arise: the lists a shop begins with (`resources/starter`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.errors import InvalidInput
from crmdesk.models.table import Table
from crmdesk.resources import tables
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

CAUSE_CLASSES = ("A", "B", "C")


@dataclass(frozen=True, slots=True)
class Category:
    """A category; one without ``parent`` is a head. ``words`` and the ``weak`` ones speak for it."""

    key: str
    parent: str
    name_en: str
    name_zh: str
    needs_asset: bool
    words: tuple[str, ...]
    weak: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CauseNode:
    """A node of the tree of causes: a class, a group below it, or a ``leaf`` that can be chosen as found."""

    key: str
    parent: str
    cause_class: str
    name_en: str
    name_zh: str
    leaf: bool


def starter_categories(name: str = "categories.toml") -> tuple[Category, ...]:
    """Return the categories of a starter list, each after its head. Reads the disk.

    Raises:
        FileFault: the file cannot be read.
        InvalidInput: it says something that cannot be.
    """
    return read_categories(tables("starter", name))


def starter_causes() -> tuple[CauseNode, ...]:
    """Return the causes of the starter list, each after its parent. Reads the disk.

    Raises:
        FileFault: the file cannot be read.
        InvalidInput: it says something that cannot be.
    """
    return read_causes(tables("starter", "causes.toml"))


def read_categories(parsed: object) -> tuple[Category, ...]:
    """Return the categories of a parsed file.

    Raises:
        InvalidInput: a key stands there twice, a parent is no head named before, or a head has words.
    """
    source = Table("categories", parsed)
    source.only("category")
    found = tuple(_category(row) for row in source.tables("category"))
    _check_tree((each.key, each.parent) for each in found)
    heads = {each.key for each in found if not each.parent}
    for each in found:
        if each.parent and each.parent not in heads:
            raise InvalidInput(
                "{key} must name a head as its parent, not {parent}.", key=each.key, parent=each.parent
            )
        if not each.parent and (each.words or each.weak or each.needs_asset):
            raise InvalidInput(
                "{key} is a head: words and assets belong to what lies below it.", key=each.key
            )
    return found


def read_causes(parsed: object) -> tuple[CauseNode, ...]:
    """Return the causes of a parsed file: classes, then each group with its leaves.

    Raises:
        InvalidInput: a key stands there twice, a class is missing, or a group has no leaf.
    """
    source = Table("causes", parsed)
    source.only("class", "group")
    found = [
        CauseNode(row.choice("key", CAUSE_CLASSES), "", row.text("key"), *_names(row), leaf=False)
        for row in source.tables("class")
    ]
    if tuple(node.key for node in found) != CAUSE_CLASSES:
        raise InvalidInput("The classes of causes must be {classes}.", classes=", ".join(CAUSE_CLASSES))
    for row in source.tables("group"):
        found += _group(row)
    _check_tree((each.key, each.parent) for each in found)
    return tuple(found)


def _category(row: Table) -> Category:
    row.only("key", "parent", "en", "zh", "needs_asset", "words_en", "words_zh", "weak_en", "weak_zh")
    return Category(
        row.text("key"),
        row.text("parent", ""),
        *_names(row),
        needs_asset=row.flag("needs_asset", False),
        words=row.texts("words_en") + row.texts("words_zh"),
        weak=row.texts("weak_en") + row.texts("weak_zh"),
    )


def _group(row: Table) -> list[CauseNode]:
    row.only("key", "class", "en", "zh", "leaves")
    key, cause_class = row.text("key"), row.choice("class", CAUSE_CLASSES)
    leaves = [
        CauseNode(leaf.text("key"), key, cause_class, *_names(leaf), leaf=True)
        for leaf in row.tables("leaves")
    ]
    if not leaves:
        raise InvalidInput("{place}: {name} must not be empty.", **row.at("leaves"))
    return [CauseNode(key, cause_class, cause_class, *_names(row), leaf=False), *leaves]


def _names(row: Table) -> tuple[str, str]:
    return row.text("en"), row.text("zh")


def _check_tree(pairs: Iterable[tuple[str, str]]) -> None:
    seen: set[str] = set()
    for key, parent in pairs:
        if key in seen:
            raise InvalidInput("The key {key} stands there twice.", key=key)
        if parent and parent not in seen:
            raise InvalidInput(
                "{key} must come after {parent}, which it names as its parent.", key=key, parent=parent
            )
        seen.add(key)
