"""The graph as two tables: what each ticket says and what became of it, and sums of that over issues."""

import polars as pl

from ml.graph.codes import told
from ml.graph.terms import technical as told_apart
from ml.graph.terms import words
from ml.graph.things import ENDS, node
from ml.text.entities import Catalogue, entities
from warehouse.contracts.graph import EDGES, NODES

LEAST_TICKETS = 2
"""Tickets that must agree before their issue hangs together with a thing."""
LEAST_SHARE = 0.1
"""Share of an issue's tickets that recorded a category before it has that issue."""
_ISSUE_OF = {"Product": "AFFECTS", "Version": "AFFECTS", "Module": "AFFECTS", "ErrorCode": "MENTIONS"}


def text_of(problems: pl.DataFrame) -> pl.Series:
    """All that a ticket says, as it is searched."""
    return problems.select(pl.concat_str("title", "body", "errors", separator="\n", ignore_nulls=True)).to_series()


def technical(problems: pl.DataFrame, members: pl.DataFrame, said: pl.DataFrame) -> pl.Series:
    """The terms of these tickets, the most telling first; `said` are the words of their texts (`terms.words`)."""
    owners = problems.select("customer_id").with_row_index("text").cast({"text": pl.Int64})
    belongs = problems.join(members, on="ticket_id", how="left", maintain_order="left")["issue_id"]
    return told_apart(said, owners, belongs, codes_of(text_of(problems)))


def ticket_edges(
    problems: pl.DataFrame, outcomes: pl.DataFrame, attempts: pl.DataFrame, terms: pl.Series
) -> pl.DataFrame:
    """Edges that start at these tickets: rows of `search/problems`, and of the same tickets `search/attempts`.

    `outcomes` holds ticket_id, resolved_at, resolution_code, related_tickets, kb_articles_helpful; `terms` are
    the words that are terms. What was said is known from the opening, what agents found from the resolution.
    """
    opened = problems.select("ticket_id", since="created_at")
    said = text_of(problems)
    codes = told(entities(said, Catalogue()))
    named = words(said).filter(pl.col("term").is_in(terms.implode()))
    place = opened.with_row_index("text").with_columns(pl.col("text").cast(pl.Int64))
    version = problems.select(
        "ticket_id", key=pl.concat_str("product", "product_version", separator=" "), since="created_at"
    )
    ended = outcomes.select(
        "ticket_id",
        "related_tickets",
        "kb_articles_helpful",
        since="resolved_at",
        duplicate=pl.col("resolution_code").str.to_lowercase().str.contains("duplicate").fill_null(False),
    ).drop_nulls("since")
    linked = ended.explode("related_tickets").with_columns(key="related_tickets")
    linked = linked.filter(pl.col("key") != pl.col("ticket_id"))
    parts = [
        _edges(problems.select("ticket_id", key="customer_id", since="created_at"), "REPORTED_BY", "Customer"),
        _edges(problems.select("ticket_id", key="product", since="created_at"), "SEEN_IN", "Product"),
        _edges(version, "SEEN_IN", "Version"),
        _edges(problems.select("ticket_id", key="product_module", since="created_at"), "SEEN_IN", "Module"),
        _edges(codes.join(place, on="text").rename({"code": "key"}), "MENTIONS", "ErrorCode"),
        _edges(named.join(place, on="text").rename({"term": "key"}), "MENTIONS", "Term"),
        _edges(linked.filter(~pl.col("duplicate")), "RELATED_TO", "Ticket"),
        _edges(linked.filter("duplicate"), "DUPLICATES", "Ticket"),
        _edges(ended.explode("kb_articles_helpful").rename({"kb_articles_helpful": "key"}), "DOCUMENTED_BY", "Article"),
        _edges(
            attempts.join(opened.select("ticket_id"), on="ticket_id", how="semi").select(
                "ticket_id",
                key="solution_id",
                since="at",
                attempts=pl.lit(1, pl.Int64),
                successes=pl.col("succeeded").cast(pl.Int64),
                last="at",
            ),
            "SOLVED_BY",
            "Solution",
        ),
    ]
    return pl.concat(parts).unique(EDGES.primary_key, keep="first", maintain_order=True)


def issue_edges(tickets: pl.DataFrame, members: pl.DataFrame, problems: pl.DataFrame) -> pl.DataFrame:
    """Edges of issues: sums over the edges of their tickets (`ticket_edges` of all), and of their categories.

    `problems` needs ticket_id, category, subcategory, created_at.
    """
    belongs = members.select(source=_id("Ticket", "ticket_id"), issue=_id("Issue", "issue_id"), opened="since")
    mine = tickets.join(belongs, on="source")
    kind_of = pl.col("target").str.split_exact(":", 1).struct.field("field_0")
    things = mine.with_columns(to=kind_of).filter(pl.col("to").is_in(list(_ISSUE_OF)))
    things = things.with_columns(kind=pl.col("to").replace_strict(_ISSUE_OF))
    solved = mine.filter(kind="SOLVED_BY")
    documented = mine.filter(kind="DOCUMENTED_BY")
    won = solved.filter(pl.col("successes") > 0).select("source", solution="target")
    by_solution = documented.join(won, on="source").with_columns(issue="solution")
    own = _edges(members.select("ticket_id", key="issue_id", since="since"), "HAS_ISSUE", "Issue")
    return pl.concat([
        own,
        _summed(things, LEAST_TICKETS),
        _summed(solved, 1),
        _summed(documented, LEAST_TICKETS),
        _summed(by_solution, LEAST_TICKETS),
        _categories(members, problems, "Category"),
        _categories(members, problems, "Subcategory"),
    ])  # fmt: skip


def told_in_articles(solutions: pl.DataFrame, passages: pl.DataFrame) -> pl.DataFrame:
    """Solution DOCUMENTED_BY Article, where a passage has one of the solution's sayings in it."""
    sayings = solutions.select("solution_id", "sayings").explode("sayings").drop_nulls()
    sayings = sayings.with_columns(pl.col("sayings").str.to_lowercase().str.strip_chars(" .")).filter(
        pl.col("sayings").str.len_chars() >= 12
    )
    if sayings.is_empty() or passages.is_empty():
        return pl.DataFrame(schema=EDGES.schema)
    patterns = sayings["sayings"].unique(maintain_order=True)
    hits = passages.select(
        "article_id",
        "created_at",
        said=pl.col("text").str.to_lowercase().str.extract_many(patterns.implode(), overlapping=True),
    ).explode("said")
    both = hits.drop_nulls("said").join(sayings, left_on="said", right_on="sayings")
    rows = both.select(source=_id("Solution", "solution_id"), target=_id("Article", "article_id"), since="created_at")
    return _shaped(rows.unique(["source", "target"], keep="first", maintain_order=True), "DOCUMENTED_BY")


def nodes(
    edges: pl.DataFrame,
    problems: pl.DataFrame,
    solutions: pl.DataFrame,
    passages: pl.DataFrame,
    issues: pl.DataFrame,
) -> pl.DataFrame:
    """Every thing that an edge ends at, and every ticket, solution, article and issue, with its name."""
    ends = pl.concat([
        edges.select(node_id="source", since="since"),
        edges.select(node_id="target", since="since"),
    ])  # fmt: skip
    named = pl.concat([
        problems.select(node_id=_id("Ticket", "ticket_id"), name="title", since="created_at"),
        solutions.select(node_id=_id("Solution", "solution_id"), name="text", since="first_at"),
        passages.unique("article_id", keep="first", maintain_order=True).select(
            node_id=_id("Article", "article_id"), name="title", since="created_at"
        ),
        issues.select(node_id=_id("Issue", "issue_id"), name="name", since="first_at"),
    ])  # fmt: skip
    own = pl.col("node_id").str.splitn(":", 2)
    rest = (
        ends.join(named, on="node_id", how="anti")
        .group_by("node_id")
        .agg(pl.col("since").min())
        .select("node_id", name=own.struct.field("field_1"), since="since")
    )
    rows = pl.concat([named, rest]).with_columns(kind=own.struct.field("field_0"))
    return rows.select(NODES.schema.names()).unique("node_id", keep="first").sort("node_id")


def _id(kind: str, column: str) -> pl.Expr:
    return pl.lit(node(kind, "")) + pl.col(column)


def _edges(rows: pl.DataFrame, kind: str, target: str) -> pl.DataFrame:
    """Edges from tickets (`ticket_id`) to things (`key`) of one kind; rows without a thing are none."""
    known = rows.filter(pl.col("key").str.len_chars() > 0).with_columns(
        source=_id("Ticket", "ticket_id"), target=_id(target, "key")
    )
    return _shaped(known, kind)


def _shaped(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    blanks = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in EDGES.schema.items()
        if name not in rows.columns and name != "kind"
    ]
    shaped = rows.with_columns(*blanks, kind=pl.lit(kind))
    return shaped.select(pl.col(name).cast(dtype) for name, dtype in EDGES.schema.items())


def _summed(rows: pl.DataFrame, least: int) -> pl.DataFrame:
    """One edge for each issue (or what stands in `issue`), target and kind that enough tickets agree on."""
    grouped = rows.group_by("issue", "target", "kind", maintain_order=True).agg(
        pl.len(),
        pl.col("since").min(),
        attempts=pl.when(pl.col("attempts").is_not_null().any()).then(pl.col("attempts").sum()),
        successes=pl.when(pl.col("successes").is_not_null().any()).then(pl.col("successes").sum()),
        last=pl.col("since").max().alias("last"),
    )
    return grouped.filter(pl.col("len") >= least).rename({"issue": "source"}).select(EDGES.schema.names())


def _categories(members: pl.DataFrame, problems: pl.DataFrame, kind: str) -> pl.DataFrame:
    column = kind.lower()
    rows = members.select("ticket_id", "issue_id").join(problems, on="ticket_id").drop_nulls(column)
    counted = rows.group_by("issue_id", column, maintain_order=True).agg(
        pl.len(), since=pl.col("created_at").min(), last=pl.col("created_at").max()
    )
    enough = (pl.col("len") >= LEAST_TICKETS) & (pl.col("len") >= LEAST_SHARE * pl.col("len").sum().over("issue_id"))
    kept = counted.filter(enough).with_columns(source=_id(kind, column), target=_id("Issue", "issue_id"))
    return _shaped(kept, "HAS_ISSUE")


def allowed(edges: pl.DataFrame) -> pl.DataFrame:
    """The edges whose ends are of kinds that `ENDS` names."""
    kinds = [pl.col(end).str.split_exact(":", 1).struct.field("field_0") for end in ("source", "target")]
    fits = pl.concat_str(pl.col("kind"), *kinds, separator=" ")
    return edges.filter(fits.is_in([f"{kind} {a} {b}" for kind, ends in ENDS.items() for a, b in ends]))


def of_tickets(edges: pl.DataFrame) -> pl.DataFrame:
    """Those of `graph/edges` that `ticket_edges` made."""
    return edges.filter(pl.col("source").str.starts_with(node("Ticket", "")), pl.col("kind") != "HAS_ISSUE")


def whole(
    tickets: pl.DataFrame,
    members: pl.DataFrame,
    problems: pl.DataFrame,
    solutions: pl.DataFrame,
    passages: pl.DataFrame,
) -> pl.DataFrame:
    """Rows of `graph/edges`: those of all tickets, the sums over issues, and what articles say; each once.

    Links to tickets that are not there, or not any more, are left out.
    """
    there = problems.select(target=_id("Ticket", "ticket_id"))
    to_ticket = pl.col("target").str.starts_with(node("Ticket", ""))
    lost = tickets.filter(to_ticket).join(there, on="target", how="anti")
    tickets = tickets.join(lost, on=EDGES.primary_key, how="anti", maintain_order="left")
    parts = [tickets, issue_edges(tickets, members, problems), told_in_articles(solutions, passages)]
    return allowed(pl.concat(parts)).unique(EDGES.primary_key, keep="first", maintain_order=True)


def codes_of(texts: pl.Series) -> pl.Series:
    """Every code and exception that these texts name."""
    return told(entities(texts, Catalogue()))["code"].unique()
