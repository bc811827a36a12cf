"""Calls: from bytes to what an agent hears of them."""
