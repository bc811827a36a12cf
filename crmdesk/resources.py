"""Where the files of `resources/` are: fonts, icons, styles, translations, demo content.

One layout, three homes: a checkout (also when installed as editable) reads the top-level folder, a wheel
carries it as `crmdesk/_resources`, a frozen build beside its libraries. No Qt, no reading: only paths.
"""

import sys
from pathlib import Path

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

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: the path would leave `resources/`.
    """
    root = resources_root()
    path = root.joinpath(*parts)
    if not path.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"Not a resource of crmdesk: {'/'.join(parts)}")
    if not path.exists():
        raise FileNotFoundError(f"This installation of crmdesk is incomplete: {'/'.join(parts)} is missing.")
    return path


def _candidates() -> list[Path]:
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        return [Path(frozen) / "resources"]
    return [_PACKAGE / "_resources", _PACKAGE.parent / "resources"]
