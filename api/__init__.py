"""The only place that knows Litestar."""
