"""A desk of one's own for each test: a copied profile, its store, and a conversation with it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmdesk.services.profile import Profile, new_profile, open_profile
from crmdesk.services.rpc.desk import Desk, close_desk, open_desk
from crmdesk.services.rpc.methods import all_methods
from crmdesk.services.rpc.session import Session
from crmdesk.services.store.keys import MemorySecrets

NOW = "2026-11-20T09:58:00Z"


class Talk:
    """A conversation: asks methods, keeps every line that was sent."""

    def __init__(self, desk: Desk) -> None:
        self.lines: list[dict[str, Any]] = []
        self.session = Session(desk, all_methods(), lambda line: self.lines.append(json.loads(line)))

    def __call__(self, method: str, **params: Any) -> Any:
        """Return the result of *method*; failures are raised."""
        return self.session.call(method, params)

    def line(self, text: str | bytes) -> dict[str, Any]:
        """Send one line; return the answer, empty when there was none."""
        before = len(self.lines)
        self.session.take(text if isinstance(text, bytes) else text.encode())
        return self.lines[-1] if len(self.lines) > before else {}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MemorySecrets]:
    """An empty test profile, made once."""
    path, secrets = tmp_path_factory.mktemp("template") / "profile", MemorySecrets()
    new_profile(path, test=True, secrets=secrets, environment={}).profile.close()
    return path, secrets


@pytest.fixture
def profile(tmp_path: Path, template: tuple[Path, MemorySecrets]) -> Iterator[Profile]:
    """An open test profile whose clock stands still."""
    shutil.copytree(template[0], tmp_path / "profile")
    environment = {"CRMDESK_CLOCK": NOW}
    with open_profile(tmp_path / "profile", secrets=template[1], environment=environment) as opened:
        yield opened


@pytest.fixture
def desk(profile: Profile) -> Iterator[Desk]:
    """The desk of that profile."""
    opened = open_desk(profile)
    yield opened
    close_desk(opened)


@pytest.fixture
def talk(desk: Desk) -> Iterator[Talk]:
    """A conversation with that desk."""
    conversation = Talk(desk)
    yield conversation
    conversation.session.close()


@pytest.fixture
def customer(talk: Talk) -> Callable[..., Any]:
    """Makes a customer and returns his record."""

    def make(**fields: Any) -> Any:
        values = {"name": "张三", "phones": ["13800138000"], **fields}
        return talk("customer.create", **values)["customer"]

    return make
