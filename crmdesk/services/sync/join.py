"""Putting a desk on a shared database, and taking it off again.

Everything is looked at first, by the account that will be used: the line, the certificate, the schema, who
this person is there, whether test and test meet. Only then anything here changes, the store last and in one
transaction; when something fails on the way, password and settings are as they were.
"""

from __future__ import annotations

import json
import logging
import platform
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import Denied, InvalidInput, ServerRefused, ServerUnfit
from crmdesk.models.wire import Json
from crmdesk.services.store.connection import DATABASE_ERRORS, explained, open_connection
from crmdesk.services.store.files import worded as worded_files
from crmdesk.services.sync import adoption, outbox, replica, sharing
from crmdesk.services.sync.address import PASSWORD, ServerAddress
from crmdesk.services.sync.lock import REFUSALS
from crmdesk.services.sync.trust import forget_authority, keep_authority
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.profile import Identity, Profile
    from crmdesk.services.store.connection import Connection
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork
    from crmdesk.services.sync.bulk import Loaded, Told
    from crmdesk.services.sync.connection import Link
    from crmdesk.settings import Settings

OWN = ("customer", "asset", "service_visit", "call", "note", "task", "article")
"""What people write, as against the code tables every desk begins with."""

SOMEBODY_ELSES = "CR001"
"""SQLSTATE of a desk that another account made known."""

COPY_SUFFIX = ".before-joining"
_log = logging.getLogger("crmdesk.sync")


@dataclass(frozen=True, slots=True)
class Joined:
    """What joining did: where and as whom; operations to be sent, rows taken out, and the copy of these.

    ``loaded`` tells what became of rows that went along in bulk, None when none did.
    """

    server: str
    user: str
    role: str
    tag: str
    operations: int = 0
    removed: int = 0
    copy: Path | None = None
    loaded: Loaded | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the server says of this person and this desk."""

    scope: Mapping[str, Json]
    identity: Identity
    tag: str
    last_n: int


def address_of(settings: Settings, words: str, user: str, ca: str = "") -> ServerAddress:
    """Return the address typed as *words* (a DSN, or host:port/database), or the one of the settings.

    Raises:
        InvalidInput: none is named, or it is none.
        Denied: IT's policy names another one.
    """
    house = settings.text("server")
    authority = ca or settings.text("server_ca")
    if not words and not house:
        raise InvalidInput("Which server? Give its address.", fields=("address",))
    wanted = ServerAddress.from_words(words or house, user, authority)
    if "server" in settings.fixed:
        fixed = ServerAddress.from_words(house, user, authority)
        if (wanted.host, wanted.port, wanted.dbname) != (fixed.host, fixed.port, fixed.dbname):
            raise Denied(
                "{name} is fixed by your IT department.", fields=("address",), name=f"server ({house})"
            )
    return wanted


def refuse_undecided(connection: Connection) -> None:
    """Refuse to choose for the person what becomes of what this desk holds.

    Raises:
        InvalidInput: it holds something that somebody wrote.
    """
    (held,) = connection.execute(
        "SELECT " + " + ".join(f"(SELECT count(*) FROM {table})" for table in OWN)
    ).fetchone()
    if held:
        raise InvalidInput(
            "This desk holds {count} records of its own. Say --adopt to take them along, or --fresh to begin"
            " with what the server has; a copy stays here.",
            fields=("adopt",),
            count=held,
        )


def join(
    profile: Profile,
    store: Store,
    address: ServerAddress,
    password: str,
    *,
    adopt: bool,
    told: Told = lambda _done, _total: None,
) -> Joined:
    """Share from now on with the database at *address*; the first rows come with the first round.

    With *adopt* everything done here goes to the server; otherwise it is taken out, and a sealed copy of the
    store stays beside it. Where rows were loaded as a whole, all go in bulk first, which *told* hears of, and
    come back with the first round; the copy stays, too. A desk that shares this very database already takes
    the new password, and the new address where the database moved; nothing else changes.

    Raises:
        InvalidInput: this desk shares another one already.
        Denied: rows were loaded as a whole, and this person is no administrator.
        ServerFault: the server cannot be used; nothing has changed here.
    """
    held = store.read(sharing.server_of).result()
    if held is not None and held["user"] != address.user:
        raise InvalidInput("This desk shares a server already. Leave it first.", fields=("user",))
    known = examined(profile, address, password)
    if held is not None:
        return _renewed(profile, store, ServerAddress.from_values(held), address, password, known)
    whole = adopt and store.read(adoption.is_loaded_as_a_whole).result()
    if whole:
        adoption.refuse_all_but_administrators(str(known.scope["role"]))
    copy = _kept_copy(profile, whatever=whole) if whole or not adopt else None
    kept_before = profile.secrets.get(profile.id, PASSWORD), profile.settings.text("agent"), profile.identity
    loaded = last = None
    try:
        if whole and copy is not None:
            loaded, last = adoption.bring(profile, copy, address, password, told)
        _be(profile, known.identity)
        profile.secrets.set(profile.id, PASSWORD, password)
        _sign_in(profile, str(known.scope["login"]))
        keep_authority(profile, address)
        begun = store.write(_begin, address, known, adopt and not whole, last).result().result
    except BaseException:
        _put_back(profile, *kept_before)
        if whole and copy is not None:
            copy.unlink(missing_ok=True)
        raise
    store.author = profile.author(str(known.scope["agent_id"]))
    _log.info("this desk shares %s now", address)
    role = str(known.scope["role"])
    return Joined(str(address), address.user, role, known.tag, begun.operations, begun.removed, copy, loaded)


def rehearsed(profile: Profile, store: Store, address: ServerAddress, password: str) -> adoption.Plan:
    """Return what would become of the rows here at the server at *address*; nothing changes.

    Raises:
        ServerFault: the server cannot be used.
    """
    from crmdesk.services.sync.connection import connect, worded
    from crmdesk.services.sync.pull import checked_scope

    with closing(connect(address, password)) as link, closing(store.open_reader()) as source:
        with worded(address):
            scope = checked_scope(_asked(link, "SELECT crm.my_scope()"), address)
        _refuse_mixture(profile, scope, address)
        source.execute("BEGIN")
        return adoption.planned(source, link, address)


def _renewed(
    profile: Profile,
    store: Store,
    held: ServerAddress,
    address: ServerAddress,
    password: str,
    known: Known,
) -> Joined:
    """Keep the new password, and where the database is now."""
    before = store.read(replica.read_place).result().scope.get("server")
    unmoved = (held.host, held.port, held.dbname) == (address.host, address.port, address.dbname)
    if not (unmoved if before is None else before == known.scope.get("server")):
        raise InvalidInput("This desk shares a server already. Leave it first.", fields=("address",))
    keep_authority(profile, address)
    profile.secrets.set(profile.id, PASSWORD, password)
    store.write(_move, address).result()
    return Joined(str(address), address.user, str(known.scope["role"]), known.tag)


def _move(work: UnitOfWork, address: ServerAddress) -> None:
    moved = {outbox.SERVER: json.dumps(address.values, ensure_ascii=False), REFUSALS: 0}
    replica.write_names(work.connection, moved)
    work.commit()


def examined(profile: Profile, address: ServerAddress, password: str) -> Known:
    """Ask the server everything that could stand against joining, and make this desk known there.

    Raises:
        ServerFault: one of its kinds, with a sentence that says what to do.
    """
    from crmdesk.services.sync.connection import connect, nonsense, worded
    from crmdesk.services.sync.pull import checked_scope

    with closing(connect(address, password)) as link, worded(address):
        scope = checked_scope(_asked(link, "SELECT crm.my_scope()"), address)
        _refuse_mixture(profile, scope, address)
        identity, told = _introduced(link, profile.identity)
        if not isinstance(told, dict) or not isinstance(told.get("last_n"), int):
            raise nonsense(address, "register_device")
        if told.get("state") != "active":
            raise ServerRefused(
                "The administrator has put this desk off the server {host}. Join with a new profile.",
                host=address.host,
            )
        return Known(scope, identity, str(told["tag"]), told["last_n"])


def leave(profile: Profile, store: Store, *, unsent: bool = False) -> None:
    """Work alone from now on; what is here stays here, also what was not accepted.

    Raises:
        InvalidInput: this desk shares nothing, or operations wait and *unsent* does not say that they may
            stay behind.
    """
    if not store.read(outbox.is_shared).result():
        raise InvalidInput("This desk works alone already.", fields=("address",))
    store.write(_stop, unsent).result()
    profile.secrets.delete(profile.id, PASSWORD)
    forget_authority(profile)


def _begin(
    work: UnitOfWork, address: ServerAddress, known: Known, adopt: bool, after: int | None
) -> sharing.Begun:
    without = _beginnings(work) if adopt else ()
    return sharing.begin_sharing(
        work, address.values, known.identity.device, known.last_n, adopt=adopt, without=without, after=after
    )


def _beginnings(work: UnitOfWork) -> list[UUID]:
    """Return the operations that laid out what every house begins with: the server has its own."""
    from crmdesk.services.starter import starter_id

    found: list[UUID] = []
    made = work.connection.execute("SELECT id, payload FROM operation WHERE kind = 'code.save' ORDER BY n")
    for op_id, payload in made.fetchall():
        told = json.loads(payload)
        fields = told["fields"]
        if fields["id"] == str(starter_id(told["table"], fields.get("key") or fields.get("login") or "")):
            found.append(UUID(bytes=op_id))
    return found


def _stop(work: UnitOfWork, unsent: bool) -> None:
    sharing.stop_sharing(work, unsent=unsent)


def _refuse_mixture(profile: Profile, scope: Mapping[str, Json], address: ServerAddress) -> None:
    """Keep play and real work apart."""
    if profile.test and not scope.get("test"):
        raise ServerUnfit(
            "The database on {host} holds real work; a test profile does not go there.", host=address.host
        )
    if scope.get("test") and not profile.test:
        raise ServerUnfit(
            "The database on {host} is for tests only. Make a test profile for it: crmdesk profile new"
            " --test.",
            host=address.host,
        )


def _introduced(link: Link, identity: Identity) -> tuple[Identity, Json]:
    """Make this desk known, as a new one where another account used it before; return who it is there."""
    import psycopg

    try:
        return identity, _registered(link, identity)
    except psycopg.Error as error:
        if error.sqlstate != SOMEBODY_ELSES:
            raise
    anew = identity.on_another_machine(identity.machine)
    return anew, _registered(link, anew)


def _registered(link: Link, identity: Identity) -> Json:
    return _asked(
        link,
        "SELECT crm.register_device(%s, %s, %s)",
        (UUID(identity.device), identity.tag, platform.node()),
    )


def _asked(link: Link, statement: str, values: tuple[object, ...] = ()) -> Json:
    row = link.execute(statement, values or None).fetchone()
    return row[0] if row else None


def _sign_in(profile: Profile, login: str) -> None:
    if "agent" not in profile.settings.fixed and profile.settings.text("agent") != login:
        profile.change_settings("agent", {"agent": login})


def _be(profile: Profile, identity: Identity) -> None:
    """Be this desk from now on."""
    from crmdesk.services.profile import write_identity

    if profile.identity != identity:
        with worded_files(profile.path):
            write_identity(profile.layout, identity)
        profile.identity = identity


def _put_back(profile: Profile, password: str | None, agent: str, identity: Identity) -> None:
    """Undo what was written before the store refused."""
    _be(profile, identity)
    if password is None:
        profile.secrets.delete(profile.id, PASSWORD)
    else:
        profile.secrets.set(profile.id, PASSWORD, password)
    _sign_in(profile, agent)


def _kept_copy(profile: Profile, *, whatever: bool = False) -> Path | None:
    """Copy the store beside itself, sealed by the same key; None when there is nothing of anybody in it.

    *whatever*: copy it even so.

    Raises:
        StoreFault: no space for the copy; nothing has changed.
    """
    path = profile.store_path
    try:
        with closing(open_connection(path, profile.key, role="reader")) as source:
            if not whatever and not _holds_anything(source):
                return None
            copy = _free_name(path)
            with closing(open_connection(copy, profile.key, role="bulk", create=True)) as target:
                source.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")
    except DATABASE_ERRORS as error:
        raise explained(error, path) from error
    return copy


def _holds_anything(source: Any) -> bool:
    return any(source.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in OWN)


def _free_name(path: Path) -> Path:
    name, n = path.with_name(path.name + COPY_SUFFIX), 1
    while name.exists():
        n += 1
        name = path.with_name(f"{path.name}{COPY_SUFFIX}-{n}")
    return name
