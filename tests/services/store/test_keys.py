"""Keyrings that encrypt, the key file, and every way in which they fail."""

import json
import os
import shutil
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from keyring.backends import null
from keyring.backends.SecretService import Keyring as SecretService
from keyring.errors import InitError, KeyringLocked, NoKeyringError, PasswordDeleteError, PasswordSetError

from crmdesk.errors import Bug, KeyUnavailable
from crmdesk.services.store.keys import (
    LOCKED,
    NONE,
    NOT_STARTED,
    KeyFileSecrets,
    KeyringSecrets,
    MemorySecrets,
    new_key,
    refuse_foreign,
    secrets_of,
)

needs_modes = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "keys of 电话" / "keys.json"


def test_key_file_keeps_one_entry_per_profile(key_file: Path) -> None:
    first, second = KeyFileSecrets(key_file), KeyFileSecrets(key_file)
    first.set("a", "store", "1")
    second.set("b", "store", "2")
    second.set("a", "telephony", "3")
    assert json.loads(key_file.read_bytes()) == {
        "a": {"store": "1", "telephony": "3"},
        "b": {"store": "2"},
    }
    first.delete("b", "store")
    first.delete("b", "store")
    assert second.get("b", "store") is None
    assert second.get("a", "store") == "1"


@needs_modes
def test_key_file_is_made_for_its_owner_only(key_file: Path) -> None:
    old = os.umask(0)
    try:
        KeyFileSecrets(key_file).set("a", "store", "1")
    finally:
        os.umask(old)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


@needs_modes
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_key_file_others_can_read_is_refused(key_file: Path, mode: int) -> None:
    secrets = KeyFileSecrets(key_file)
    secrets.set("a", "store", "1")
    key_file.chmod(mode)
    with pytest.raises(KeyUnavailable, match="chmod 600"):
        secrets.get("a", "store")
    with pytest.raises(KeyUnavailable, match="chmod 600"):
        secrets.set("a", "store", "2")
    key_file.chmod(0o600)
    assert secrets.get("a", "store") == "1"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": 1}', b"\xff\xfe"])
def test_damaged_key_file_is_refused_and_left_alone(key_file: Path, content: bytes) -> None:
    KeyFileSecrets(key_file).set("a", "store", "1")
    key_file.write_bytes(content)
    with pytest.raises(KeyUnavailable, match="no key file"):
        KeyFileSecrets(key_file).set("a", "store", "2")
    assert key_file.read_bytes() == content


def test_key_file_loses_no_entry_to_concurrent_writers(key_file: Path) -> None:
    def write(n: int) -> None:
        KeyFileSecrets(key_file).set(f"profile {n}", "store", str(n))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    held = json.loads(key_file.read_bytes())
    assert held == {f"profile {n}": {"store": str(n)} for n in range(40)}
    assert sorted(path.name for path in key_file.parent.iterdir()) == ["keys.json", "keys.json.lock"]


def test_key_file_in_an_impossible_place_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    secrets = KeyFileSecrets(tmp_path / "file" / "keys.json")
    with pytest.raises(KeyUnavailable, match="cannot be written"):
        secrets.set("a", "store", "1")
    with pytest.raises(KeyUnavailable, match="cannot be read"):
        secrets.get("a", "store")


def test_environment_chooses_the_key_file(tmp_path: Path) -> None:
    assert isinstance(secrets_of({"CRMDESK_KEY_FILE": str(tmp_path / "k")}), KeyFileSecrets)
    assert isinstance(secrets_of({}), KeyringSecrets)


def test_a_secret_longer_than_every_keyring_holds_is_refused(key_file: Path) -> None:
    for secrets in (KeyFileSecrets(key_file), MemorySecrets()):
        secrets.set("a", "n", "x" * 1_279)
        with pytest.raises(Bug):
            secrets.set("a", "n", "x" * 1_280)
        assert secrets.get("a", "n") == "x" * 1_279
    assert len(new_key()) == 32
    assert new_key() != new_key()


class Answering(SecretService):
    """The Secret Service as the library sees it, with answers of our choice."""

    def __init__(self, answer: Exception | None = None) -> None:
        self.answer = answer
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        if self.answer:
            raise self.answer
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.answer:
            raise self.answer
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.answer:
            raise self.answer
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError("No such password!")


Answering.__module__, Answering.__qualname__ = SecretService.__module__, SecretService.__qualname__


def test_keyring_keeps_by_profile_and_name() -> None:
    secrets = KeyringSecrets(Answering)
    secrets.set("a", "store", "1")
    secrets.set("b", "store", "2")
    assert (secrets.get("a", "store"), secrets.get("b", "store")) == ("1", "2")
    secrets.delete("a", "store")
    secrets.delete("a", "store")
    assert secrets.get("a", "store") is None


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (KeyringLocked("x"), LOCKED),
        (InitError("x"), NOT_STARTED),
        (NoKeyringError("x"), NONE),
        (PasswordSetError("no memory"), "The keyring refuses: {words}. Unlock it and try again."),
    ],
)
def test_each_failure_of_the_keyring_has_its_sentence(answer: Exception, sentence: str) -> None:
    secrets = KeyringSecrets(lambda: Answering(answer))
    uses: list[Callable[[], object]] = [
        partial(secrets.get, "a", "store"),
        partial(secrets.set, "a", "store", "1"),
        partial(secrets.delete, "a", "store"),
    ]
    for use in uses:
        with pytest.raises(KeyUnavailable) as failure:
            use()
        assert failure.value.sentence == sentence


def test_a_keyring_that_may_write_plain_text_is_refused() -> None:
    with pytest.raises(KeyUnavailable, match="no keyring that encrypts"):
        refuse_foreign(object())
    with pytest.raises(KeyUnavailable, match="no keyring that encrypts"):
        KeyringSecrets(null.Keyring).set("a", "store", "1")


def run_script(script: str, environment: dict[str, str], *before: str) -> str:
    done = subprocess.run(
        [*before, sys.executable, "-c", textwrap.dedent(script)],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the keyrings of Linux need a session bus")
def test_without_a_keyring_nothing_falls_back_to_plain_text(tmp_path: Path) -> None:
    """Whatever the library's own configuration says."""
    out = run_script(
        """
        from crmdesk.errors import KeyUnavailable
        from crmdesk.services.store.keys import KeyringSecrets
        try:
            KeyringSecrets().set("a", "store", "1")
        except KeyUnavailable as error:
            print(error)
        """,
        {"HOME": str(tmp_path), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
    )
    assert out.strip() == NONE


@pytest.mark.skipif(
    not (shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon")),
    reason="needs dbus and gnome-keyring",
)
def test_a_real_keyring_gives_back_what_it_was_given(tmp_path: Path) -> None:
    script = """
    from crmdesk.services.store.keys import KeyringSecrets
    KeyringSecrets().set("a", "store", "geheim 密")
    fresh = KeyringSecrets()
    print(fresh.get("a", "store"))
    fresh.delete("a", "store")
    fresh.delete("a", "store")
    print(fresh.get("a", "store"), fresh.get("b", "store"))
    """
    start = (
        'printf "testpw\\n" | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null;'
        ' exec "$@"'
    )
    out = run_script(
        script,
        {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        *("dbus-run-session", "--", "sh", "-c", start, "sh"),
    )
    assert out.split("\n")[:2] == ["geheim 密", "None None"]
