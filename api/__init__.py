"""The way in from outside: HTTP, and nothing that could be done below."""
