"""What is said of a file that is to say who the server is."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crmdesk.errors import FileFault
from crmdesk.services.sync.authority import look_at
from tests.authority import Authority


@pytest.fixture
def house(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "Our house CA")


def test_a_certificate_of_an_authority_says_whose_it_is_and_until_when(house: Authority) -> None:
    seen = look_at(str(house.root))
    assert seen.subject == "Our house CA"
    left = seen.until - datetime.now(UTC)
    assert timedelta(days=3649) < left <= timedelta(days=3650)


def test_of_two_authorities_in_one_file_the_one_that_ends_first(house: Authority, tmp_path: Path) -> None:
    old = Authority(tmp_path, "The older one", days=3)
    both = tmp_path / "both.pem"
    both.write_bytes(house.root.read_bytes() + old.root.read_bytes())
    assert look_at(str(both)).subject == "The older one"


def test_any_other_file_is_called_what_it_is(house: Authority, tmp_path: Path) -> None:
    certificate, key = house.issue("server", ("db.example",))
    pem = house.root.read_text()
    files = {
        certificate: "of one computer",
        key: "holds a private key",
        _file(tmp_path, "der", ssl.PEM_cert_to_DER_cert(pem)): "binary form",
        _file(tmp_path, "letter.txt", "您好".encode()): "is no certificate",
        _file(tmp_path, "empty", b""): "is no certificate",
        _file(tmp_path, "half.pem", f"{pem[:200]}\n-----END CERTIFICATE-----\n".encode()): "is damaged",
        _file(tmp_path, "csr", b"-----BEGIN CERTIFICATE REQUEST-----\n"): "a wish for a certificate",
        tmp_path / "nowhere.pem": "There is no file",
        tmp_path: "cannot be read",
    }
    for path, words in files.items():
        with pytest.raises(FileFault, match=words) as refused:
            look_at(str(path))
        assert refused.value.fields == ("ca_file",)
        assert str(path) in str(refused.value)


def _file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
