"""crmdesk: the desktop of a service hotline."""

__version__ = "0.1.0"
