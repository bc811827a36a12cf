"""Sheets for spreadsheet programs: whole or not at all, harmless, and refused with a sentence."""

from __future__ import annotations

import csv
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmdesk.errors import FileFault
from crmdesk.services.exchange.sheets import write_sheet

HEAD = ("Number", "Customer")


def test_a_sheet_opens_in_spreadsheet_programs(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    assert write_sheet(path, [HEAD, ("C26-K7Q-0001", '王芳, "Fang"\nWang')]) == 1
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfNumber,Customer\r\n")
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1] == ["C26-K7Q-0001", '王芳, "Fang"\nWang']


FORMULAS = ("=1+1", "+86 1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "＝1", "＠x", "＋1", "－1")


@pytest.mark.parametrize("cell", FORMULAS)
def test_no_cell_is_a_formula(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "list.csv"
    write_sheet(path, [HEAD, ("C26", cell)])
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1] == ["C26", f"'{cell}"]


def test_other_cells_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    write_sheet(path, [("a=b", "2026-11-22T10:00+08:00", "")])
    assert path.read_text(encoding="utf-8-sig") == "a=b,2026-11-22T10:00+08:00,\n"


def refusal(path: Path) -> str:
    with pytest.raises(FileFault) as caught:
        write_sheet(path, [HEAD])
    return str(caught.value)


def test_a_place_that_takes_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    gone, inside = tmp_path / "gone" / "list.csv", tmp_path / "file" / "list.csv"
    assert refusal(gone) == f"There is no folder {gone.parent}. Choose another one."
    assert refusal(inside) == f"There is no folder {inside.parent}. Choose another one."
    assert "cannot be written" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "The disk is full: {path} was not written. Free some space or choose another place."),
        (errno.EACCES, "You may not write to {folder}. Choose another folder."),
        (errno.EROFS, "You may not write to {folder}. Choose another folder."),
    ],
)
def test_what_was_there_before_stays_when_the_disk_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("before")

    def refuse(_file: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    assert refusal(path) == told.format(path=path, folder=tmp_path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_row_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def rows() -> Iterator[tuple[str, ...]]:
        yield HEAD
        raise ValueError

    with pytest.raises(ValueError):
        write_sheet(tmp_path / "list.csv", rows())
    assert list(tmp_path.iterdir()) == []
