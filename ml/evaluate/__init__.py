"""Measures and splits: the same for our data and for anyone's."""
