"""The composed program: a desk with its window."""
