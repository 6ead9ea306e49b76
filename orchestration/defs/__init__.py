"""The assets, one module a layer."""
