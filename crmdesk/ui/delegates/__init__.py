"""Delegates: all painting of rows."""
