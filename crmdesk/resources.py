"""Where the files of `resources/` are: fonts, icons, styles, translations, rules, letters, demo content.

One layout, three homes: a checkout (also when installed as editable) reads the top-level folder, a wheel
carries it as `crmdesk/_resources`, a frozen build beside its libraries. What a house may write itself
(:data:`OWN`) is taken from beside IT's policy where it lies there. No Qt.
"""

import sys
from pathlib import Path
from typing import Any

from crmdesk.errors import FileFault
from crmdesk.settings import policy_path

OWN = ("workflow.toml", "targets.toml", "regimes.toml", "calendars.toml", "letters", "starter")
"""Files, and folders of files, that a house may have of its own."""
_KINDS = (".toml", ".txt", ".json")

_PACKAGE = Path(__file__).resolve().parent


def resources_root() -> Path:
    """The folder that holds all resources of the running program.

    Raises:
        FileNotFoundError: the installation carries no resources.
    """
    for candidate in _candidates():
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"This installation of crmdesk is incomplete: no resources in {_PACKAGE}.")


def resource(*parts: str) -> Path:
    """Path of one resource, e.g. `resource("i18n", "zh_CN.json")`.

    Args:
        parts: the folders and the file name below `resources/`; none of them may lead outside.

    Returns:
        The house's own file where it has one of that name, else the one that crmdesk came with.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: the path would leave `resources/`.
    """
    root = resources_root()
    path = root.joinpath(*parts)
    if not path.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"Not a resource of crmdesk: {'/'.join(parts)}")
    own = own_folder().joinpath(*parts)
    if parts[0] in OWN and own.is_file():
        return own
    if not path.exists():
        raise FileNotFoundError(f"This installation of crmdesk is incomplete: {'/'.join(parts)} is missing.")
    return path


def tables(*parts: str) -> dict[str, Any]:
    """Return what one TOML file of `resources/` says. Reads the disk.

    Raises:
        FileFault: it cannot be read, or is no TOML; the sentence names file and line.
    """
    import tomllib

    path = resource(*parts)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileFault("The file {path} cannot be read: {why}.", path=path, why=error) from error


def own_folder() -> Path:
    """Where the house's own files lie, laid out as in `resources/`; only administrators write there."""
    return policy_path().parent


def own_files() -> dict[str, bool]:
    """Return the house's own files by their paths below its folder, and whether crmdesk reads them."""
    folder, root = own_folder(), resources_root()
    found = sorted(path for path in folder.rglob("*") if path.suffix in _KINDS and path != policy_path())
    names = [path.relative_to(folder) for path in found]
    return {name.as_posix(): name.parts[0] in OWN and (root / name).is_file() for name in names}


def _candidates() -> list[Path]:
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        return [Path(frozen) / "resources"]
    return [_PACKAGE / "_resources", _PACKAGE.parent / "resources"]
