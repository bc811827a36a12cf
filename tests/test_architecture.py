"""House rules that a linter does not know: sizes, packages, what an import may do, words that stay out."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE_FOLDERS = ("crmdesk", "tests", "benchmarks")

MODULE_LINES = 500
CLASS_LINES = 300
FUNCTION_LINES = 50

HEAVY_PACKAGES = ("PySide6", "pyqtgraph", "sqlalchemy", "alembic", "reportlab", "numpy", "cryptography")
"""Cost 90 to 300 ms of CPU each: imported where they are used, never on the way to the first window."""

QT_MODULES = ("crmdesk.ui", "crmdesk.app")
HEAVY_MODULES = ("crmdesk.services.store", "crmdesk.services.reports", "crmdesk.ui.widgets.plot")
"""May load their library when they are imported; whoever uses them from elsewhere does so late."""

TEXT_SUFFIXES = {
    *(".py", ".md", ".toml", ".txt", ".json", ".jsonl", ".csv", ".sql", ".sh", ".spec", ".desktop", ".svg"),
    *(".qss", ".xml", ".yml", ".yaml", ".ini", ".cfg", ".html", ".mako", ""),
}
# Put together from pieces, so that this file does not hold what it looks for.
FORBIDDEN = re.compile(
    "|".join(
        (
            r"(?<![\w.])/" + r"(?:work|root)/",
            r"(?<![\w.])/home/" + r"(?!agent\b)[a-z]\w*/",
            r"(?:index-url|find-links)[ =]+\S*" + r"(?:://|/)",
            r"(?:pypi\.org|pythonhosted" + r"\.org|test\.pypi)",
        )
    )
)


def python_files(*folders: str) -> list[Path]:
    """All modules below the given folders of the checkout, in a stable order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def tracked_files() -> list[Path]:
    """What git would hand to a stranger; without git (an unpacked archive) nothing."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def module_name(path: Path) -> str:
    """Dotted name of a module of the checkout."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def too_long(source: str) -> Iterator[str]:
    """One line for everything in a module that does not fit its limit."""
    lines = source.count("\n")
    if lines > MODULE_LINES:
        yield f"module has {lines} lines, limit {MODULE_LINES}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            limit = FUNCTION_LINES
        elif isinstance(node, ast.ClassDef):
            limit = CLASS_LINES
        else:
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > limit:
            yield f"{node.name} (line {node.lineno}) has {length} lines, limit {limit}"


def foreign_imports(source: str) -> set[str]:
    """Top-level packages a module imports that are neither crmdesk nor in the standard library."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"crmdesk"}


def test_everything_fits_on_a_screen() -> None:
    report = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in python_files(*CODE_FOLDERS)
        for line in too_long(path.read_text(encoding="utf-8"))
    ]
    assert not report, "\n".join(report)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("def short() -> None:\n    return\n", 0),
        ("def long() -> None:\n" + "    print()\n" * FUNCTION_LINES, 1),
        ("class Long:\n" + "    x = 1\n" * CLASS_LINES, 1),
        ("x = 1\n" * (MODULE_LINES + 1), 1),
    ],
)
def test_the_ruler_measures(source: str, count: int) -> None:
    assert len(list(too_long(source))) == count


def test_every_folder_with_code_is_a_package() -> None:
    folders = {parent for path in python_files(*CODE_FOLDERS) for parent in path.parents if parent != ROOT}
    inside = {folder for folder in folders if folder.is_relative_to(ROOT)}
    missing = sorted(
        str(folder.relative_to(ROOT)) for folder in inside if not (folder / "__init__.py").exists()
    )
    assert not missing, f"import-linter does not see folders without __init__.py: {missing}"


def test_models_know_the_standard_library_only() -> None:
    report = {
        str(path.relative_to(ROOT)): names
        for path in python_files("crmdesk/models")
        if (names := foreign_imports(path.read_text(encoding="utf-8")))
    }
    assert not report


def test_tracked_files_name_no_machine_and_no_index() -> None:
    report = []
    for path in tracked_files():
        if path.suffix not in TEXT_SUFFIXES or path.name == "LICENSE":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if FORBIDDEN.search(line):
                report.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert not report, "\n".join(report)


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_dependency_is_locked_by_hash(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    if lock == "requirements-dev.txt":
        wanted += project["optional-dependencies"]["dev"]
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    locked = {line.split("==")[0].strip(): line for line in text.splitlines() if line and line[0] != "#"}
    names = {re.split(r"[\[<>=;! ]", entry)[0].lower().replace("_", "-") for entry in wanted}
    assert names <= set(locked), f"run `make lock`: {sorted(names - set(locked))}"
    assert all("--hash=sha256:" in line for line in locked.values())


def test_importing_a_module_starts_nothing_and_loads_nothing_heavy() -> None:
    """One fresh interpreter imports module after module, the window last; each tells what it dragged in."""
    modules = [module_name(path) for path in python_files("crmdesk") if path.name != "__main__.py"]
    light = sorted(filter(must_be_light, modules), key=lambda name: (belongs_to(name, *QT_MODULES), name))
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_PROBE, *HEAVY_PACKAGES, "--", *light],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    findings = [line.split(" ", 1) for line in done.stdout.splitlines()]
    report = [
        f"importing {module} loads or starts {what}"
        for module, what in findings
        if not (what == "PySide6" and belongs_to(module, *QT_MODULES))
    ]
    assert not report, "\n".join(report)


def must_be_light(module: str) -> bool:
    """Whether no heavy package may come along; others importing an exempt module early are still found."""
    return not belongs_to(module, *HEAVY_MODULES)


def belongs_to(module: str, *prefixes: str) -> bool:
    """Whether a module is one of the given packages or inside of one."""
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


IMPORT_PROBE = """
import importlib, sys, threading
split = sys.argv.index("--")
heavy, modules = sys.argv[1:split], sys.argv[split + 1:]
seen = set()
for module in modules:
    importlib.import_module(module)
    for name in heavy:
        if name in sys.modules and name not in seen:
            seen.add(name)
            print(module, name)
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            print(module, "thread:" + thread.name)
"""
