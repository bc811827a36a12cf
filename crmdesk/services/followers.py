"""The indexes that follow the rows of the store, inside the transactions that change them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import Follower


def followers() -> Sequence[Follower]:
    """Return every index of this program, of articles and of "find anything", and who keeps keys of files."""
    from crmdesk.services.attachments.keys import KeyFollower
    from crmdesk.services.customers.search_index import CustomerSearchIndex
    from crmdesk.services.knowledge.follower import KnowledgeFollower

    return KnowledgeFollower(), CustomerSearchIndex(), KeyFollower()
