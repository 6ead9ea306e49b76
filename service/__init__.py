"""What the API and the worker share: one open release plus what was heard since."""
