"""Tests of look-up, card, time line, search and edits."""
