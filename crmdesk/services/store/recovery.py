"""The recovery code: shown once, written down by the person, makes the store's key again.

``recovery.json`` beside the store holds the key wrapped by a key that Argon2id derives from the code. The
code has 130 random bits and two check characters in the alphabet of Crockford's base 32, in groups of four:
``7K3D-9QWE-…``; case, dashes, spaces and the look-alikes O, I and L do not matter when it is typed.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from crmdesk.errors import InvalidInput, WrongKey
from crmdesk.services.store.files import worded, write_whole
from crmdesk.services.store.sealing import Derivation, open_sealed, seal

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_CHARACTERS = 26
CHECK_CHARACTERS = 2
GROUP = 4
FORMAT = 1
_LOOK_ALIKES = str.maketrans("OILU", "011V")


def new_code() -> str:
    """Return a new recovery code, in groups."""
    body = "".join(ALPHABET[byte % len(ALPHABET)] for byte in os.urandom(RANDOM_CHARACTERS))
    return in_groups(body + _check(body))


def in_groups(code: str) -> str:
    """Return *code* as it is shown: groups of four with dashes."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def plain_code(typed: str) -> str:
    """Return the code that was *typed*, without groups; refuse one with a slip of the pen."""
    code = "".join(c for c in typed.upper() if c.isalnum()).translate(_LOOK_ALIKES)
    body = code[:RANDOM_CHARACTERS]
    if len(code) != RANDOM_CHARACTERS + CHECK_CHARACTERS or code != body + _check(body):
        raise InvalidInput(
            "This is no recovery code: it has {length} letters and digits in groups of four. Compare it with"
            " what you wrote down.",
            fields=("code",),
            length=RANDOM_CHARACTERS + CHECK_CHARACTERS,
        )
    return code


def _check(body: str) -> str:
    digest = hashlib.sha256(body.encode()).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:CHECK_CHARACTERS])


def write_recovery(path: Path, profile_id: str, key: bytes, code: str) -> None:
    """Write *key*, wrapped by *code*, into *path*."""
    derivation = Derivation.fresh()
    nonce = os.urandom(12)
    wrapped = seal(derivation.key(plain_code(code)), nonce, key, profile_id.encode())
    content = {
        "format": FORMAT,
        "profile": profile_id,
        "argon2id": derivation.as_json(),
        "nonce": nonce.hex(),
        "wrapped": wrapped.hex(),
    }
    with worded(path.parent):
        write_whole(path, json.dumps(content, indent=1).encode())


def recovered_key(path: Path, code: str) -> bytes:
    """Return the store's key from *path* by the recovery *code*.

    Raises:
        InvalidInput: the code holds a slip of the pen.
        WrongKey: it is the code of another profile, or the file is missing or damaged.
    """
    typed = plain_code(code)
    try:
        held = json.loads(path.read_bytes())
        derivation = Derivation.from_json(held["argon2id"])
        nonce, wrapped = bytes.fromhex(held["nonce"]), bytes.fromhex(held["wrapped"])
        profile = str(held["profile"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WrongKey(
            "{path} is missing or damaged; restore the profile from a backup.", path=path
        ) from error
    key = open_sealed(derivation.key(typed), nonce, wrapped, profile.encode())
    if key is None:
        raise WrongKey("This recovery code belongs to another profile.")
    return key
