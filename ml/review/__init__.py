"""Which tickets people should look at first: active learning, and a fair sample."""
