"""The code tables of the house, read: dispositions and who works here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.models.types import AgentId
from crmdesk.models.worklist import DispositionChoice
from crmdesk.services.store.connection import open_connection
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile


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


def agent_of(profile: Profile) -> AgentName | None:
    """Return who works at this desk: the login of the settings, else whose extension it is."""
    login, extension = profile.settings.text("agent"), profile.settings.text("extension")
    if not login and not extension:
        return None
    connection = open_connection(profile.store_path, profile.key, role="reader")
    try:
        return agent_named(connection, login, extension)
    finally:
        connection.close()


def agent_named(connection: Any, login: str, extension: str) -> AgentName | None:
    """Return the agent of that *login*, else whose *extension* it is; empty ones name nobody."""
    known = agents(connection)
    by_login = [each for each in known if login and each.login == login]
    by_extension = [each for each in known if extension and each.extension == extension]
    return next(iter(by_login or by_extension), None)
