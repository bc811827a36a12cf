"""What runs beside the shared PostgreSQL: install, upgrade, check; the rules themselves are SQL in `sql/`."""
