"""Tests of the knowledge base: analysis, index, search, suggestions and article rules."""
