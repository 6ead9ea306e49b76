"""When to learn again, from whom, and whether what was learned may serve."""
