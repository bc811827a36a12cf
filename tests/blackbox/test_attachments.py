"""Files between two desks, by the installed program: attached at one, killed on the way, read there."""

import hashlib
import random
from pathlib import Path

import pytest

from tests.blackbox.conftest import Refused
from tests.blackbox.test_two_desks import NOW, House, house, original

__all__ = ["house", "original"]

pytestmark = pytest.mark.timeout(300)
CONTENT = random.Random(3).randbytes(3 << 20)


def test_a_file_goes_from_desk_to_desk_whatever_happens_on_the_way(house: House, tmp_path: Path) -> None:
    anna, bob = house.desk("anna"), house.desk("bob")
    house.join(anna, "anna")
    house.join(bob, "bob")
    film = tmp_path / "CON.mp4"
    film.write_bytes(CONTENT)
    with anna.rpc(CRMDESK_CLOCK=NOW) as one:
        customer = one.ask("customer.create", name="张三", phones=["13800138000"])["customer"]["id"]
        made = one.ask("attachment.add", record=customer, path=str(film))
        assert (made["name"], made["state"]) == ("_CON.mp4", "not_sent")
    assert "1 contents lie here, 1 not sent yet" in anna.run("doctor").stdout.decode()
    running = anna.rpc(CRMDESK_CLOCK=NOW)
    running.send(b'{"jsonrpc": "2.0", "id": 1, "method": "sync.run", "params": {}}\n')
    running.kill()
    with anna.rpc(CRMDESK_CLOCK=NOW) as one:
        one.ask("sync.run")
        assert one.ask("attachment.get", id=made["id"])["state"] == "here"
        assert one.ask("system.info")["attachments"] == {"here": 1, "not_sent": 0, "refused": 0}
    with bob.rpc(CRMDESK_CLOCK=NOW) as two:
        two.ask("sync.run")
        (listed,) = two.ask("attachment.list", filter={"customer_id": customer})["items"]
        assert (listed["digest"], listed["state"]) == (hashlib.sha256(CONTENT).hexdigest(), "only_there")
        told = two.ask("attachment.get", id=made["id"], path=str(tmp_path))
        assert told["state"] == "here"
        assert (tmp_path / "_CON.mp4").read_bytes() == CONTENT
        with film.open("wb") as file:
            file.truncate(50 << 20)
        with pytest.raises(Refused, match="50 MB; a file may have 25 MB at most"):
            two.ask("attachment.add", record=customer, path=str(film))
        assert len(two.ask("attachment.list")["items"]) == 1
