"""The demo company, filled once into a real encrypted store."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmdesk.resources import resource
from crmdesk.services.demo.company import DemoCompany, fill_demo
from crmdesk.services.demo_content import DemoContent, load_demo_content
from crmdesk.services.store.connection import open_connection

KEY = bytes(range(32))
NOW = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Filled:
    """A store with the demo company, and a reader on it."""

    path: Path
    company: DemoCompany
    reader: Any


@pytest.fixture(scope="session")
def content() -> DemoContent:
    """The words of the demo company."""
    return load_demo_content(resource("demo"))


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, content: DemoContent) -> Iterator[Filled]:
    """The demo company as `crmdesk demo` fills it in."""
    path = tmp_path_factory.mktemp("demo") / "store.db"
    company = fill_demo(path, KEY, content, now=NOW)
    reader = open_connection(path, KEY, role="reader")
    yield Filled(path, company, reader)
    reader.close()
