"""Writes `resources/places.bin`: which area a number belongs to, packed from the data of phonenumbers.

Run it after phonenumbers was raised to another version; a test compares both.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.geodata.locale import LOCALE_DATA

from crmdesk.services.telephony.places import packed


def main() -> None:
    """Write the file."""
    areas = {
        prefix: (names.get("en", ""), names.get("zh", ""))
        for prefix, names in GEOCODE_DATA.items()
        if "en" in names or "zh" in names
    }
    regions = {region: (_name(names, "en"), _name(names, "zh")) for region, names in LOCALE_DATA.items()}
    file = Path(__file__).resolve().parent.parent / "resources" / "places.bin"
    file.write_bytes(packed(areas, regions))
    print(f"{file.name}: {len(areas)} prefixes, {file.stat().st_size >> 10} KiB")


def _name(names: dict[str, str], language: str) -> str:
    """Return a country's name; one that starts with an asterisk stands under another language."""
    name = names.get(language, "")
    return names.get(name[1:], "") if name.startswith("*") else name


if __name__ == "__main__":
    main()
