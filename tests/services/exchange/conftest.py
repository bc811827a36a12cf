"""The same desk as the conversations have."""

from tests.services.rpc.conftest import desk, profile, talk, template

__all__ = ["desk", "profile", "talk", "template"]
