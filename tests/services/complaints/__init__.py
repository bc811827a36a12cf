"""Complaints: intake, steps, letters, lists, figures, and what other people send."""
