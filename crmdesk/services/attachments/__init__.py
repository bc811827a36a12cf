"""Files of complaints and customers: their content, sealed, beside the store."""
