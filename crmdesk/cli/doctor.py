"""`crmdesk doctor`: what works here and what to do about the rest, one line each."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk import __version__
from crmdesk.errors import CrmdeskError

if TYPE_CHECKING:
    from crmdesk.settings import Settings

GOOD, LOOK, BAD = "ok", "look", "bad"
LITTLE_SPACE, NO_SPACE = 1 << 30, 100 << 20
OLD_BACKUP_DAYS = 2
SKEW_SECONDS = 120
OLD_PULL_HOURS = 24
CA_DAYS = 60
KNOCK_SECONDS = 2.0
PROBE_PROFILE = "doctor"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its state (ok, look, bad), what was found, and what to do."""

    name: str
    state: str
    found: str
    advice: str = ""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    doctor = subparsers.add_parser(
        "doctor",
        help="what works here, and what to do about the rest",
        description="Looks at versions, keyring, profile, store, telephony, clock, disk, backup and server;"
        " one line each. Changes nothing and makes no profile. Exit code 1 when something does not work.",
    )
    doctor.add_argument("--json", action="store_true", help="one JSON object")
    doctor.set_defaults(run=run_doctor)


def run_doctor(given: argparse.Namespace) -> int:
    """Print what was found."""
    from crmdesk.cli.desks import folder

    findings = list(examine(folder(given), os.environ))
    if given.json:
        print(json.dumps({"checks": [asdict(each) for each in findings]}, ensure_ascii=False))
    else:
        for each in findings:
            advice = f" {each.advice}" if each.advice else ""
            print(f"{each.state:4} {each.name}: {each.found}.{advice}")
    return 1 if any(each.state == BAD for each in findings) else 0


def examine(profile: Path, environment: Mapping[str, str]) -> Iterable[Finding]:
    """Yield one finding after the other; a check that is refused is a finding too."""
    yield _guarded("versions", _versions)
    yield _guarded("sqlite", _sqlite)
    yield _guarded("keyring", lambda: _keyring(environment))
    yield _guarded("profile", lambda: _profile(profile))
    settings = _settings_of(profile)
    shared: list[Finding] = []
    yield from _store(profile, shared)
    yield _guarded("telephony", lambda: _telephony(profile, settings))
    yield _guarded("disk", lambda: _disk(profile))
    yield _guarded("backup", lambda: _backup(settings))
    yield _guarded("rules", lambda: _rules(settings, datetime.now(UTC).date()))
    yield _guarded("own files", _own_files)
    yield from shared or [Finding("server", GOOD, "none: this desk works alone")]


def _guarded(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except CrmdeskError as refused:
        return Finding(name, BAD, str(refused).rstrip("."))
    except (OSError, metadata.PackageNotFoundError) as error:
        return Finding(name, BAD, str(error))


def _versions() -> Finding:
    parts = [f"crmdesk {__version__}", f"Python {platform.python_version()}", platform.platform(terse=True)]
    for package in ("PySide6-Essentials", "SQLAlchemy", "sqlcipher3"):
        try:
            parts.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            # A frozen program carries its packages without their papers.
            continue
    return Finding("versions", GOOD, ", ".join(parts))


def _sqlite() -> Finding:
    from crmdesk.services.store.connection import check_library, library_versions

    check_library()
    return Finding("sqlite", GOOD, library_versions())


def _keyring(environment: Mapping[str, str]) -> Finding:
    from crmdesk.services.store.keys import KEY_FILE_VARIABLE, secrets_of

    secrets_of(environment).get(PROBE_PROFILE, "probe")
    named = environment.get(KEY_FILE_VARIABLE, "")
    return Finding("keyring", GOOD, f"keys are kept in the file {named}" if named else "the keyring answers")


def _profile(path: Path) -> Finding:
    from crmdesk.services.profile import is_profile, read_identity

    if not is_profile(path):
        advice = "Start crmdesk, or run: crmdesk profile new DIR."
        return Finding("profile", LOOK, f"there is none at {path}", advice)
    identity = read_identity(path)
    return Finding("profile", GOOD, f"{'test profile ' if identity.test else ''}{path}, desk {identity.tag}")


def _settings_of(path: Path) -> Settings:
    """Return the settings of the profile without opening it; the defaults when they cannot be read."""
    from crmdesk.services.profile import Layout
    from crmdesk.settings import policy_path, read_policy, read_settings

    file = Layout(path).settings
    try:
        return read_settings(file.read_bytes() if file.exists() else None, read_policy(policy_path()))
    except (CrmdeskError, OSError):
        return read_settings(None)


def _store(path: Path, shared: list[Finding]) -> Iterable[Finding]:
    """Yield what the store and the desk's clock say; through the window when it is open.

    What is found about sharing goes into *shared*.
    """
    from crmdesk.cli.desks import client
    from crmdesk.services.profile import is_profile

    if not is_profile(path):
        return
    try:
        with client(path) as desk:
            info: dict[str, Any] = desk.call("system.info", {})
            status: dict[str, Any] = desk.call("sync.status", {})
    except CrmdeskError as refused:
        yield Finding("store", BAD, str(refused).rstrip("."))
        return
    counts = ", ".join(f"{count} {name.replace('_', ' ')}s" for name, count in info["counts"].items())
    yield Finding("store", GOOD, f"opens; schema {info['schema']}; {counts}")
    yield _clock(info)
    yield _attachments(info["attachments"])
    shared.extend(_sharing(path, status))


def _attachments(counts: Mapping[str, int]) -> Finding:
    words = f"{counts['here']} contents lie here"
    if counts["refused"]:
        advice = "Look at the files of the complaints concerned, and attach them again."
        return Finding("attachments", LOOK, f"{words}, {counts['refused']} cannot be sent", advice)
    if counts["not_sent"]:
        advice = "They go behind all changes; keep the window open."
        return Finding("attachments", LOOK, f"{words}, {counts['not_sent']} not sent yet", advice)
    return Finding("attachments", GOOD, words)


def _sharing(path: Path, status: Mapping[str, Any]) -> Iterable[Finding]:
    """Yield how this desk and the server stand, and what is found by asking the server now."""
    from crmdesk.services.profile import read_identity
    from crmdesk.services.store.keys import secrets_of
    from crmdesk.services.sync.address import PASSWORD, ServerAddress
    from crmdesk.services.sync.probe import probe

    if not status["configured"]:
        return
    yield _sending(status)
    yield _last_pull(status)
    if status["ca"]:
        yield _guarded("authority", lambda: _authority(status["ca"]))
    identity = read_identity(path)
    try:
        address = ServerAddress.from_words(status["address"], status["user"], status["ca"] or "")
        password = secrets_of(os.environ).get(identity.id, PASSWORD) or ""
    except CrmdeskError as refused:
        yield Finding("server", BAD, str(refused).rstrip("."))
        return
    for seen in probe(address, password, identity.device):
        yield Finding(seen.subject, seen.state, seen.found, seen.advice)


def _authority(path: str) -> Finding:
    """Say how long the authority itself holds: once it has ended no certificate it signed is believed."""
    from crmdesk.services.sync.authority import look_at

    days = (look_at(path).until - datetime.now(UTC)).days
    advice = "The administrator makes a new one; then join once more with it: crmdesk server join --ca FILE."
    if days < 0:
        return Finding("authority", BAD, f"the CA certificate {path} ended {-days} days ago", advice)
    words = f"the CA certificate {path} holds for {days} days"
    return Finding("authority", LOOK, words, advice) if days < CA_DAYS else Finding("authority", GOOD, words)


def _sending(status: Mapping[str, Any]) -> Finding:
    words = f"{status['pending']} changes wait, {status['refused']} were not accepted"
    if status["refused"]:
        advice = "Look at them in the window (Sharing with the server), or with sync.refused."
        return Finding("sending", LOOK, words, advice)
    if status["pending"]:
        return Finding("sending", LOOK, words, "They go with the next contact; the window keeps trying.")
    return Finding("sending", GOOD, words)


def _last_pull(status: Mapping[str, Any]) -> Finding:
    if status["last_pull_at"] is None:
        return Finding(
            "last pull", LOOK, "the first rows have not come yet", "Start the window, or sync.run."
        )
    hours = (datetime.now(UTC) - datetime.fromisoformat(status["last_pull_at"])).total_seconds() / 3_600
    words = f"{status['last_pull_at']}, tick {status['tick']}"
    if hours > OLD_PULL_HOURS:
        return Finding("last pull", LOOK, f"{words}: {hours:.0f} hours ago", "Connect, and start the window.")
    return Finding("last pull", GOOD, words)


def _clock(info: Mapping[str, Any]) -> Finding:
    ahead = (datetime.fromisoformat(info["now"]) - datetime.now(UTC)).total_seconds()
    if info["test"]:
        return Finding("clock", GOOD, f"of a test profile, {ahead:+.0f} s from this computer's")
    if abs(ahead) > SKEW_SECONDS:
        return Finding(
            "clock",
            BAD,
            f"the last change was written {ahead:.0f} s in the future of this computer's clock",
            "Set the computer's clock right; until then times stand still.",
        )
    return Finding("clock", GOOD, f"{info['now']} by this computer")


def _telephony(path: Path, settings: Settings) -> Finding:
    source = settings.text("telephony")
    if source == "off":
        return Finding("telephony", LOOK, "off", "Choose where calls come from in the settings.")
    if source == "hook":
        return Finding("telephony", GOOD, "soft phones call `crmdesk call NUMBER`")
    host, port = settings.text("telephony_host"), settings.number("telephony_port")
    try:
        with socket.create_connection((host, port), KNOCK_SECONDS) as line:
            line.settimeout(KNOCK_SECONDS)
            greeting = line.recv(80).decode("utf-8", "replace").strip()
    except OSError as error:
        advice = "Check host, port and firewall; ask for an AMI user with read=system,call,agent."
        return Finding("telephony", BAD, f"{host}:{port} does not answer ({error})", advice)
    if not greeting.startswith("Asterisk"):
        return Finding("telephony", BAD, f"{host}:{port} is no telephone system of a kind we know", "")
    return Finding("telephony", GOOD, f"{host}:{port} answers: {greeting}")


def _disk(path: Path) -> Finding:
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    words = f"{free / (1 << 30):.1f} GB free where the profile lies"
    if free < NO_SPACE:
        return Finding("disk", BAD, words, "Free some space now: nothing more can be saved soon.")
    if free < LITTLE_SPACE:
        return Finding("disk", LOOK, words, "Free some space.")
    if there == path and not os.access(path, os.W_OK):
        return Finding("disk", BAD, f"the folder {path} cannot be written", "Give yourself the right to.")
    return Finding("disk", GOOD, words)


def _backup(settings: Settings) -> Finding:
    named = settings.text("backup_folder")
    if not named:
        advice = "Switch it on: crmdesk backup --nightly FOLDER."
        return Finding("backup", LOOK, "the nightly backup is off", advice)
    folder = Path(named)
    times = [file.stat().st_mtime for file in folder.iterdir() if file.is_file()] if folder.is_dir() else []
    if not times:
        return Finding("backup", BAD, f"there is none in {folder}", "Check that the folder can be written.")
    days = (time.time() - max(times)) / 86_400
    if days > OLD_BACKUP_DAYS:
        return Finding("backup", BAD, f"the last one is {days:.0f} days old", f"Look at {folder}.")
    return Finding("backup", GOOD, f"the last one is {days * 24:.0f} hours old")


def _rules(settings: Settings, today: date) -> Finding:
    from crmdesk.services.complaints.looked_up import looked_up

    seen = looked_up(settings.text("calendar"), today)
    words = f"regimes and addresses of outside bodies were last looked up on {seen.on}"
    if seen.is_old(today):
        advice = (
            "Compare regimes.toml and [routes] of letters/words.toml with their sources; write down the day."
        )
        return Finding("rules", LOOK, words, advice)
    if seen.provisional is not None:
        words = f"the calendar {seen.calendar} does not know the holidays of {seen.provisional} yet"
        return Finding(
            "rules", LOOK, words, "Dates in it are provisional; add its edition to calendars.toml."
        )
    return Finding("rules", GOOD, words)


def _own_files() -> Finding:
    from crmdesk.resources import own_files, own_folder

    own = own_files()
    unread = ", ".join(name for name, read in own.items() if not read)
    if unread:
        advice = "Name them as they are named in the folder resources of the program."
        return Finding("own files", LOOK, f"crmdesk reads no {unread} in {own_folder()}", advice)
    if not own:
        return Finding("own files", GOOD, "none: rules and letters are those that crmdesk came with")
    advice = "After an update compare them with those that came along."
    return Finding("own files", GOOD, f"{', '.join(own)} in {own_folder()}", advice)
