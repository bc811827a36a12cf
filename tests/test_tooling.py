"""The outside of the build: promised targets, scripts that parse, what the package tells the desktop."""

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

import crmdesk

ROOT = Path(__file__).resolve().parent.parent
TARGETS = (
    *("setup", "demo", "test", "lint", "bench", "faults", "faults-long"),
    *("package", "package-test", "screenshots", "clean"),
)
SCRIPTS = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / ".ci/run", *ROOT.glob("scripts/*.sh"), *ROOT.glob("packaging/*.sh"))
)


@pytest.mark.parametrize("target", TARGETS)
def test_a_promised_target_exists(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_parses_and_may_be_run(script: str) -> None:
    done = subprocess.run(["bash", "-n", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (ROOT / script).stat().st_mode & 0o111, f"{script} is not executable"


def test_the_demo_without_a_display_says_so_and_paints_pictures(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/demo.sh").write_bytes((ROOT / "scripts/demo.sh").read_bytes())
    program = tmp_path / ".venv/bin/crmdesk"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "crmdesk $*"\n', encoding="utf-8")
    program.chmod(0o755)
    lines = {
        display: subprocess.run(
            ["bash", str(tmp_path / "scripts/demo.sh")],
            env={"PATH": "/usr/bin:/bin", **({"DISPLAY": display} if display else {})},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for display in ("", ":7")
    }
    assert lines[":7"] == ["crmdesk demo"]
    assert "No display" in lines[""][0]
    assert lines[""][1] == "crmdesk demo --headless out/demo"


def test_the_desktop_learns_program_and_links() -> None:
    entries = {}
    for path in (ROOT / "packaging/linux").glob("*.desktop"):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(path, encoding="utf-8")
        entries[path.stem] = parser["Desktop Entry"]
    assert entries["crmdesk"]["Exec"] == "crmdesk"
    assert entries["crmdesk-open"]["Exec"] == "crmdesk open %u"
    assert entries["crmdesk-open"]["MimeType"] == "x-scheme-handler/crmdesk;"


def test_the_package_names_what_travels_along() -> None:
    done = subprocess.run(
        [sys.executable, "packaging/third_party.py", "requirements.txt"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    sections = re.findall(r"^=+\n(\S+) \S+\nLicence: (.+)\n=+$", done.stdout, flags=re.MULTILINE)
    assert {"PySide6_Essentials", "SQLAlchemy", "sqlcipher3"} <= {name for name, _ in sections}
    assert len(sections) == len(dict(sections)), "a library is listed twice"


def test_version_is_told_once() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{crmdesk.__version__}"\n' in text
