"""The only place that knows Dagster."""
