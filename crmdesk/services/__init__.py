"""What can be done: use cases and adapters to store, telephone and files. No Qt."""
