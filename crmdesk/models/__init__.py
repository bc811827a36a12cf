"""What is true: entities, value types, rules, operations and their effects. Standard library only."""
