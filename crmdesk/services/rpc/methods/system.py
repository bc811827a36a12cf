"""`system.*`, `agent.list`, `team.list`, `clock.set`, `rpc.describe`, `subscribe`."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from crmdesk import __version__
from crmdesk.errors import InvalidInput
from crmdesk.models.agent import Agent, Team
from crmdesk.models.wire import Json, to_json
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.kinds import (
    COUNT,
    FLAG,
    MOMENT,
    TEXT,
    Field,
    choice,
    integer,
    list_of,
    nullable,
    record,
)
from crmdesk.services.rpc.listing import Listing, page_of
from crmdesk.services.rpc.method import Given, Method, action, query
from crmdesk.services.rpc.records import AGENT, AGENT_NAMES, TEAM, TEAM_NAMES
from crmdesk.services.rpc.rows import select, told
from crmdesk.services.rpc.session import TOPICS, Session
from crmdesk.services.rpc.syncs import status_as_json
from crmdesk.services.sync import replica

COUNTED = ("customer", "asset", "service_visit", "call", "interaction", "task", "article")
AGENTS = Listing("agent", Agent, AGENT_NAMES, "login")
TEAMS = Listing("team", Team, TEAM_NAMES, "key")

SERVER_NAMES = ("configured", "connected", "tick", "last_pull_at", "pending", "refused")
SERVER = record(
    Field("configured", FLAG, required=True),
    Field("connected", FLAG, required=True),
    Field("tick", nullable(COUNT), required=True),
    Field("last_pull_at", nullable(MOMENT), required=True),
    Field("pending", COUNT, "changes not yet sent", required=True),
    Field("refused", COUNT, "changes the server did not accept", required=True),
    title="Server",
)
CONTENTS = record(
    Field("here", COUNT, "contents that lie here", required=True),
    Field("not_sent", COUNT, "of them, the server has not yet", required=True),
    Field("refused", COUNT, "of them, cannot be sent", required=True),
    title="Contents",
)
INFO = record(
    Field("version", TEXT, required=True),
    Field("schema", TEXT, "revision of the store's schema", required=True),
    Field("role", TEXT, required=True),
    Field("user", TEXT, "login; empty on a desk nobody signed in to", required=True),
    Field("teams", list_of(TEXT), required=True),
    Field("counts", record(*(Field(name, COUNT, required=True) for name in COUNTED)), required=True),
    Field("attachments", CONTENTS, required=True),
    Field("server", SERVER, required=True),
    Field("test", FLAG, "a test profile, whose clock can be set", required=True),
    Field("now", MOMENT, "the desk's present moment", required=True),
)


def info(connection: Any, desk: Desk, _given: Given) -> Json:
    """Return what this desk is."""
    status = desk.sharing.status_in(connection)
    scope = replica.read_place(connection).scope if status.configured else {}
    login = str(scope.get("login") or desk.parts.login())
    rows = select(connection, "agent", Agent, "WHERE login = ?", (login,)) if login else []
    counts = {}
    for name in COUNTED:
        counts[name] = connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
    teams = [UUID(each) for each in scope.get("teams") or ()]
    if not status.configured and rows and rows[0]["team_id"]:
        teams = [rows[0]["team_id"]]
    alone = rows[0]["role"] if rows else "administrator"
    told = status_as_json(status)
    return {
        "version": __version__,
        "schema": schema_revision(connection),
        "role": str(scope.get("role") or ("agent" if status.configured else alone)),
        "user": login,
        "teams": [key for team in teams for key in _team_keys(connection, team)],
        "counts": counts,
        "attachments": _contents(connection, shared=status.configured),
        "server": {name: told[name] for name in SERVER_NAMES},
        "test": desk.test,
        "now": to_json(desk.now()),
    }


def _contents(connection: Any, *, shared: bool) -> Json:
    found = dict(connection.execute("SELECT state, count(*) FROM attachment_file GROUP BY state").fetchall())
    here = sum(found.get(state, 0) for state in ("here", "there", "refused"))
    return {"here": here, "not_sent": found.get("here", 0) * shared, "refused": found.get("refused", 0)}


def schema_revision(connection: Any) -> str:
    """Return the revision of the store's schema; empty when it keeps none."""
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
    return str(row[0]) if row else str(connection.execute("PRAGMA user_version").fetchone()[0])


def _team_keys(connection: Any, team_id: Any) -> list[Json]:
    return [row["key"] for row in select(connection, "team", Team, "WHERE id = ?", (team_id,))]


def list_agents(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return agents."""
    return AGENTS.page(connection, given, lambda rows: [told(row, AGENT_NAMES) for row in rows])


def list_teams(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return teams."""
    return TEAMS.page(connection, given, lambda rows: [told(row, TEAM_NAMES) for row in rows])


def set_clock(session: Session, given: Given) -> Json:
    """Freeze or shift the clock."""
    return {"now": to_json(session.desk.parts.set_clock(given["at"]))}


def back_up(session: Session, given: Given) -> Json:
    """Write the whole profile into a file."""
    path = whole_path("file", given["file"])
    session.desk.parts.back_up(path, given["passphrase"])
    return {"file": str(path), "bytes": path.stat().st_size}


def back_up_nightly(session: Session, given: Given) -> Json:
    """Switch the nightly backup on, or off."""
    folder = given.get("folder")
    path = None if folder is None else whole_path("folder", folder)
    file = session.desk.parts.back_up_nightly(path, given.get("passphrase", ""), given.get("keep"))
    return {"file": None if file is None else str(file)}


def whole_path(name: str, given: str) -> Path:
    """Return *given* as a path; refuse one that depends on where the program stands."""
    path = Path(given)
    if not path.is_absolute() or "\x00" in given:
        raise InvalidInput("{name} must be {wanted}.", fields=(name,), name=name, wanted="a whole path")
    return path


def run_due(session: Session, _given: Given) -> Json:
    """Do what the clock makes due."""
    return {"done": session.desk.parts.run_due()}


def describe(session: Session, _given: Given) -> Json:
    """Return the schemas of all methods this desk has."""
    from crmdesk.services.rpc.describe import description

    return description(session.methods, test=session.desk.test)


def subscribe(session: Session, given: Given) -> Json:
    """Turn notifications on or off."""
    return {"topics": list(session.subscribe(given["topics"]))}


METHODS: tuple[Method, ...] = (
    query("system.info", "What this desk is, and how much it holds.", (), INFO, info),
    query("agent.list", "Who works here.", AGENTS.params(), page_of(AGENT), list_agents),
    query("team.list", "The teams.", TEAMS.params(), page_of(TEAM), list_teams),
    action(
        "clock.set",
        "Freeze the desk's clock at a moment, or move it on.",
        (Field("at", TEXT, "2026-11-20T09:58:00Z freezes, +3d goes on (s, m, h, d, w)", required=True),),
        record(Field("now", MOMENT, required=True)),
        set_clock,
        test_only=True,
    ),
    action(
        "clock.run_due",
        "Do at once what the desk's clock makes due: complaints go on, old answers are forgotten,"
        " today's backup is written.",
        (),
        record(Field("done", COUNT, "steps, reminders, answers forgotten, backups written", required=True)),
        run_due,
        test_only=True,
    ),
    action(
        "profile.backup",
        "Write the whole profile into a file, sealed by a passphrase; people go on working meanwhile.",
        (
            Field(
                "file", TEXT, "whole path; an older file there is replaced when the new one is whole", True
            ),
            Field("passphrase", TEXT, "eight characters at least", required=True),
        ),
        record(Field("file", TEXT, required=True), Field("bytes", COUNT, required=True)),
        back_up,
    ),
    action(
        "profile.nightly",
        "Switch the nightly backup on, its first one written at once, or off.",
        (
            Field("folder", nullable(TEXT), "whole path; null switches it off", required=True),
            Field("passphrase", TEXT, "eight characters at least"),
            Field("keep", integer(1, 365), "how many stay"),
        ),
        record(Field("file", nullable(TEXT), "the first backup", required=True)),
        back_up_nightly,
    ),
    action(
        "rpc.describe",
        "The JSON Schema (draft 2020-12) of every method's parameters and result.",
        (),
        record(Field("version", COUNT, required=True), open_ended=True),
        describe,
    ),
    action(
        "subscribe",
        "Send notifications about these topics, and no others, from now on.",
        (Field("topics", list_of(choice(TOPICS)), "an empty list ends them", required=True),),
        record(Field("topics", list_of(TEXT), required=True)),
        subscribe,
    ),
)
