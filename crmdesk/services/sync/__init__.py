"""Sharing one database: what waits for the server, what came from it, and what it did not accept."""
