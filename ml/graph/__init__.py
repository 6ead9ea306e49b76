"""The knowledge graph: issues, what hangs together with them, and ways through it."""
