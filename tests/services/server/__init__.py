"""Tests of the shared PostgreSQL."""
