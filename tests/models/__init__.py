"""What is true: entities, operations and their effects."""
