"""Two desks and one server, by the installed program only: joined over TLS, apart and together again."""

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.authority import Authority
from tests.blackbox.conftest import Desk, Refused, Rpc
from tests.cluster import SUPERUSER, Cluster

pytestmark = pytest.mark.timeout(300)
"""Each test starts the program a dozen times."""

PASSWORD = "correct horse battery"
NOW = "2026-11-20T09:58:00Z"


@dataclass(frozen=True)
class House:
    """A prepared server of one's own, and who makes desks for it."""

    cluster: Cluster
    database: str
    admin: Desk
    folder: Path

    @property
    def dsn(self) -> str:
        """The administrator's address of the database."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.cluster.port}/{self.database}?sslrootcert={self.ca}"

    @property
    def place(self) -> str:
        """The desks' address of the database."""
        return f"127.0.0.1:{self.cluster.port}/{self.database}"

    @property
    def ca(self) -> Path:
        """The certificate that desks trust."""
        return self.cluster.ca

    def it(self, *words: str, stdin: str = "", code: int = 0) -> Any:
        """Run a command of `crmdesk admin` at the server; return what it says as JSON, or its refusal."""
        given = {"PGPASSFILE": str(self.cluster.passfile), "CRMDESK_SERVER": self.dsn}
        done = self.admin.run("admin", *words, "--json", stdin=stdin, **given)
        assert done.returncode == code, done.stderr.decode()
        return json.loads(done.stdout) if code == 0 else done.stderr.decode()

    def hire(self, name: str, role: str = "agent") -> None:
        """Let somebody in."""
        words = ("user", "add", name, "--role", role, "--team", "hotline", "--password-stdin")
        self.it(*words, stdin=PASSWORD + "\n")

    def desk(self, name: str) -> Desk:
        """Make a desk that works alone yet."""
        made = Desk(self.folder / name / "profile", self.folder / name / "keys.json")
        made.path.parent.mkdir()
        done = made.run("profile", "new", "--test", str(made.path))
        assert done.returncode == 0, done.stderr.decode()
        return made

    def join(self, desk: Desk, user: str, *more: str, password: str = PASSWORD, code: int = 0) -> Any:
        """Put a desk on the server; return what it says as JSON, or its refusal."""
        words = ("server", "join", self.place, "--user", user, "--ca", str(self.ca), "--password-stdin")
        done = desk.run(*words, "--json", *more, stdin=password + "\n")
        assert done.returncode == code, done.stderr.decode()
        return json.loads(done.stdout) if code == 0 else done.stderr.decode()


def prepared(cluster: Cluster, folder: Path, *more: str) -> House:
    """Return a house with its server prepared by the program."""
    made = cluster.empty_database()
    house = House(cluster, made.name, Desk(folder / "no profile", folder / "no keys.json"), folder)
    house.it("server", "init", house.dsn, *more)
    return house


@pytest.fixture(scope="session")
def original(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database prepared by the program, with anna and bob; tests work on copies of it."""
    made = prepared(cluster, tmp_path_factory.mktemp("original"), "--test")
    made.hire("anna")
    made.hire("bob")
    return made.database


@pytest.fixture
def house(cluster: Cluster, original: str, tmp_path: Path) -> Iterator[House]:
    """A prepared server with anna and bob."""
    made = cluster.database(template=original)
    admin = Desk(tmp_path / "no profile", tmp_path / "no keys.json")
    yield House(cluster, made.name, admin, tmp_path)
    made.drop()


def test_a_customer_and_a_note_appear_at_the_other_desk(house: House) -> None:
    anna, bob = house.desk("anna"), house.desk("bob")
    joined = [house.join(anna, "anna"), house.join(bob, "bob")]
    assert [told["trouble"] for told in joined] == [None, None]
    assert joined[0]["tag"] != joined[1]["tag"]
    with anna.rpc(CRMDESK_CLOCK=NOW) as one, bob.rpc(CRMDESK_CLOCK=NOW) as two:
        info = one.ask("system.info")
        assert (info["user"], info["role"], info["teams"]) == ("anna", "agent", ["hotline"])
        customer = one.ask("customer.create", name="张三", phones=["13800138000"])["customer"]
        one.ask("call.ring", external_id="c1", **{"from": "13800138000"})
        one.ask("call.wrap_up", external_id="c1", note="刹车异响，约周五进站", customer_id=customer["id"])
        assert one.ask("sync.status")["pending"] >= 3
        done = one.ask("sync.run")
        assert (done["refused"], done["pending"]) == (0, 0)
        assert done["accepted"] >= 3
        two.ask("sync.run")
        found = two.ask("customer.lookup", number="+8613800138000")["matches"]
        assert [each["customer_id"] for each in found] == [customer["id"]]
        history = two.ask("customer.timeline", id=customer["id"])["items"]
        assert any("刹车异响" in json.dumps(item, ensure_ascii=False) for item in history)
        seen = two.ask("system.info")["server"]
        assert (seen["configured"], seen["connected"], seen["pending"]) == (True, True, 0)
        assert seen["tick"] == done["tick"]
        assert {each["login"] for each in two.ask("agent.list")["items"]} == {"anna", "bob"}
    listed = house.it("device", "list")["devices"]
    assert {(each["login"], each["state"]) for each in listed} == {("anna", "active"), ("bob", "active")}


def test_live_desks_show_each_other_by_themselves(house: House) -> None:
    anna, bob = house.desk("anna"), house.desk("bob")
    house.join(anna, "anna")
    house.join(bob, "bob")
    with Rpc(anna.environment, "--live") as one, Rpc(bob.environment, "--live") as two:
        two.ask("subscribe", topics=["changed", "synced"])
        made = one.ask("customer.create", name="张三", phones=["13800138000"])["customer"]
        heard = two.next()
        while heard["method"] != "changed" or made["id"] not in heard["params"]["ids"]:
            heard = two.next()
        assert heard["params"]["initiator"] == "sync"
        assert two.ask("customer.get", id=made["id"])["name"] == "张三"
        while heard["method"] != "synced":
            heard = two.next()
        assert (heard["params"]["connected"], heard["params"]["pending"]) == (True, 0)


def test_both_go_on_without_the_server_and_agree_after_it_is_back(house: House) -> None:
    anna, bob = house.desk("anna"), house.desk("bob")
    house.join(anna, "anna")
    house.join(bob, "bob")
    with anna.rpc(CRMDESK_CLOCK=NOW) as one, bob.rpc(CRMDESK_CLOCK=NOW) as two:
        both = (one, two)
        common = one.ask("customer.create", name="共同客户", phones=["13900139000"])["customer"]
        one.ask("sync.run")
        two.ask("sync.run")
        house.cluster.stop(signal.SIGQUIT)
        try:
            for n, desk in enumerate(both):
                for i in range(5):
                    desk.ask("customer.create", name=f"客户 {n}-{i}", phones=[f"1370000{n}{i:03}"])
                desk.ask(
                    "customer.update", id=common["id"], changes={("city", "tier")[n]: ("上海", "gold")[n]}
                )
                with pytest.raises(Refused) as refused:
                    desk.ask("sync.run")
                assert refused.value.code == -32010
                assert desk.ask("sync.status")["pending"] >= 6
                assert len(desk.ask("customer.search", query="客户")["items"]) == 6
        finally:
            house.cluster.start()
        for desk in (one, two, one):
            assert desk.ask("sync.run")["refused"] == 0
        assert [desk.ask("sync.status")["pending"] for desk in both] == [0, 0]
        records = [desk.ask("customer.list", limit=100)["items"] for desk in both]
        assert len(records[0]) == 11
        assert sorted(records[0], key=lambda each: each["id"]) == sorted(
            records[1], key=lambda each: each["id"]
        )
        merged = one.ask("customer.get", id=common["id"])
        assert (merged["city"], merged["tier"]) == ("上海", "gold")


def test_what_the_server_refuses_is_listed_with_both_versions_and_settled(house: House) -> None:
    anna, bob = house.desk("anna"), house.desk("bob")
    house.join(anna, "anna")
    house.join(bob, "bob")
    with anna.rpc(CRMDESK_CLOCK=NOW) as one, bob.rpc(CRMDESK_CLOCK=NOW) as two:
        made = one.ask("customer.create", name="张三", hint="old")["customer"]
        one.ask("sync.run")
        two.ask("sync.run")
        for desk, hint in ((one, "hers"), (two, "his")):
            changes = {"hint": hint}
            desk.ask("customer.update", id=made["id"], base_version=1, changes=changes)
        one.ask("sync.run")
        assert two.ask("sync.run")["refused"] == 1
        (line,) = two.ask("sync.refused")["items"]
        assert (line["code"], line["subject"]) == ("conflict", "张三")
        assert line["conflicts"] == [{"field": "hint", "before": "old", "mine": "his", "server": "hers"}]
        assert two.ask("customer.get", id=made["id"])["hint"] == "hers"
        choice = [{"field": "hint", "take": "typed", "text": "both"}]
        assert two.ask("sync.resolve", id=line["id"], choice="fields", fields=choice) == {"refused": 0}
        assert two.ask("sync.run")["accepted"] == 1
        one.ask("sync.run")
        assert one.ask("customer.get", id=made["id"])["hint"] == "both"


def test_joining_says_what_is_wrong_and_leaves_the_desk_as_it_was(
    house: House, cluster: Cluster, tmp_path: Path
) -> None:
    desk = house.desk("anna")
    real = prepared(cluster, tmp_path)
    stranger = Authority(tmp_path, "somebody else")
    house.hire("carla")
    house.it("user", "disable", "carla")
    empty = cluster.empty_database()
    trials: list[tuple[tuple[str, ...], str, str]] = [
        (("--user", "anna"), "wrong", "does not accept this password"),
        (("--user", "nobody"), PASSWORD, "does not accept this password"),
        (("--user", "carla"), PASSWORD, "does not let carla in"),
        (("--user", SUPERUSER), cluster.passwords[SUPERUSER], "nobody there knows this account"),
        (("--user", "anna", "--ca", str(stranger.root)), PASSWORD, "authority this desk does not know"),
        (("--user", "anna", "--ca", str(tmp_path / "none")), PASSWORD, "There is no file"),
    ]
    for words, password, sentence in trials:
        ca = () if "--ca" in words else ("--ca", str(house.ca))
        done = desk.run("server", "join", house.place, *words, *ca, "--password-stdin", stdin=password)
        assert (done.returncode, sentence in done.stderr.decode()) == (1, True), done.stderr.decode()
    for place, sentence in (
        (f"127.0.0.1:{cluster.port}/no_such", "There is no database"),
        ("127.0.0.1:1/crmdesk", "does not answer on port 1"),
        ("no.such.host.invalid/crmdesk", "No computer is called"),
        (f"postgresql://anna:secret@{house.place}", "carries no password"),
        (f"127.0.0.1:{cluster.port}/{empty.name}", ""),
        (f"127.0.0.1:{cluster.port}/{real.database}", ""),
    ):
        words = ("server", "join", place, "--user", "anna", "--ca", str(house.ca), "--password-stdin")
        done = desk.run(*words, stdin=PASSWORD)
        assert (done.returncode, sentence in done.stderr.decode()) == (1, True), done.stderr.decode()
    with desk.rpc() as rpc:
        assert rpc.ask("sync.status")["configured"] is False
        assert rpc.ask("system.info")["user"] != "anna"
        rpc.ask("customer.create", name="张三")
    assert "--adopt" in house.join(desk, "anna", code=1)
    (kept,) = json.loads(Path(desk.environment["CRMDESK_KEY_FILE"]).read_text()).values()
    assert kept.keys() == {"store"}
    for name in (real.database, empty.name):
        with cluster.connect() as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_test_desks_and_real_servers_stay_apart(house: House, cluster: Cluster, tmp_path: Path) -> None:
    real = prepared(cluster, tmp_path)
    real.hire("anna")
    assert "holds real work" in real.join(house.desk("toy"), "anna", code=1)
    serious = Desk(tmp_path / "serious" / "profile", tmp_path / "serious" / "keys.json")
    serious.path.parent.mkdir()
    assert serious.run("profile", "new", str(serious.path)).returncode == 0
    assert "is for tests only" in house.join(serious, "anna", code=1)
    assert real.join(serious, "anna")["trouble"] is None
    with cluster.connect() as admin:
        admin.execute(f'DROP DATABASE "{real.database}" WITH (FORCE)')


def test_what_is_here_goes_along_or_lies_in_a_copy(house: House) -> None:
    anna, bob = house.desk("anna"), house.desk("bob")
    for desk, name in ((anna, "张三"), (bob, "李四")):
        with desk.rpc() as rpc:
            rpc.ask("customer.create", name=name, phones=["13800138000"])
    taken = house.join(anna, "anna", "--adopt")
    assert (taken["first"]["refused"], taken["first"]["accepted"], taken["copy"]) == (0, 1, None)
    fresh = house.join(bob, "bob", "--fresh")
    assert fresh["removed"] > 0
    copy = Path(fresh["copy"])
    assert copy.stat().st_size > 0
    assert "李四".encode() not in copy.read_bytes()
    with bob.rpc() as rpc:
        names = [item["name"] for item in rpc.ask("customer.list")["items"]]
        assert names == ["张三"]


def test_leaving_lists_what_was_not_sent_and_keeps_what_was_typed(house: House) -> None:
    anna = house.desk("anna")
    house.join(anna, "anna")
    with anna.rpc() as rpc:
        rpc.ask("customer.create", name="张三")
    house.cluster.stop()
    try:
        done = anna.run("server", "leave")
        assert (done.returncode, "张三" in done.stdout.decode()) == (1, True)
        done = anna.run("server", "leave", "--keep-unsent", "--json")
        assert done.returncode == 0, done.stderr.decode()
        assert len(json.loads(done.stdout)["unsent"]) == 1
    finally:
        house.cluster.start()
    assert "works alone already" in anna.run("server", "leave").stderr.decode()
    with anna.rpc() as rpc:
        assert [item["name"] for item in rpc.ask("customer.list")["items"]] == ["张三"]
        assert rpc.ask("sync.status")["address"] is None


def test_a_forgotten_desk_destroys_its_key_and_its_files(house: House) -> None:
    anna = house.desk("anna")
    tag = house.join(anna, "anna")["tag"]
    with anna.rpc() as rpc:
        rpc.ask("customer.create", name="张三")
        assert house.it("device", "forget", tag)["device"]["state"] == "forgotten"
        with pytest.raises(Refused, match="put this desk off"):
            rpc.ask("sync.run")
    assert json.loads(Path(anna.environment["CRMDESK_KEY_FILE"]).read_text()) == {}
    left = {path.name for path in anna.path.iterdir()}
    assert left <= {"logs", "profile.lock"}
    (device,) = house.it("device", "list")["devices"]
    assert device["state"] == "confirmed"


def test_the_doctor_explains_how_desk_and_server_stand(house: House) -> None:
    def states() -> dict[str, str]:
        return {
            each["name"]: each["state"] for each in json.loads(anna.run("doctor", "--json").stdout)["checks"]
        }

    anna = house.desk("anna")
    assert states()["server"] == "ok"
    house.join(anna, "anna")
    well = states()
    assert {well[name] for name in ("sending", "last pull", "server", "certificate", "account")} == {"ok"}
    with anna.rpc() as rpc:
        rpc.ask("customer.create", name="张三")
    house.cluster.stop()
    try:
        apart = states()
        assert (apart["server"], apart["sending"], apart["store"]) == ("bad", "look", "ok")
        assert anna.run("doctor").returncode == 1
    finally:
        house.cluster.start()


def test_it_hears_what_it_did_wrong(house: House) -> None:
    assert house.it("server", "check", house.dsn)["findings"] == []
    for words, stdin, sentence in (
        (("user", "add", "carl", "--team", "nowhere", "--password-stdin"), PASSWORD, "no team nowhere"),
        (("user", "add", "carl", "--team", "hotline", "--password-stdin"), "short", "8 characters"),
        (("user", "add", "carl", "--team", "hotline"), "", "--password-stdin"),
        (("user", "add", SUPERUSER, "--team", "hotline", "--password-stdin"), PASSWORD, "not a person"),
        (("user", "role", "carl", "agent"), "", "Nobody is called carl"),
        (("device", "forget", "ZZZ"), "", "no desk ZZZ"),
        (("user", "list", f"postgresql://x:y@{house.place}"), "", "carries no password"),
    ):
        assert sentence in house.it(*words, stdin=stdin, code=1)
    assert not house.admin.path.exists()
