"""Whole days of the people in the house, by key presses in the real window over a real store."""
