"""A mark of the computer this runs on, to notice a profile that was copied to another one."""

from __future__ import annotations

import sys
import uuid
from _blake2 import blake2b  # hashlib is the same, but loads OpenSSL while somebody waits for a window
from pathlib import Path

MULTICAST_BIT = 1 << 40
"""Set in a node number that the standard library made up, because it found no network card."""


def machine_mark() -> str:
    """Return the mark: a digest, so that the computer's own id is not spread about."""
    return blake2b(_own_id().encode(), digest_size=12, person=b"crmdesk").hexdigest()


def _own_id() -> str:
    return _installed_id() or _card_or_name()


if sys.platform == "win32":
    import winreg

    def _installed_id() -> str:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])

else:

    def _installed_id() -> str:
        for name in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
            try:
                if found := Path(name).read_text(encoding="utf-8").strip():
                    return found
            except (OSError, ValueError):
                continue
        return ""


def _card_or_name() -> str:
    import platform

    card = uuid.getnode()
    return platform.node() if card & MULTICAST_BIT else f"{card:012x}"
