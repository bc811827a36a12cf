"""Letting other processes use a desk that is open here: what a window starts, so that scripts join it."""

from __future__ import annotations

from pathlib import Path

from crmdesk.services.attach import AttachServer
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.methods import all_methods
from crmdesk.services.rpc.session import Session


def attach_server(folder: Path, desk: Desk) -> AttachServer:
    """Return what lets `crmdesk rpc` and the other commands join *desk*; start it, and stop it first."""
    methods = all_methods()
    return AttachServer(folder, lambda send: Session(desk, methods, send))
