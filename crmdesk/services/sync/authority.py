"""The certificate of an authority, looked at before it is trusted: whose it is and until when it holds."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crmdesk.errors import FileFault
from crmdesk.models.sync_views import AuthoritySeen

MOST_BYTES = 1 << 20
_BEGIN = b"-----BEGIN CERTIFICATE-----"


def look_at(path: str) -> AuthoritySeen:
    """Return what the file at *path* says of the authority.

    Raises:
        FileFault: it is not the certificate of an authority in PEM form; the sentence says what it is.
    """
    content = _content(path)
    _refuse_other_forms(content, path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=content.decode("ascii", "replace"))
    except (ssl.SSLError, ValueError) as error:
        raise _fault("{path} is damaged: it begins like a certificate and is none.", path) from error
    found = context.get_ca_certs()
    if not found:
        raise _fault(
            "{path} is the certificate of one computer, not of the authority that signed it. Ask for the CA"
            " certificate.",
            path,
        )
    return min((_seen(each) for each in found), key=lambda each: each.until)


def _content(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MOST_BYTES)
    except FileNotFoundError as error:
        raise _fault("There is no file {path}.", path) from error
    except OSError as error:
        raise _fault("The file {path} cannot be read.", path) from error


def _refuse_other_forms(content: bytes, path: str) -> None:
    """Say of the usual slips what they are."""
    if b"PRIVATE KEY-----" in content:
        raise _fault(
            "{path} holds a private key. It belongs on the computer it was made on and nowhere else; take the"
            " CA certificate.",
            path,
        )
    if b"-----BEGIN CERTIFICATE REQUEST-----" in content:
        raise _fault("{path} is a wish for a certificate, not a certificate.", path)
    if _BEGIN in content:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content)
    except (ssl.SSLError, ValueError) as error:
        raise _fault("{path} is no certificate.", path) from error
    raise _fault(
        "{path} is a certificate in binary form (DER). The administrator gives it to you in text form (PEM).",
        path,
    )


def _fault(sentence: str, path: str) -> FileFault:
    return FileFault(sentence, fields=("ca_file",), path=path)


def _seen(certificate: dict[str, Any]) -> AuthoritySeen:
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    named = {name: value for part in certificate["subject"] for name, value in part}
    subject = named.get("commonName") or named.get("organizationName") or ", ".join(named.values())
    return AuthoritySeen(subject, until)
