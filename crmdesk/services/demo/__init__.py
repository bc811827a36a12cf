"""A demo company that lives: its customers, their cars and calls, and a telephone that rings by itself."""
