"""Learners that put a ticket into a class, one a file."""
