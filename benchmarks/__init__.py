"""One script for each budget; each ends with one line of JSON."""
