"""Why a server's certificate was not believed: libpq only says that it was not."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Mapping

_SSL_REQUEST = struct.pack("!II", 8, 80877103)
_EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL."""

_SECONDS = 5.0


def is_expired(told: Mapping[str, str]) -> bool:
    """Return whether the server of *told* (parts of a DSN) shows a certificate that has run out.

    Asks the server once more and sends it nothing but the wish for TLS; False when nobody can say.
    """
    host = told.get("hostaddr") or told.get("host", "")
    try:
        context = ssl.create_default_context(cafile=told["sslrootcert"])
        context.check_hostname = False
        with socket.create_connection((host, int(told.get("port", "5432"))), _SECONDS) as plain:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) != b"S":
                return False
            with context.wrap_socket(plain, server_hostname=told.get("host", host)):
                return False
    except ssl.SSLCertVerificationError as error:
        return error.verify_code == _EXPIRED
    except (OSError, ValueError, KeyError):
        return False
