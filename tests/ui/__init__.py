"""Tests of what is seen, offscreen and driven by keys."""
