"""JSON-RPC 2.0 for scripts and tools: methods declared with their types, run on the desk's own services."""
