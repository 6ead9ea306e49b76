"""Answers from what was found: composed with their sources, verified against them, judged; and tickets in short."""
