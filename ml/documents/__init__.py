"""Documents about models, written from their cards and the tables of their errors: pages of Markdown with figures."""

from ml.documents.write import CHAMPIONS, write

__all__ = ["CHAMPIONS", "write"]
