"""What is done to text before anything learns from it."""
