"""A computer's clock that jumps back, also between two starts, makes no row older than the last."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from crmdesk.models.operations import Author
from crmdesk.models.types import utc_now
from crmdesk.services.profile import new_profile, open_profile
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.store import Store
from tests.faults.full_disk import add_customer


def moments(connection: Connection) -> list[int]:
    return [at for (at,) in connection.execute("SELECT at FROM operation ORDER BY n")]


def test_a_desk_started_after_its_clock_was_put_back_goes_on_in_order(tmp_path: Path) -> None:
    secrets = MemorySecrets()
    with new_profile(tmp_path / "desk", secrets=secrets, environment={}).profile as profile:
        ahead = Author("agent", "desk", lambda: utc_now() + timedelta(hours=2))
        with closing(Store(profile.store_path, profile.key, ahead)) as store:
            store.write(add_customer).result()
    with (
        open_profile(tmp_path / "desk", secrets=secrets, environment={}) as profile,
        closing(profile.open_store()) as store,
    ):
        ids = [store.write(add_customer).result().result for _ in range(3)]
        found = store.read(moments).result()
    assert found == sorted(set(found)) and len(found) == 4
    assert [found[0] // 1_000 <= row_id.int >> 80 for row_id in ids] == [True] * 3, (
        "ids follow the same clock"
    )
