"""A certificate authority for tests: certificates of servers, true ones, expired ones and foreign ones."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any


class Authority:
    """Signs certificates for servers; ``root`` is the file that clients trust.

    Args:
        folder: gets the root certificate and every certificate with its key.
        name: common name, so that two authorities differ.
        days: how long it holds.
    """

    def __init__(self, folder: Path, name: str = "crmdesk test authority", days: int = 3650) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self._folder = folder
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.root = folder / f"{name.replace(' ', '-')}.pem"
        self.root.write_bytes(_pem(self._sign(self._name, self._key.public_key(), (), days, ca=True)))

    def issue(self, stem: str, hosts: tuple[str, ...], days: int = 30) -> tuple[Path, Path]:
        """Return certificate and key for a server reached as *hosts*; *days* below 0: expired since."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        certificate, private = self._folder / f"{stem}.crt", self._folder / f"{stem}.key"
        certificate.write_bytes(_pem(self._sign(_named(hosts[0]), key.public_key(), hosts, days, ca=False)))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        private.chmod(0o600)
        return certificate, private

    def _sign(self, subject: Any, public: Any, hosts: tuple[str, ...], days: int, *, ca: bool) -> Any:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if hosts:
            names = [_general_name(host) for host in hosts]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> Any:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> Any:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    pem: bytes = certificate.public_bytes(serialization.Encoding.PEM)
    return pem
