"""The parameters that all updates share."""

from __future__ import annotations

from collections.abc import Iterable

from crmdesk.services.rpc.kinds import ID, Field, integer, record

BY_ID = (Field("id", ID, required=True),)
BASE_VERSION = Field("base_version", integer(1), "the version that was looked at; left out: overwrite")


def changes_of(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Return the parameters of an update: which record, as of which version, what changes."""
    optional = (Field(field.name, field.kind, field.doc) for field in fields)
    return (*BY_ID, BASE_VERSION, Field("changes", record(*optional), "field names", required=True))
