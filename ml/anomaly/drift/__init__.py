"""Drift: how far what comes now is from what models learned from, in inputs, vectors, predictions and quality."""
