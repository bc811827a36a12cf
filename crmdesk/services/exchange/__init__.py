"""Files of other programs: reading and writing customers, contacts, assets, visits and articles."""
