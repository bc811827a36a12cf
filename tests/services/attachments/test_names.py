"""Names of files do no harm wherever they are shown or saved; what a file is, its bytes say."""

from __future__ import annotations

import pytest

from crmdesk.models.attachment import NAME_BYTES
from crmdesk.services.attachments.names import UNKNOWN, harmless, media_type


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("Rechnung 刹车.pdf", "Rechnung 刹车.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\system.ini", "system.ini"),
        ("a:b*c?.txt", "a_b_c_.txt"),
        ("bill\n\r\x1b[2J.pdf", "bill[2J.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\u2066x\u2069\u200b\ufeff.png", "x.png"),
        ("CON", "_CON"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("com¹.txt", "_com¹.txt"),
        ("LPT9 .txt", "_LPT9 .txt"),
        ("console.log", "console.log"),
        ("..", "file"),
        ("", "file"),
        ("\x00\x01", "file"),
        (".profile", "profile"),
        ("trailing. . .", "trailing"),
        ("folder/", "folder"),
        ("half\udc80.txt", "half.txt"),
        ("e\u0301te\u0301.txt", "\u00e9t\u00e9.txt"),
    ],
)
def test_a_hostile_name_is_made_harmless(name: str, becomes: str) -> None:
    assert harmless(name) == becomes
    assert harmless(becomes) == becomes


@pytest.mark.parametrize("name", ["刹" * 200 + ".pdf", "a" * 400, "." + "é" * 300, "x." + "y" * 300])
def test_a_name_has_255_bytes_at_most_and_keeps_its_ending(name: str) -> None:
    made = harmless(name)
    assert 0 < len(made.encode()) <= NAME_BYTES
    assert len(made.encode()) > NAME_BYTES - 4
    assert made.endswith(".pdf") == name.endswith(".pdf")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7 ...", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        ("Die Bremse quietscht. 刹车".encode(), "text/plain"),
        (("刹" * 300).encode()[:512], "text/plain"),
        (b"MZ\x90\x00", UNKNOWN),
        (b"<html>\x00", UNKNOWN),
        (b"\xff\xfe\x00", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_what_a_file_is_its_first_bytes_say(head: bytes, kind: str) -> None:
    assert media_type(head) == kind
