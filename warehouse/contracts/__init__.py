"""The tables of the lake, one module a layer."""
