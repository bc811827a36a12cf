"""Who calls and what is known of him: look-up, card, time line, search, and the changes agents make."""
