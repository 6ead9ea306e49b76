"""Typed, deduplicated facts."""

import polars as pl

from warehouse.table import TIMESTAMP, Column, Table

STRINGS = pl.List(pl.String)

TICKET_FIELDS = (
    Column("ticket_id", pl.String, "Identifier of the ticket", distinct=True),
    Column("created_at", TIMESTAMP, "When the ticket was opened", required=True),
    Column("updated_at", TIMESTAMP, "When the record last changed: what is newer, records or events, stands over it"),
    Column("customer_id", pl.String, "Who wrote"),
    Column("customer_tier", pl.String, "free, starter, professional, premium or enterprise"),
    Column("organization_id", pl.String, "The customer's organization"),
    Column("product", pl.String, "Product concerned"),
    Column("product_version", pl.String, "Version of the product"),
    Column("product_module", pl.String, "Module of the product"),
    Column("category", pl.String, "Category that agents recorded"),
    Column("subcategory", pl.String, "Subcategory that agents recorded"),
    Column("priority", pl.String, "low, medium, high or critical"),
    Column("severity", pl.String, "P0 (worst) to P4"),
    Column("channel", pl.String, "How the ticket came in"),
    Column("subject", pl.String, "Subject line", distinct=True),
    Column("description", pl.String, "The customer's words", distinct=True),
    Column("error_logs", pl.String, "Attached log lines", distinct=True),
    Column("stack_trace", pl.String, "Attached stack trace", distinct=True),
    Column("customer_sentiment", pl.String, "Sentiment that was recorded"),
    Column("previous_tickets", pl.Int64, "Earlier tickets of the customer"),
    Column("resolution", pl.String, "What solved it, in the agent's words", distinct=True),
    Column("resolution_code", pl.String, "Kind of resolution"),
    Column("resolved_at", TIMESTAMP, "When it was resolved; null while open"),
    Column("resolution_time_hours", pl.Float64, "Hours from opening to resolution, as recorded"),
    Column("resolution_attempts", pl.Int64, "Solutions tried"),
    Column("agent_id", pl.String, "Agent who closed it"),
    Column("agent_experience_months", pl.Int64, "The agent's experience then"),
    Column("agent_specialization", pl.String, "The agent's field"),
    Column("agent_actions", STRINGS, "What the agent did, in order"),
    Column("escalated", pl.Boolean, "Whether it was escalated"),
    Column("escalation_reason", pl.String, "Why it was escalated"),
    Column("transferred_count", pl.Int64, "Hand-overs between agents"),
    Column("satisfaction_score", pl.Int64, "Customer's rating, 1 to 5"),
    Column("feedback_text", pl.String, "Customer's words about the resolution", distinct=True),
    Column("resolution_helpful", pl.Boolean, "Whether the resolution worked"),
    Column("tags", STRINGS, "Tags that agents set"),
    Column("related_tickets", STRINGS, "Tickets that agents linked"),
    Column("kb_articles_viewed", STRINGS, "Articles that the agent opened"),
    Column("kb_articles_helpful", STRINGS, "Articles that helped"),
    Column("environment", pl.String, "production, staging, ..."),
    Column("account_age_days", pl.Int64, "Age of the account then"),
    Column("account_monthly_value", pl.Float64, "Monthly value of the account"),
    Column("similar_issues_last_30_days", pl.Int64, "Similar issues in the 30 days before, as recorded"),
    Column("product_version_age_days", pl.Int64, "Days since the version was released"),
    Column("known_issue", pl.Boolean, "Whether the issue was known"),
    Column("bug_report_filed", pl.Boolean, "Whether a bug report was filed"),
    Column("resolution_template_used", pl.String, "Template of the resolution"),
    Column("auto_suggested_solutions", STRINGS, "What was suggested automatically"),
    Column("auto_suggestion_accepted", pl.Boolean, "Whether the agent used a suggestion"),
    Column("ticket_text_length", pl.Int64, "Characters of the text, as recorded"),
    Column("response_count", pl.Int64, "Messages back and forth"),
    Column("attachments_count", pl.Int64, "Attachments"),
    Column("contains_error_code", pl.Boolean, "Whether an error code was seen"),
    Column("contains_stack_trace", pl.Boolean, "Whether a stack trace was seen"),
    Column("business_impact", pl.String, "low, medium, high or critical"),
    Column("affected_users", pl.Int64, "Users affected"),
    Column("weekend_ticket", pl.Boolean, "Whether opened on a weekend"),
    Column("after_hours", pl.Boolean, "Whether opened outside office hours"),
    Column("language", pl.String, "Language, as recorded (ISO 639-1)"),
    Column("region", pl.String, "Region of the customer"),
)
"""The fields of a ticket record, in the order in which exports write them."""

TICKETS = Table(
    layer="silver",
    name="tickets",
    grain="One row per ticket, as its newest record and the events since say.",
    columns=(
        *TICKET_FIELDS,
        Column("load_id", pl.String, "The load that brought this version", required=True),
        Column("record_hash", pl.String, "The bronze record of this version; null: events only", distinct=True),
    ),
    primary_key=("ticket_id",),
)

EVENTS = Table(
    layer="silver",
    name="events",
    grain="One row per event that happened to a ticket.",
    columns=(
        Column("event_id", pl.String, "Idempotency key of the event", distinct=True),
        Column("type", pl.String, "What happened, in the past tense", required=True),
        Column("version", pl.Int64, "Version of the type's schema", required=True),
        Column("ticket_id", pl.String, "The ticket it happened to; `*`: it concerns no single one", required=True),
        Column("event_time", TIMESTAMP, "When it happened", required=True),
        Column("received_time", TIMESTAMP, "When we heard of it", required=True),
        Column("actor_kind", pl.String, "customer, agent or system", required=True),
        Column("actor_id", pl.String, "Who did it"),
        Column("payload", pl.String, "What the type carries, as JSON", required=True, distinct=True),
        Column("load_id", pl.String, "The load that brought it", required=True),
    ),
    primary_key=("event_id",),
)

ARTICLES = Table(
    layer="silver",
    name="articles",
    grain="One row per knowledge-base article, as its newest record says.",
    columns=(
        Column("article_id", pl.String, "Identifier of the article"),
        Column("title", pl.String, "Title", required=True),
        Column("body", pl.String, "Text, in Markdown", required=True, distinct=True),
        Column("product", pl.String, "Product it is about; null: all"),
        Column("module", pl.String, "Module it is about; null: all"),
        Column("language", pl.String, "Language (ISO 639-1)"),
        Column("created_at", TIMESTAMP, "When it was first published"),
        Column("updated_at", TIMESTAMP, "When it last changed"),
        Column("load_id", pl.String, "The load that brought this version", required=True),
        Column("record_hash", pl.String, "The bronze record of this version", required=True, distinct=True),
    ),
    primary_key=("article_id",),
)

QUARANTINE = Table(
    layer="silver",
    name="quarantine",
    grain="One row per received record that was refused, at its place.",
    columns=(
        Column("quarantine_id", pl.String, "Hash of kind, load, position and record", distinct=True),
        Column("kind", pl.String, "tickets, events, articles or search_events", required=True),
        Column("load_id", pl.String, "The load that brought it", required=True),
        Column("source", pl.String, "Name of the file, or `inbox`", required=True),
        Column("position", pl.Int64, "Line of the file, index in the array or inbox number, from 1", required=True),
        Column("record_hash", pl.String, "The bronze record", required=True, distinct=True),
        Column(
            "record", pl.String, "The record as text; bytes that are no UTF-8 are escaped", required=True, distinct=True
        ),
        Column("reason", pl.String, "malformed, contract, stale or conflict", required=True),
        Column("field", pl.String, "The field that broke the contract"),
        Column("detail", pl.String, "What was expected and what was found", required=True),
        Column("ticket_id", pl.String, "The record's identifier, where one could be read"),
    ),
    primary_key=("quarantine_id",),
)

SEARCH_EVENTS = Table(
    layer="silver",
    name="search_events",
    grain="One row per search that was made, with what became of it.",
    columns=(
        Column("search_id", pl.String, "Identifier of the search", distinct=True),
        Column("kind", pl.String, "What was asked for: solutions, answers or similar (tickets)", required=True),
        Column("asked_at", TIMESTAMP, "When it was asked", required=True),
        Column("ticket_id", pl.String, "The ticket it was asked for; `*`: none", required=True),
        Column("asker", pl.String, "Who asked, where that was said: an identifier of a system, or a digest"),
        Column("session", pl.String, "The session in which it was asked, where that was said; as `asker`"),
        Column("text", pl.String, "The question, cleaned and redacted", required=True, distinct=True),
        Column("text_hash", pl.String, "Whose vector stands for it in features/embeddings", required=True),
        Column("filters", pl.String, "What the search was restricted to, as JSON", required=True),
        Column("k", pl.Int64, "How many were asked for", required=True),
        Column("stages", STRINGS, "Stages that answered", required=True),
        Column("missing", STRINGS, "Stages that could not", required=True),
        Column("found", STRINGS, "The ten best of what was asked for, the best first", required=True),
        Column("scores", pl.List(pl.Float64), "The score of each", required=True),
        Column("articles", STRINGS, "The ten best articles, the best first", required=True),
        Column("returned", pl.Int64, "How many were found of what was asked for", required=True),
        Column("best_score", pl.Float64, "The best score; null without a result"),
        Column("release", pl.String, "The release that answered"),
        Column("latency_ms", pl.Float64, "How long it took", required=True),
        Column("shown", pl.Int64, "Suggestions that someone saw", required=True),
        Column("accepted", pl.Int64, "Suggestions that were used, edited or not", required=True),
        Column("edited", pl.Int64, "Suggestions that were used with changes", required=True),
        Column("refused", pl.Int64, "Suggestions put aside on purpose", required=True),
        Column("helped", pl.Boolean, "Whether it helped, as was said last; null: nobody said"),
        Column("accepted_rank", pl.Int64, "The best rank that was accepted, from 1"),
        Column("accepted_at", TIMESTAMP, "When a suggestion was first accepted"),
        Column("no_result", pl.Boolean, "Failure: nothing was found", required=True),
        Column("low_score", pl.Boolean, "Failure: nothing the release trusts; null: it does not say what it trusts"),
        Column("unaccepted", pl.Boolean, "Failure: nothing was accepted within a day; null: not known yet"),
        Column("rephrased", pl.Boolean, "Failure: asked again within ten minutes in other words", required=True),
        Column("load_id", pl.String, "The load that brought it", required=True),
    ),
    primary_key=("search_id",),
)

LABELS = Table(
    layer="silver",
    name="labels",
    grain="One row per statement on a ticket's label: what people said, and beside it what was recorded.",
    columns=(
        Column("label_id", pl.String, "The event that says it; of what was recorded, ticket and field", distinct=True),
        Column("ticket_id", pl.String, "Identifier of the ticket", required=True),
        Column("field", pl.String, "The column of silver/tickets, such as category", required=True),
        Column("value", pl.String, "The label; of flags yes or no", required=True),
        Column("previous", pl.String, "What it was put in the place of, where that was said"),
        Column("kind", pl.String, "recorded, corrected or confirmed", required=True),
        Column(
            "source", pl.String, "recorded, agent, customer, or review: asked for by the review queue", required=True
        ),
        Column("actor_id", pl.String, "Who said it; null: the records do not tell"),
        Column("said_at", TIMESTAMP, "When it was said; of what was recorded, when the record last changed"),
        Column("heard_at", TIMESTAMP, "When we heard of it"),
        Column("prediction_id", pl.String, "The prediction that was shown"),
        Column("review_id", pl.String, "The entry of the review queue that asked"),
        Column("holds", pl.Boolean, "Whether silver/tickets has this label now", required=True),
    ),
    primary_key=("label_id",),
)

TABLES = (TICKETS, EVENTS, ARTICLES, SEARCH_EVENTS, LABELS, QUARANTINE)
