"""The store of one desk, on real encrypted files."""
