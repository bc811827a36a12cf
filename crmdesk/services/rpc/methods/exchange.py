"""Comes later in this change."""

from __future__ import annotations

from crmdesk.services.rpc.method import Method

METHODS: tuple[Method, ...] = ()
