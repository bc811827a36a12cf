"""The parts of the window; each declares signals, none knows another."""
