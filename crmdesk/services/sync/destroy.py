"""What a desk does when the administrator has put it off the server: key first, then everything else.

Without its key the store is noise, so a desk that is stopped half-way has lost nothing but noise; the next
contact goes on where it stopped.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from crmdesk.services.store.keys import STORE_KEY
from crmdesk.services.sync.address import PASSWORD

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile

_log = logging.getLogger("crmdesk.sync")


def destroy(profile: Profile, close: Callable[[], None]) -> None:
    """Destroy what *profile* holds; *close* closes its store in between.

    The keys of older backups are other ones: what lies in the backup folder stays sealed by its passphrase.

    Raises:
        KeyUnavailable: the keyring does not let go of the key; nothing else was done.
        OSError: a file could not be deleted; without its key it is noise.
    """
    for name in (STORE_KEY, PASSWORD):
        profile.secrets.delete(profile.id, name)
    close()
    layout = profile.layout
    small = (layout.recovery, layout.identity, layout.settings, layout.authority)
    for path in (layout.store, layout.drafts, *small):
        for each in _family(path):
            each.unlink(missing_ok=True)
    if layout.attachments.exists():
        shutil.rmtree(layout.attachments)
    _log.warning("this desk was put off the server; its key and files are destroyed")


def _family(path: Path) -> list[Path]:
    """Return *path* with its journals, copies and what was set aside of it."""
    return sorted(path.parent.glob(f"{path.name}*"))
