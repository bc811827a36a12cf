"""What the settings of a desk say about its telephony."""

from __future__ import annotations

from crmdesk.services.telephony.ami_client import AmiSettings
from crmdesk.services.telephony.numbers import SiteRules
from crmdesk.settings import Settings

SECRET_NAME = "telephony"  # noqa: S105 - the name under which the keyring has the password
"""Name of the telephone system's password among the secrets of a profile."""


def site_rules(settings: Settings) -> SiteRules:
    """Return how numbers are read at this site."""
    site = settings.site
    return SiteRules(site.country, site.area_code, site.outside_prefix)


def ami_settings(settings: Settings, secret: str) -> AmiSettings:
    """Return where the telephone system is; *secret* is its password."""
    host, port = settings.text("telephony_host"), settings.number("telephony_port")
    return AmiSettings(host, port, settings.text("telephony_user"), secret)
