"""The operational store: what people say comes in by the inbox and leaves by the drain."""
