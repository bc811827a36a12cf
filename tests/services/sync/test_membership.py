"""What a desk says of the database it shares."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from crmdesk.errors import FileFault
from crmdesk.models.sync_views import Membership
from crmdesk.services.server import people
from crmdesk.services.sync.membership import keep_text, membership
from tests.cluster import Database
from tests.services.sync.desks import desk


def test_role_and_teams_are_those_of_the_last_contact(database: Database, tmp_path: Path) -> None:
    with desk(database, database.person("lin", role="supervisor"), tmp_path / "desk") as lin:
        where = f"127.0.0.1:{database.cluster.port}/{database.name}"
        assert lin.store.read(membership).result() == Membership(where, "lin", ca_file=str(database.ca))
        with database.connect() as admin:
            people.add_team(admin, "night", name_en="Night shift", name_zh="夜班")
            (team,) = (each.id for each in people.teams(admin) if each.key == "night")
            admin.execute("SELECT crm.set_person('lin', NULL, 'agent', %s::uuid[], NULL::numeric)", ([team],))
        lin.worker.run_once()
        expected = Membership(where, "lin", "agent", (("Night shift", "夜班"),), str(database.ca))
        assert lin.store.read(membership).result() == expected


def test_texts_are_kept_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    keep_text(path, "车位上有机油\n")
    assert path.read_text(encoding="utf-8") == "车位上有机油\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileFault, match="cannot be written"):
        keep_text(tmp_path / "nowhere" / "mine.txt", "")
