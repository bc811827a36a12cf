"""Item models: rows fetched by page, data() only looks up."""
