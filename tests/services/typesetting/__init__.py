"""Texts in both scripts on paper."""
