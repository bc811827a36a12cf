"""The code tables of the house, read: dispositions and who works here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from crmdesk.models.screen_pop import DispositionChoice
from crmdesk.models.types import AgentId


@dataclass(frozen=True, slots=True)
class AgentName:
    """An agent by id, login, names in both scripts and usual extension."""

    id: AgentId
    login: str
    name_en: str
    name_zh: str
    extension: str


def dispositions(connection: Any) -> tuple[DispositionChoice, ...]:
    """Return the ways a call can end, the usual ones first."""
    rows = connection.execute("SELECT key, name_en, name_zh, closing FROM disposition ORDER BY position, key")
    return tuple(DispositionChoice(key, en, zh, bool(closing)) for key, en, zh, closing in rows)


def agents(connection: Any) -> tuple[AgentName, ...]:
    """Return the active agents, by extension."""
    rows = connection.execute(
        "SELECT id, login, name_en, name_zh, extension FROM agent WHERE active = 1 ORDER BY extension, login"
    )
    return tuple(AgentName(AgentId(UUID(bytes=row_id)), *rest) for row_id, *rest in rows)
