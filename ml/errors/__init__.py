"""Where champions err: confusions, confidence, hardest tickets, slices that are worse than the rest beyond chance."""

from ml.errors.answered import READ, Answered, answered, resolution_answered
from ml.errors.report import write
from ml.errors.tables import table_rows

__all__ = ["READ", "Answered", "answered", "resolution_answered", "table_rows", "write"]
