"""Files attached, told and written out through the interface."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmdesk.errors import InvalidInput, NotFound
from tests.services.rpc.conftest import Talk

CONTENT = b"%PDF-1.7 " + bytes(range(256)) * 700


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    path = tmp_path / "bill 刹车.pdf"
    path.write_bytes(CONTENT)
    return path


def test_a_file_is_attached_told_and_written_out(
    talk: Talk, customer: Callable[..., Any], bill: Path, tmp_path: Path
) -> None:
    him = customer()["id"]
    made = talk("attachment.add", record=him, path=str(bill))
    assert (made["name"], made["media_type"], made["size"]) == (bill.name, "application/pdf", len(CONTENT))
    assert made["digest"] == hashlib.sha256(CONTENT).hexdigest()
    assert (made["customer_id"], made["complaint_id"], made["state"]) == (him, None, "here")
    bill.unlink()
    assert talk("attachment.get", id=made["id"]) == made
    for path in (tmp_path / "out.pdf", tmp_path):
        talk("attachment.get", id=made["id"], path=str(path))
    assert (tmp_path / "out.pdf").read_bytes() == bill.read_bytes() == CONTENT
    assert talk("system.info")["attachments"] == {"here": 1, "not_sent": 0, "refused": 0}


def test_attaching_twice_makes_one(
    talk: Talk, customer: Callable[..., Any], bill: Path, tmp_path: Path
) -> None:
    him, file_id = customer()["id"], "01a2025a-4358-74a3-8d77-2bf358110ba2"
    made = talk("attachment.add", record=him, path=str(bill), id=file_id, name="x/..\\y.pdf")
    assert (made["id"], made["name"]) == (file_id, "y.pdf")
    (tmp_path / "other").write_bytes(b"something else")
    assert talk("attachment.add", record=him, path=str(tmp_path / "other"), id=file_id) == made
    talk("attachment.get", id=file_id, path=str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == CONTENT
    again = talk("attachment.add", record=him, path=str(bill), request_id="r1")
    assert talk("attachment.add", record=him, path=str(bill), request_id="r1") == again
    listed = talk("attachment.list", filter={"customer_id": him}, order="name")["items"]
    assert [each["id"] for each in listed] == [again["id"], file_id]


@pytest.mark.parametrize("path", ["bill.pdf", "/no such file"])
def test_what_is_no_file_is_refused_and_changes_nothing(
    talk: Talk, customer: Callable[..., Any], path: str
) -> None:
    with pytest.raises(InvalidInput):
        talk("attachment.add", record=customer()["id"], path=path)
    assert talk("attachment.list")["items"] == []


def test_a_file_of_50_mb_is_refused_with_what_to_do(
    talk: Talk, customer: Callable[..., Any], tmp_path: Path, profile: Any
) -> None:
    large = tmp_path / "film.mp4"
    with large.open("wb") as file:
        file.truncate(50 << 20)
    him = customer()["id"]
    with pytest.raises(InvalidInput, match=r"film\.mp4 has 50 MB; a file may have 25 MB at most\. Make it"):
        talk("attachment.add", record=him, path=str(large))
    assert talk("attachment.list")["items"] == []
    assert list(profile.attachments_path.iterdir()) == []
    profile.change_settings("it", {"attachment_mb": 1})
    with large.open("wb") as file:
        file.truncate(2 << 20)
    with pytest.raises(InvalidInput, match="1 MB at most"):
        talk("attachment.add", record=him, path=str(large))


def test_what_is_not_there_is_told(talk: Talk, bill: Path) -> None:
    stranger = "01a2025a-4358-74a3-8d77-2bf358110ba2"
    with pytest.raises(NotFound):
        talk("attachment.add", record=stranger, path=str(bill))
    with pytest.raises(NotFound):
        talk("attachment.get", id=stranger, path="/tmp/never written")
