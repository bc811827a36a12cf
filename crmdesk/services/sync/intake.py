"""Bringing the store to a snapshot of the server.

As a rule with what changed; once with everything; with what differs after the server was restored.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.models.effects import OF_TEAMS
from crmdesk.models.outbox import ContactTotal, Place, Pulled, PulledRow
from crmdesk.models.wire import Json
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.values import to_micros
from crmdesk.services.sync import replica, verify
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.connection import Link, worded
from crmdesk.services.sync.coverage import WINDOW, Coverage, cover
from crmdesk.services.sync.first_sync import Copy, carry
from crmdesk.services.sync.holding import (
    MOMENTS,
    TABLES,
    at_server,
    in_window,
    left_files,
    of_file,
    window_start,
)
from crmdesk.services.sync.pull import Snapshot, changed_rows, selected_rows, snapshot
from crmdesk.services.sync.reloading import Reload, is_named
from crmdesk.services.sync.staging import forget_staged, is_much, stage, stage_more, take_in_staged
from crmdesk.services.sync.totals import TABLE as TOTALS
from crmdesk.services.sync.totals import all_totals, ask_changed, told, totals_in
from crmdesk.services.sync.verify import Chunk, Sums
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork

WHO = ("agent_id", "role", "teams")
"""What decides which rows of a team this person sees."""
HEADS, TASKS = "complaint", "task"
_log = logging.getLogger("crmdesk.sync")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a pull brought: rows, the tick held now, the moment of the server; whether rows were compared.

    ``first_sync`` is the part of a large first copy that is here, None when there is none under way.
    """

    rows: int = 0
    head: int = 0
    at: datetime | None = None
    reloaded: bool = False
    scope: Mapping[str, Json] | None = None
    first_sync: float | None = None


@dataclass(frozen=True, slots=True)
class News:
    """Rows and totals that differ from those here; of how many chunks, where all was ``compared``.

    ``staged`` rows lie in the store already, beside those that count.
    """

    rows: Sequence[PulledRow] = ()
    totals: Sequence[ContactTotal] = ()
    chunks: int = 0
    compared: bool = False
    staged: int = 0


class Intake:
    """Pulls through one connection into one store."""

    def __init__(self, store: Store, link: Link, address: ServerAddress, device: UUID, copy: Copy) -> None:
        self.last = Taken()
        self._copy = copy
        self._copying = False
        self._store = store
        self._link = link
        self._address = address
        self._device = device

    def pull(self) -> Taken:
        """Bring the store to the server's present state; return what came.

        Raises:
            ServerFault: the store is as it was.
        """
        place = self._store.read(replica.read_place).result()
        if self._copying:
            with worded(self._address):
                self.last = self._copied()
            return self.last
        with snapshot(self._link, self._device, place, self._address) as seen:
            if place.cursor == 0 and self._is_large(seen):
                self._copying = True
                self._copy.begin(self._link, seen, self._window_coverage(seen), _window(seen))
                self.last = Taken(first_sync=self._copy.progress, scope=seen.scope)
            else:
                self.last = self._taken(seen, place)
        return self.last

    def _is_large(self, seen: Snapshot) -> bool:
        """Whether the first copy is better made in a file of its own."""
        most, found = self._copy.at_once, 0
        for table in TABLES:
            row = self._link.execute(
                f"SELECT count(*) FROM (SELECT 1 FROM {at_server(table)} AS k"
                f" WHERE {in_window(table, 'k', '%(since)s')} LIMIT {most + 1}) AS q",
                {"since": _window(seen)},
            ).fetchone()
            found += row[0] if row else 0
        return found > most

    def _copied(self) -> Taken:
        """Fetch one more page of a large first copy; have it take the store's place after the last."""
        with self._link.patient():
            rows = self._copy.step(self._link)
        if rows >= 0:
            return Taken(rows=rows, first_sync=self._copy.progress)
        self._copy.finish()
        self._store.replace(self._copy.path, carry).result()
        self._copying = False
        return Taken(first_sync=1.0)

    def check(self) -> int:
        """Compare all that is here with the server, fetch what differs; return how many chunks differed.

        Nothing is compared while changes are not numbered yet: they would look like differences.
        """
        place = self._store.read(replica.read_place).result()
        with snapshot(self._link, self._device, place, self._address) as seen:
            self.last = self._taken(seen, place)
            if self.last.reloaded or self._unnumbered():
                return 0
            found = self._differing_rows(seen)
            at_head = self._store.read(replica.read_place).result()
            self._take_in(seen, at_head, found)
            return found.chunks

    def _taken(self, seen: Snapshot, place: Place) -> Taken:
        reload = place.cursor == 0 or place.stale or seen.forked or _wider(seen.scope, place.scope)
        if reload:
            if seen.forked:
                _log.warning(
                    "the server's history is another one than at tick %s: it was restored", place.cursor
                )
            news = self._everything(seen) if place.cursor == 0 else self._differing_rows(seen)
            if seen.forked or place.stale:
                news = replace(news, rows=_one_each(self._since_parting(seen, place), news.rows))
        else:
            news = self._changed(seen, place)
            if any(seen.scope.get(name) != place.scope.get(name) for name in WHO):
                news = replace(news, rows=_one_each(news.rows, [*self._team_rows(seen), *self._heads()]))
        self._take_in(seen, place, news, reload=reload)
        if reload:
            self._store.write(_cover, self._window_coverage(seen)).result()
        return Taken(len(news.rows) + news.staged, seen.head, seen.at, reload, seen.scope)

    def _changed(self, seen: Snapshot, place: Place) -> News:
        if seen.head <= place.cursor:
            return News()
        with self._link.patient():
            if is_named(seen.news):
                self._reload(seen, place)
            if is_much(seen):
                return self._staged(seen, place)
            rows, totals = changed_rows(self._link, seen, place)
            return News(_one_each(rows, self._files_again(seen, place)), totals)

    def _files_again(self, seen: Snapshot, place: Place) -> list[PulledRow]:
        """Return the files of complaints that are held again, taken up after they were let go here."""
        if not seen.news.get("complaint"):
            return []
        since = _window(seen)
        values = {"since": since, "after": place.cursor, "upto": seen.head}
        held = in_window("complaint_body", "k", "%(since)s")
        found = self._link.execute(
            f"SELECT k.id FROM {at_server('complaint')} AS k WHERE k.id IN (SELECT f.pk FROM crm.feed AS f"
            f" WHERE f.tab = 'complaint' AND f.seq > %(after)s AND f.seq <= %(upto)s) AND {held}",
            values,
        ).fetchall()
        changed = [row_id for (row_id,) in found]
        left = self._store.read(left_files, changed, to_micros(since)).result()
        rows: list[PulledRow] = []
        for table, condition in of_file("k") if left else ():
            rows.extend(selected_rows(self._link, table, condition, {"complaints": left}))
        return rows

    def _staged(self, seen: Snapshot, place: Place) -> News:
        rows = stage(self._store, self._link, seen, place)
        rows += stage_more(self._store, self._files_again(seen, place))
        _log.info("%s rows changed while this desk was away", rows)
        totals = told(ask_changed(self._link, place.cursor, seen.head).fetchall())
        return News(totals=totals, staged=rows)

    def _reload(self, seen: Snapshot, place: Place) -> None:
        """Fetch what was brought in bulk; some of it may be older than all that was there before."""
        self._store.write(_cover, self._window_coverage(seen)).result()
        rows = Reload(self._link, self._store, place.cursor, seen.head, _window(seen)).fetch()
        _log.info("%s rows came that were brought to the server in bulk", rows)

    def _take_in(self, seen: Snapshot, place: Place, news: News, *, reload: bool = False) -> None:
        pulled = Pulled(
            place.cursor,
            seen.head,
            seen.fp,
            seen.scope,
            seen.reached,
            news.rows,
            reload=reload,
            totals=news.totals,
            all_totals=news.compared,
        )
        if not news.staged:
            self._store.write(replica.take_in, pulled, initiator="sync").result()
            return
        try:
            self._store.write(take_in_staged, pulled, initiator="sync").result()
        except BaseException:
            self._store.write(forget_staged).result()
            raise

    def _window_coverage(self, seen: Snapshot) -> Coverage:
        """Return what is complete here: all there is when nothing older than the window is there."""
        since = _window(seen)
        older = " OR ".join(
            f"EXISTS (SELECT 1 FROM {at_server(table)} AS k WHERE k.{moment} < %(since)s)"
            for table, moment in MOMENTS.items()
        )
        row = self._link.execute(f"SELECT {older}", {"since": since}).fetchone()
        return Coverage(WINDOW, "", since if row and row[0] else None, seen.head)

    def _everything(self, seen: Snapshot) -> News:
        with self._link.patient():
            rows = [row for table in TABLES for row in self._window_rows(seen, table)]
            return News(rows, all_totals(self._link), compared=True)

    def _window_rows(self, seen: Snapshot, table: str, more: str = "true") -> list[PulledRow]:
        condition = f"{in_window(table, 'k', '%(since)s')} AND {more}"
        return selected_rows(self._link, table, condition, {"since": _window(seen)})

    def _differing_rows(self, seen: Snapshot) -> News:
        """Return the server's rows of the chunks that differ, None for those it has not."""
        since = _window(seen)
        micros = to_micros(since)
        with self._link.patient():
            rows: list[PulledRow] = []
            totals: list[ContactTotal] = []
            found = self._differing(verify.all_sums(self._link, since), micros)
            for chunk in found:
                here = self._store.read(verify.ids_here, chunk, micros).result()
                if chunk.table == TOTALS:
                    totals.extend(totals_in(self._link, chunk, here))
                else:
                    rows.extend(verify.chunk_rows(self._link, chunk, since, here))
        return News(rows, totals, len(found), compared=True)

    def _differing(self, told: Sequence[tuple[Chunk, Sums]], micros: int) -> list[Chunk]:
        """Return the chunks that differ here; looked at one by one, so that others can read in between."""
        return [
            chunk for chunk, sums in told if self._store.read(verify.differs, chunk, sums, micros).result()
        ]

    def _since_parting(self, seen: Snapshot, place: Place) -> Sequence[PulledRow]:
        """Return the rows that the server changed since the last tick that both histories hold.

        Their sums may be equal: what is done again after a restore gets the same revision at another moment.
        """
        witnesses = self._store.read(_witnesses).result()
        held = self._link.execute(
            "SELECT seq, fp FROM crm.tick WHERE seq = ANY (%s)", (list(witnesses),)
        ).fetchall()
        common = max((seq for seq, fp in held if witnesses[seq] == fp), default=0)
        everywhere = replace(seen, news=dict.fromkeys(TABLES, 0))
        return changed_rows(self._link, everywhere, replace(place, cursor=common))[0]

    def _team_rows(self, seen: Snapshot) -> list[PulledRow]:
        """Return the rows that are for one team only, None for those this person may not see any more."""
        rows: list[PulledRow] = []
        for table in OF_TEAMS:
            shown = self._window_rows(seen, table, "k.team_id IS NOT NULL")
            here = self._store.read(_of_teams, table).result()
            gone = self._unseen(table, here - {row.id for row in shown})
            rows += [*shown, *(PulledRow(table, row_id, None) for row_id in gone)]
        return rows

    def _heads(self) -> list[PulledRow]:
        """Return restricted complaints with their tasks, and those that name one, as they are for him."""
        here = self._store.read(_restricted).result()
        found = self._link.execute(
            f"WITH r AS (SELECT k.id FROM {at_server(HEADS)} AS k WHERE k.restricted)"
            f" SELECT id FROM r UNION SELECT k.id FROM {at_server(HEADS)} AS k"
            " WHERE k.repeat_of IN (SELECT id FROM r) OR k.merged_into IN (SELECT id FROM r)"
        ).fetchall()
        ids = here.union(row_id for (row_id,) in found)
        wanted = {"ids": list(ids)}
        heads = selected_rows(self._link, HEADS, "k.id = ANY (%(ids)s)", wanted)
        return heads + selected_rows(self._link, TASKS, "k.complaint_id = ANY (%(ids)s)", wanted)

    def _unseen(self, table: str, ids: set[UUID]) -> list[UUID]:
        """Return those of *ids* that the server does not show this person, whatever their age."""
        found = self._link.execute(
            f"SELECT k.id FROM {at_server(table)} AS k WHERE k.id = ANY (%s)", (list(ids),)
        ).fetchall()
        return sorted(ids - {row_id for (row_id,) in found})

    def _unnumbered(self) -> bool:
        row = self._link.execute("SELECT EXISTS (SELECT 1 FROM crm.feed WHERE seq IS NULL)").fetchone()
        return bool(row and row[0])


def _window(seen: Snapshot) -> datetime:
    return window_start(seen.at, int(seen.scope.get("window_days") or 90))


def _wider(now: Mapping[str, Json], before: Mapping[str, Json]) -> bool:
    """Whether the server gives more months of history than it did."""
    return int(now.get("window_days") or 0) > int(before.get("window_days") or 0)


def _one_each(first: Sequence[PulledRow], second: Sequence[PulledRow]) -> list[PulledRow]:
    """Return the rows of both; of a row in both the one of the second."""
    places = {(row.table, row.id) for row in second}
    return [row for row in first if (row.table, row.id) not in places] + list(second)


def _cover(work: UnitOfWork, coverage: Coverage) -> None:
    cover(work, coverage)
    work.commit()


def _witnesses(connection: Connection) -> dict[int, bytes]:
    return dict(connection.execute("SELECT seq, fp FROM witness").fetchall())


def _restricted(connection: Connection) -> set[UUID]:
    """Return the restricted complaints that are here, and those that name one."""
    found = connection.execute(
        "WITH r AS (SELECT id FROM complaint WHERE restricted) SELECT id FROM r UNION SELECT k.id"
        " FROM complaint AS k WHERE k.repeat_of IN (SELECT id FROM r) OR k.merged_into IN (SELECT id FROM r)"
    ).fetchall()
    return {UUID(bytes=key) for (key,) in found}


def _of_teams(connection: Connection, table: str) -> set[UUID]:
    found = connection.execute(f"SELECT id FROM {table} WHERE team_id IS NOT NULL").fetchall()
    kept = connection.execute(
        "SELECT row_id FROM server_row WHERE table_name = ? AND json_extract(row, '$.team_id') IS NOT NULL",
        (table,),
    ).fetchall()
    return {UUID(bytes=key) for (key,) in (*found, *kept)}
