"""Predict, find, answer, monitor on one open release plus the inbox since; what API and worker share."""
