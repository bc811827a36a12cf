"""The authority a desk trusts: a copy of its certificate lies in the profile, so the original may go or move.

What IT's policy names goes first: IT changes the authority there, for everybody.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from crmdesk.errors import FileFault
from crmdesk.services.store.files import worded, write_whole

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile
    from crmdesk.services.sync.address import ServerAddress


def keep_authority(profile: Profile, address: ServerAddress) -> None:
    """Copy the CA file of *address* into the profile, readable by its owner only.

    Raises:
        FileFault: it cannot be read.
        StoreFault: no space, or the profile cannot be written.
    """
    own = profile.layout.authority
    if not address.ca or Path(address.ca) == own:
        return
    try:
        content = Path(address.ca).read_bytes()
    except OSError as error:
        raise FileFault("The file {path} cannot be read.", path=address.ca) from error
    with worded(profile.path):
        write_whole(own, content)


def trusting(profile: Profile, address: ServerAddress) -> ServerAddress:
    """Return *address* with the CA file to believe: the policy's, else the profile's copy, else its own."""
    settings, own = profile.settings, profile.layout.authority
    if "server_ca" in settings.fixed and Path(settings.text("server_ca")).is_file():
        return replace(address, ca=settings.text("server_ca"))
    return replace(address, ca=str(own)) if own.is_file() else address


def forget_authority(profile: Profile) -> None:
    """Delete the copy: this desk works alone."""
    profile.layout.authority.unlink(missing_ok=True)
