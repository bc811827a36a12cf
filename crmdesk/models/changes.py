"""What a change touched, told to everybody who shows it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from crmdesk.models.operations import RowChange
from crmdesk.values import dataclass


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The tables and rows one unit of work touched, and who asked for it.

    ``initiator`` names the view or lane that started it, so that a view can skip its own echo.
    """

    kinds: frozenset[str] = frozenset()
    ids: frozenset[UUID] = frozenset()
    initiator: str = ""

    @staticmethod
    def of(changes: Iterable[RowChange], initiator: str) -> ChangeSet:
        """Return the set of what *changes* touched."""
        seen = tuple(changes)
        return ChangeSet(
            frozenset(change.table for change in seen), frozenset(change.id for change in seen), initiator
        )
