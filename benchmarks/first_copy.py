"""The first copy of a large database onto a desk, by the process that makes it, from a server of our own.

Rows are made at the server by SQL; the desk joins, copies them into an encrypted store, makes all indexes,
and puts it in the place of its empty one. ``limit`` is the bare binary COPY of the same columns over the same
kind of line, read and thrown away, in the same run. CPU is that of the copying process and, apart, of the
desk's own, which stands for the window's.

Budget of the design: 1 M customers and 10 M further rows in 269 s on this kind of machine.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FILL = {
    "customer": (
        "INSERT INTO crm.customer (id, name, tier, language, created_at, updated_at)"
        " SELECT gen_random_uuid(), (ARRAY['王','李','张','刘','Smith ','Meyer '])[1 + n %% 6] ||"
        " (ARRAY['伟','芳','娜','强','Anna','Ben'])[1 + n / 7 %% 6] || n %% 977,"
        " (ARRAY['','','','gold'])[1 + n %% 4], (ARRAY['zh','en'])[1 + n %% 2], clock_timestamp(),"
        " clock_timestamp() FROM generate_series(1, %s) AS n"
    ),
    "contact_point": (
        "INSERT INTO crm.contact_point (id, customer_id, kind, raw, value, national)"
        " SELECT gen_random_uuid(), c.id, 'phone', '138' || n, '+86138' || n, '138' || n"
        " FROM (SELECT id, 10000000 + row_number() OVER () AS n FROM crm.customer) AS c LIMIT %s"
    ),
    "interaction": (
        "INSERT INTO crm.interaction (id, customer_id, kind, direction, at, subject, summary, who)"
        " SELECT gen_random_uuid(), c.id, 'call', 'in', clock_timestamp() - random() * interval '80 days',"
        " '续保咨询', '客户询问续保价格，已报价，等待答复。', 'Wang'"
        " FROM (SELECT id FROM crm.customer LIMIT %s) AS c"
    ),
}


def main() -> None:
    """Run what the command line asks for."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=1_000_000)
    given = parser.parse_args()

    from tests.cluster import running_cluster

    with contextmanager(running_cluster)() as cluster, tempfile.TemporaryDirectory() as folder:
        database = cluster.database()
        person = database.person("copier")
        fill(database, given.customers)
        rows, bare_s = bare(database, person.login)
        told = copy(database, person, Path(folder))
    told |= {"bench": "first_copy", "customers": given.customers, "rows": rows, "limit_s": round(bare_s, 1)}
    told |= {"ratio": round(told["copy_s"] / bare_s, 1), "rows_a_s": round(rows / told["copy_s"])}
    from benchmarks.measure import machine

    print(json.dumps({**told, "machine": machine()}))


def fill(database: Any, customers: int) -> None:
    """Make the rows as the owner, without triggers; one change is numbered so that there is a tick."""
    with database.connect() as owner:
        owner.execute("SET session_replication_role = replica")
        for statement in FILL.values():
            owner.execute(statement, (customers,))
        owner.execute("RESET session_replication_role")
        owner.execute("SELECT crm.set_totals_right()")
        owner.execute("UPDATE crm.team SET rev = rev + 1")
        owner.execute("SELECT crm.stamp()")
        owner.execute("ANALYZE")


def bare(database: Any, login: str) -> tuple[int, float]:
    """Return how many rows there are, and the seconds a bare COPY of their columns takes."""
    from crmdesk.services.sync.copy_pages import sources
    from crmdesk.services.sync.holding import named

    rows, begun = 0, time.perf_counter()
    with database.connect(login) as session:
        for source in sources():
            columns = named(source.table, "k") if source.table != "contact_total" else "k.*"
            query = f"COPY (SELECT {columns} FROM crm.{source.table} AS k) TO STDOUT (FORMAT binary)"
            with session.cursor() as cursor:
                with cursor.copy(query) as stream:
                    for _ in stream:
                        pass
                rows += cursor.rowcount
    return rows, time.perf_counter() - begun


def copy(database: Any, person: Any, folder: Path) -> dict[str, Any]:
    """Let a desk copy it all; return what that took."""
    from crmdesk.services.sync.copying import ROWS_PART, CopyElsewhere
    from crmdesk.services.sync.worker import SyncWorker
    from tests.services.sync.desks import desk

    with desk(database, person, folder / "desk") as at:
        path = at.store.path.with_name("store.db.next")
        elsewhere = CopyElsewhere(path, at.profile.key, at.worker.address, person.password)
        at.worker = SyncWorker(at.store, at.profile, at.worker.address, copy=elsewhere)
        moments: list[tuple[float, float]] = []
        at.worker.on_status(lambda status: moments.append((time.perf_counter(), status.first_sync or 0.0)))
        before, own, begun = (
            resource.getrusage(resource.RUSAGE_CHILDREN),
            time.process_time(),
            time.perf_counter(),
        )
        at.worker.run_once()
        took, own_s = time.perf_counter() - begun, time.process_time() - own
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        fetched = next((at_s for at_s, part in moments if part > ROWS_PART), begun + took)
        differing = at.worker.check()
        size = at.store.path.stat().st_size
    return {
        "copy_s": round(took, 1),
        "fetch_s": round(fetched - begun, 1),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "own_cpu_s": round(own_s, 2),
        "copier_mb": round(after.ru_maxrss / 1024),
        "store_mb": round(size / 1e6),
        "differing": differing,
    }


if __name__ == "__main__":
    main()
