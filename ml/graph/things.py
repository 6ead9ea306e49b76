"""Kinds of nodes and edges, and how a node is named: kind, colon, key."""

NODE_KINDS = (
    "Product", "Version", "Module", "Category", "Subcategory", "Issue", "Solution", "Article", "Ticket", "ErrorCode",
    "Term", "Customer",
)  # fmt: skip
EDGE_KINDS = (
    "AFFECTS", "HAS_ISSUE", "SOLVED_BY", "MENTIONS", "SEEN_IN", "DOCUMENTED_BY", "RELATED_TO", "DUPLICATES",
    "REPORTED_BY",
)  # fmt: skip
ENDS: dict[str, tuple[tuple[str, str], ...]] = {
    "AFFECTS": (("Issue", "Product"), ("Issue", "Version"), ("Issue", "Module")),
    "HAS_ISSUE": (("Category", "Issue"), ("Subcategory", "Issue"), ("Ticket", "Issue")),
    "SOLVED_BY": (("Ticket", "Solution"), ("Issue", "Solution")),
    "MENTIONS": (("Ticket", "ErrorCode"), ("Ticket", "Term"), ("Issue", "ErrorCode")),
    "SEEN_IN": (("Ticket", "Product"), ("Ticket", "Version"), ("Ticket", "Module")),
    "DOCUMENTED_BY": (("Issue", "Article"), ("Solution", "Article"), ("Ticket", "Article")),
    "RELATED_TO": (("Ticket", "Ticket"),),
    "DUPLICATES": (("Ticket", "Ticket"),),
    "REPORTED_BY": (("Ticket", "Customer"),),
}
"""What each kind of edge goes from, and to. From a ticket it was read; from anything else it is a sum over tickets."""


def node(kind: str, key: str) -> str:
    """The id of a node."""
    return f"{kind}:{key}"


def kind_of(node_id: str) -> str | None:
    """The kind of a node, None for what is no id of one."""
    kind, colon, _ = node_id.partition(":")
    return kind if colon and kind in NODE_KINDS else None
