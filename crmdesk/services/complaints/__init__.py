"""Complaints as use cases: what is done with them, found about them, written to people."""
