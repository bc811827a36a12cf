"""`crmdesk demo`: a throw-away profile with a demo company whose telephone rings by itself.

The calls come from a small telephone system of our own over a real socket, through the same path as those of
an Asterisk. Nothing of it stays: the profile lies in a temporary folder, its key in memory only.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crmdesk.app.farewell import Farewell
from crmdesk.app.program import Program
from crmdesk.app.rehearsal import Rehearsal
from crmdesk.app.window import StartTrace, application
from crmdesk.cli.screens import has_display
from crmdesk.errors import CrmdeskError
from crmdesk.resources import resource
from crmdesk.services.complaints.letter_case import sender_of
from crmdesk.services.complaints.procedure import house_of
from crmdesk.services.demo.company import CUSTOMERS, fill_demo
from crmdesk.services.demo.complaints import complain
from crmdesk.services.demo.phone import DemoPhone
from crmdesk.services.demo_content import load_demo_content
from crmdesk.services.profile import new_profile
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.telephony.ami_client import AmiSettings
from crmdesk.services.telephony.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from crmdesk.services.demo.company import DemoCompany
    from crmdesk.services.demo_content import DemoContent
    from crmdesk.services.profile import Profile

SECRET = "demo"  # noqa: S105 - the demo's telephone system lives on the loopback and for minutes
HEADLESS_CALLS = 8


@dataclass(frozen=True, slots=True)
class Stage:
    """A profile with the demo company, and its telephone system."""

    profile: Profile
    content: DemoContent
    company: DemoCompany
    simulator: Simulator
    link: AmiSettings
    complaints: Mapping[str, UUID]


def run(customers: int | None, calls: int | None, headless: Path | None) -> int:
    """Show the demo with a window, or play it into the folder *headless*; return the exit code."""
    if headless is not None and not has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = application()
    try:
        with stage(customers or CUSTOMERS) as built:
            program = Program(app, built.profile, built.link)
            if headless is None:
                return _show(program, built, calls)
            return Rehearsal(program, built).play(calls or HEADLESS_CALLS, headless)
    except CrmdeskError as error:
        sys.stderr.write(f"crmdesk: {error}\n")
        return 1


@contextmanager
def stage(customers: int) -> Iterator[Stage]:
    """Give a filled profile and a telephone system for the block; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="crmdesk-demo-"))
    simulator = Simulator(SECRET)
    try:
        content = load_demo_content(resource("demo"))
        settings = {
            "extension": content.company.agents[0].extension,
            "agent": content.company.agents[0].login,
            "company": content.company.name_en,
            "country": content.company.country,
            "area_code": content.company.area_code,
            "zone": content.company.time_zone,
        }
        profile = new_profile(folder / "demo", settings=settings, secrets=MemorySecrets()).profile
        company = fill_demo(
            profile.store_path, profile.key, content, customers=customers, now=profile.clock()
        )
        house, sender = house_of(profile.settings), sender_of(profile.settings)
        complaints = complain(profile.store_path, profile.key, house, profile.clock(), sender)
        link = AmiSettings("127.0.0.1", simulator.start(), "crmdesk", SECRET)
        yield Stage(profile, content, company, simulator, link, complaints)
    finally:
        simulator.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _show(program: Program, built: Stage, calls: int | None) -> int:
    app = application()
    phone = DemoPhone(built.simulator, built.company, built.content, calls=calls)
    trace = StartTrace(program, os.environ.get("CRMDESK_TRACE_START", ""))
    trace.setParent(app)
    farewell = Farewell(app.closeAllWindows)
    program.show()
    phone.start()
    try:
        return app.exec()
    finally:
        phone.stop()
        program.close()
        farewell.end()


def tell(line: dict[str, object]) -> None:
    """Write one JSON object as a line of standard output."""
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()
