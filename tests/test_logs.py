"""The log holds what went wrong and nobody's data."""

import logging
import os
import stat
from pathlib import Path

import pytest

from crmdesk.logs import hidden, log_file, logger, masked


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("call from 13800138000 taken", "13800138000"),
        ("call from +86 138 0013 8000", "138 0013 8000"),
        ("call from (021) 5820-8001 ended", "5820-8001"),
        ("客户电话13800138000未接", "13800138000"),
        ("mail to zhang.san@example.com.cn failed", "zhang.san"),
        ("plate 沪A12345 and 沪A·D12345", "12345"),
        ("vin LSGJA52U7AH012345 unknown", "LSGJA52U7AH012345"),
    ],
)
def test_personal_data_is_masked(text: str, secret: str) -> None:
    assert secret not in masked(text)
    assert "‹" in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "operation 019a9f2e-1111-7222-8333-123456789012 took 12 ms",
        "at 2026-11-20T09:58:00.123456Z, 2026-11-20 09:58:00,123 and 2026-11-20",
        "port 5038, extension 1001, 250000 rows, sqlite 3.53.4",
        "key 9f86d081884c7d659a2feaa0c55ad015",
    ],
)
def test_what_a_reader_of_the_log_needs_stays(text: str) -> None:
    assert masked(text) == text


def test_names_are_masked_while_they_are_hidden(tmp_path: Path) -> None:
    log = logger("calls")
    with log_file(tmp_path) as path:
        with hidden("张三", ""), hidden("Zhang San"):
            log.warning("%s (%s) was merged", "张三", "ZHANG SAN")
        log.warning("a plain line")
    content = path.read_text(encoding="utf-8")
    assert "张三" not in content and "san" not in content.lower()
    assert "‹name› (‹name›) was merged" in content and "a plain line" in content


def test_a_traceback_is_masked_and_the_record_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = logger("telephony")
    with log_file(tmp_path) as path:
        try:
            raise ValueError("no such number 13800138000")
        except ValueError:
            log.exception("call %s failed", "+8613800138000")
    content = path.read_text(encoding="utf-8")
    assert "Traceback" in content and "crmdesk.telephony" in content and "test_logs.py" in content
    assert "0013800" not in content
    assert caplog.records[0].args == ("+8613800138000",)


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_the_log_is_its_owners_and_stays_small(tmp_path: Path) -> None:
    log = logger("store")
    with log_file(tmp_path / "logs", file_bytes=10_000):
        for _ in range(8):
            log.info("x" * (9_800))
    files = sorted((tmp_path / "logs").iterdir())
    assert len(files) == 6
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert all(file.stat().st_size <= 10_000 for file in files)


def test_the_file_is_let_go_at_the_end(tmp_path: Path) -> None:
    root = logging.getLogger("crmdesk")
    before = list(root.handlers), root.level
    with log_file(tmp_path):
        assert len(root.handlers) == len(before[0]) + 1
    assert (list(root.handlers), root.level) == before


def test_an_error_is_masked_wherever_it_is_logged(tmp_path: Path) -> None:
    log = logger("calls")

    def fail() -> None:
        try:
            with hidden("张三"):
                raise ValueError("张三 calls from 13800138000")
        except ValueError as error:
            raise RuntimeError("not shown") from error

    with log_file(tmp_path) as path:
        try:
            fail()
        except RuntimeError:
            log.exception("a call was lost")
    content = path.read_text(encoding="utf-8")
    assert "张三" not in content and "13800138000" not in content
    assert "‹name› calls from ‹phone…00›" in content
