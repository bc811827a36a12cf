"""Keys from words (Argon2id, RFC 9106) and sealed bytes (AES-256-GCM); the libraries load when first used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SALT_BYTES = 16
KEY_BYTES = 32
MEMORY_LIMIT_KIB = 1 << 20
TIME_LIMIT = 64
LANES_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Derivation:
    """The parameters of Argon2id that make a key from words; the defaults are RFC 9106's second choice."""

    salt: bytes
    time_cost: int = 3
    memory_kib: int = 65_536
    lanes: int = 4

    def __post_init__(self) -> None:
        """Refuse parameters that a damaged file could use to eat the machine."""
        if not (
            len(self.salt) == SALT_BYTES
            and 1 <= self.time_cost <= TIME_LIMIT
            and 8 * self.lanes <= self.memory_kib <= MEMORY_LIMIT_KIB
            and 1 <= self.lanes <= LANES_LIMIT
        ):
            raise ValueError("parameters of Argon2id out of bounds")

    @staticmethod
    def fresh() -> Derivation:
        """Return parameters with a new salt."""
        return Derivation(os.urandom(SALT_BYTES))

    def key(self, words: str) -> bytes:
        """Return the 32-byte key for *words*; takes about a tenth of a second."""
        from argon2.low_level import Type, hash_secret_raw

        return hash_secret_raw(
            words.encode(),
            self.salt,
            time_cost=self.time_cost,
            memory_cost=self.memory_kib,
            parallelism=self.lanes,
            hash_len=KEY_BYTES,
            type=Type.ID,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the parameters as JSON values."""
        return {**asdict(self), "salt": self.salt.hex()}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Derivation:
        """Return the parameters from JSON values; ValueError, KeyError or TypeError when they are none."""
        return Derivation(
            bytes.fromhex(values["salt"]),
            int(values["time_cost"]),
            int(values["memory_kib"]),
            int(values["lanes"]),
        )


def seal(key: bytes, nonce: bytes, plain: bytes, about: bytes) -> bytes:
    """Return *plain* encrypted and, with *about*, authenticated. A nonce serves once per key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key).encrypt(nonce, plain, about)


def open_sealed(key: bytes, nonce: bytes, sealed: bytes, about: bytes) -> bytes | None:
    """Return what was sealed, None when key, bytes or *about* are not the ones it was sealed with."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(nonce, sealed, about)
    except InvalidTag:
        return None
