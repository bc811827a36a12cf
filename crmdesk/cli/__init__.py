"""The ``crmdesk`` command: one file per group of sub-commands."""
