"""What can be learned from these tickets at all, and what leaks: asked before anything is trained."""

from ml.audit.report import write
from ml.audit.run import SAMPLE, Audit, Finding, audit
from ml.audit.tables import as_json, column_rows, target_rows

__all__ = ["SAMPLE", "Audit", "Finding", "as_json", "audit", "column_rows", "target_rows", "write"]
