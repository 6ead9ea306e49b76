"""Measurements that anyone can repeat, side by side with a limit or a peer."""
