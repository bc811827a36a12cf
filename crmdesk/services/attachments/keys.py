"""Keys of contents: they go in the transaction in which their attachments go, and the sealed files are noise.

What the server refused stays until a person has put that away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmdesk.models.attachment import ADD
from crmdesk.models.operations import RowChange

COMING, HERE, THERE, REFUSED = "coming", "here", "there", "refused"
"""What stands in ``attachment_file``: on its way; here; here and at the server; here and not taken there."""
HELD = "held"
"""Here for a record that is still being written down: no attachment yet (see :mod:`.staging`)."""

_FORGET = (
    f"DELETE FROM attachment_file WHERE state <> '{HELD}'"
    " AND id NOT IN (SELECT id FROM attachment) AND lower(hex(id)) NOT IN"
    " (SELECT replace(json_extract(payload, '$.id'), '-', '') FROM not_accepted"
    f" WHERE kind = '{ADD}' AND dismissed_at IS NULL)"
)


def forget_keys(connection: Any) -> None:
    """Forget the keys of contents that are nobody's; inside the caller's transaction."""
    connection.execute(_FORGET)


class KeyFollower:
    """Forgets the keys of attachments that go, whoever takes them away."""

    def follow(self, connection: Any, changes: Sequence[RowChange]) -> None:
        """Forget the keys of attachments that went."""
        if any(change.table == "attachment" and change.row is None for change in changes):
            forget_keys(connection)
