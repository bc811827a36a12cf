"""Where the trace of a bug goes: the profile's log, or the user's when there is no profile."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path


def write_trace(bug: BaseException, given: argparse.Namespace) -> Path:
    """Write the trace of *bug* to the log, personal data masked; return the log's path."""
    from crmdesk.logs import log_file

    with log_file(_folder(given)) as path:
        logging.getLogger("crmdesk.cli").error(
            "bug in crmdesk %s", getattr(given, "command", ""), exc_info=(type(bug), bug, bug.__traceback__)
        )
    return path


def _folder(given: argparse.Namespace) -> Path:
    import platformdirs

    from crmdesk.services.profile import Layout, is_profile, profile_path

    profile = profile_path(given.profile, os.environ)
    if is_profile(profile):
        return Layout(profile).logs
    return platformdirs.user_log_path("crmdesk", appauthor=False)
