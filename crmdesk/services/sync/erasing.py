"""Taking out of this desk whom the server had erased, and giving it the desk's word that nothing is left.

First thing at each contact: before anything is sent or fetched. What was to be sent about such a person is
taken back; the server would refuse it. The word is given once no byte of him stays in the store, in copies of
it and in the nightly backups; of files that somebody saved elsewhere the program knows nothing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.services.erasure import Wanted
from crmdesk.services.sync.connection import worded

if TYPE_CHECKING:
    from crmdesk.services.erasure import Erasure
    from crmdesk.services.sync.address import ServerAddress

INITIATOR = "sync"
_log = logging.getLogger("crmdesk.sync")


def destroy_erased(link: Any, address: ServerAddress, device: UUID, erasure: Erasure) -> int:
    """Take out whom the server wants taken out, confirm of whom nothing is left; return how many that were.

    A large store is written anew in the background: those are confirmed by a later call.

    Raises:
        ServerFault: the connection broke; what was done is confirmed the next time.
        StoreFault: the disk is full, or somebody is just typing; it is tried again the next time.
    """
    with worded(address):
        told = link.execute("SELECT crm.my_erasures(%s::uuid)", (device,)).fetchone()[0]
    wanted = [
        Wanted(str(each["erasure"]), UUID(each["customer_id"]), tuple(map(UUID, each["row_ids"])))
        for each in told
    ]
    if not wanted:
        return 0
    for each in wanted:
        erasure.take_out(each, INITIATOR)
    clean = erasure.cleaned(wanted)
    for name in sorted(clean):
        with worded(address):
            link.execute("SELECT crm.confirm_erasure(%s::uuid, %s::uuid)", (device, name))
    erasure.finish(clean)
    _log.info("%s of %s erased persons left nothing here", len(clean), len(wanted))
    return len(clean)
