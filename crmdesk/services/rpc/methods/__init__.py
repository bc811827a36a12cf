"""The methods of the interface, one file per family; each declares a tuple ``METHODS``."""

from __future__ import annotations

from collections.abc import Mapping

from crmdesk.services.rpc.method import Method


def all_methods() -> Mapping[str, Method]:
    """Return every method by name, in the order in which the documentation tells them."""
    from crmdesk.services.rpc.methods import (
        attachments,
        calls,
        complaints,
        contacts,
        customers,
        erasing,
        exchange,
        knowledge,
        letters,
        sharing,
        surveys,
        system,
        work,
    )

    ours = (system, sharing, customers, erasing, contacts, work, calls, complaints, letters, surveys)
    families = (*ours, attachments, knowledge, exchange)
    return {method.name: method for family in families for method in family.METHODS}
