"""The knowledge graph as tables: what the indexes hold, for anyone with SQL."""

import polars as pl

from warehouse.table import TIMESTAMP, Column, Table

STRINGS = pl.List(pl.String)

NODES = Table(
    layer="graph",
    name="nodes",
    grain="One row per thing of the graph.",
    columns=(
        Column("node_id", pl.String, "Kind, colon, key: `Ticket:TK-1`, `Version:DataSync Pro 4.2.0`"),
        Column(
            "kind",
            pl.String,
            "Product, Version, Module, Category, Subcategory, Issue, Solution, Article, Ticket, ErrorCode, Term or "
            "Customer",
            required=True,
        ),
        Column("name", pl.String, "How people call it, redacted", required=True),
        Column("since", TIMESTAMP, "When it was first known"),
    ),
    primary_key=("node_id",),
    owner="team:machine-learning",
)

EDGES = Table(
    layer="graph",
    name="edges",
    grain="One row per two things and how they hang together.",
    columns=(
        Column("source", pl.String, "node_id"),
        Column("target", pl.String, "node_id"),
        Column(
            "kind",
            pl.String,
            "AFFECTS, HAS_ISSUE, SOLVED_BY, MENTIONS, SEEN_IN, DOCUMENTED_BY, RELATED_TO, DUPLICATES, REPORTED_BY",
        ),
        Column("since", TIMESTAMP, "When it was known: withheld from questions of an earlier time"),
        Column("attempts", pl.Int64, "SOLVED_BY: how often it was tried"),
        Column("successes", pl.Int64, "SOLVED_BY: how often it helped"),
        Column("last", TIMESTAMP, "When it was last seen"),
    ),
    primary_key=("source", "target", "kind"),
    owner="team:machine-learning",
)

ISSUES = Table(
    layer="graph",
    name="issues",
    grain="One row per issue: tickets that have one cause, as far as words, errors and remedies tell.",
    columns=(
        Column("issue_id", pl.String, "Stable identifier: ISS- and a digest of its first ticket"),
        Column("name", pl.String, "Its distinguishing terms, redacted", required=True),
        Column("category", pl.String, "Most frequent category"),
        Column("subcategory", pl.String, "Most frequent subcategory"),
        Column("products", STRINGS, "Products, the most frequent first", required=True),
        Column("versions", STRINGS, "`product version`, the most over-represented first", required=True),
        Column("modules", STRINGS, "Modules, the most frequent first", required=True),
        Column("error_codes", STRINGS, "Error codes, the most frequent first", required=True),
        Column("tickets", pl.Int64, "Tickets that belong to it", required=True),
        Column("customers", pl.Int64, "Customers who reported it", required=True),
        Column("open_tickets", pl.Int64, "Tickets of it that are not resolved", required=True),
        Column(
            "tickets_last_30_days",
            pl.Int64,
            "Of them in the 30 days before the newest ticket of the lake",
            required=True,
        ),
        Column("trend", pl.Float64, "Ratio of the last 30 days to the mean of the 90 before; null: nothing before"),
        Column("first_at", TIMESTAMP, "When it was first reported", required=True),
        Column("last_at", TIMESTAMP, "When it was last reported", required=True),
        Column("open_since", TIMESTAMP, "When its oldest open ticket was opened"),
        Column("best_solution_id", pl.String, "The solution with the highest shrunk rate of success"),
        Column("example_ticket_ids", STRINGS, "Tickets nearest to its centre", required=True),
    ),
    primary_key=("issue_id",),
    owner="team:machine-learning",
)

ISSUE_MEMBERS = Table(
    layer="graph",
    name="issue_members",
    grain="One row per ticket that belongs to an issue.",
    columns=(
        Column("ticket_id", pl.String, "Identifier of the ticket", distinct=True),
        Column("issue_id", pl.String, "The issue", required=True),
        Column("since", TIMESTAMP, "When the ticket was opened", required=True),
    ),
    primary_key=("ticket_id",),
    owner="team:machine-learning",
)

ISSUE_CHANGES = Table(
    layer="graph",
    name="issue_changes",
    grain="One row per issue that began, was split off another, or was merged into another.",
    columns=(
        Column("issue_id", pl.String, "The issue"),
        Column("change", pl.String, "opened, split or merged"),
        Column("other", pl.String, "What it was split off, or merged into; empty for opened"),
        Column("at", TIMESTAMP, "Opening of the newest ticket when that was seen", required=True),
        Column("tickets", pl.Int64, "Tickets that it had then", required=True),
    ),
    primary_key=("issue_id", "change", "other"),
    owner="team:machine-learning",
)

TABLES = (NODES, EDGES, ISSUES, ISSUE_MEMBERS, ISSUE_CHANGES)
