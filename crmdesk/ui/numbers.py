"""Numbers as people read them, where only the plain E.164 form is at hand (no Qt, no library)."""

from __future__ import annotations

import re

_CHINA_MOBILE = re.compile(r"\+86(1\d\d)(\d{4})(\d{4})")
_CHINA_FIXED = re.compile(r"\+86(10|2\d|[3-9]\d\d)(\d{3,4})(\d{4})")
_OTHER = re.compile(r"\+\d{8,15}")


def grouped(number: str) -> str:
    """Return an E.164 *number* in groups; anything else comes back as it is.

    Chinese mobiles read 3-4-4, landlines with the 0 of their area code; others end in 3-4.
    """
    if found := _CHINA_MOBILE.fullmatch(number):
        return " ".join(found.groups())
    if found := _CHINA_FIXED.fullmatch(number):
        area, *rest = found.groups()
        return " ".join([f"0{area}", *rest])
    if _OTHER.fullmatch(number):
        tail = number[-4:]
        return " ".join([number[:-7], number[-7:-4], tail])
    return number
