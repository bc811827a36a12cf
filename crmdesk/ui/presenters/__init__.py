"""What happens between views and services: requests, slots, commands."""
