"""The encrypted store of one desk: connections, tables, units of work, drafts, backups."""
