"""Lists what travels in the package: name, version, licence and licence texts of every locked library.

Usage: python packaging/third_party.py requirements.txt > THIRD-PARTY.txt
"""

import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path


def main(lock: Path) -> None:
    """Print one section for each library of the lock that is installed here."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    for name in dict.fromkeys(
        line.partition("==")[0] for line in lines if "==" in line and line[0] not in " #"
    ):
        try:
            library = distribution(name)
        except PackageNotFoundError:  # for another platform
            continue
        print_section(library)


def print_section(library: Distribution) -> None:
    """Print the heading of a library and the licence texts it brings."""
    meta = library.metadata
    licence = meta.get("License-Expression") or next(
        (c.rpartition(" :: ")[2] for c in meta.get_all("Classifier", []) if c.startswith("License ::")),
        (meta.get("License") or "see its home page").splitlines()[0],
    )
    print(f"{'=' * 78}\n{meta['Name']} {library.version}\nLicence: {licence}\n{'=' * 78}\n")
    for file in library.files or []:
        if ".dist-info" in file.parts[0] and any(word in file.name.upper() for word in ("LICEN", "COPYING")):
            print(Path(str(file.locate())).read_text(encoding="utf-8", errors="replace").strip(), end="\n\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
