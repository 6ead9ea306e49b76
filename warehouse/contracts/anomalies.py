"""What goes wrong: how many tickets were expected and came, what is new, how people feel, what nobody could answer."""

import polars as pl

from warehouse.table import TIMESTAMP, Column, Table

STRINGS = pl.List(pl.String)
OWNER = "team:machine-learning"

VOLUME = Table(
    layer="anomalies",
    name="volume",
    grain="One row per series, frequency and window that was scanned and has tickets, or should have had some.",
    columns=(
        Column("dimension", pl.String, "What the series is a value of: all, category, version, region, ..."),
        Column("series", pl.String, "The value, such as `Export 3.2` of version"),
        Column("frequency", pl.String, "hour or day"),
        Column("window_start", TIMESTAMP, "First moment of the window; it ends with the next"),
        Column("tickets", pl.Int64, "Tickets opened within it", required=True),
        Column("expected", pl.Float64, "Tickets that were to be expected", required=True),
        Column("upper", pl.Float64, "What so many tickets exceed only by chance of one in a hundred", required=True),
        Column("p", pl.Float64, "Probability of as many tickets or more where nothing is wrong", required=True),
        Column("score", pl.Float64, "-log10 of the same for this window and those just before it", required=True),
        Column("baseline", pl.String, "own history, pooled with other series', or none", required=True),
        Column("alarm", pl.Boolean, "Whether it became a signal", required=True),
        Column("known_at", TIMESTAMP, "Opening of the ticket that decided, or the end of the window; null: no alarm"),
    ),
    primary_key=("dimension", "series", "frequency", "window_start"),
    owner=OWNER,
)

SIGNALS = Table(
    layer="anomalies",
    name="signals",
    grain="One row per signal: something that is not as expected, in one series and window.",
    columns=(
        Column("signal_id", pl.String, "SIG- and a digest of kind, dimension, series and start of the window"),
        Column("kind", pl.String, "volume, trend, new_issue, mood, unanswered or categorisation", required=True),
        Column("dimension", pl.String, "What the series is a value of", required=True),
        Column("series", pl.String, "The value", required=True),
        Column("window_start", TIMESTAMP, "First moment of what was looked at", required=True),
        Column("window_end", TIMESTAMP, "The moment after it", required=True),
        Column("known_at", TIMESTAMP, "When it could be known: opening of the deciding ticket", required=True),
        Column("name", pl.String, "What is wrong, as people read it, redacted", required=True),
        Column("observed", pl.Float64, "What was counted or measured", required=True),
        Column("expected", pl.Float64, "What was to be expected"),
        Column("upper", pl.Float64, "Upper end of what was to be expected"),
        Column("effect", pl.Float64, "How large it is: ratio of counts, or shift of a share"),
        Column("p", pl.Float64, "Probability of this where nothing is wrong, of this series alone", required=True),
        Column("score", pl.Float64, "-log10 of p; comparable across series and kinds", required=True),
        Column("entities", STRINGS, "Nodes of the graph that it is about, such as `Version:Export 3.2`", required=True),
        Column("ticket_ids", STRINGS, "Tickets in it, the newest first, at most 100", required=True),
    ),
    primary_key=("signal_id",),
    owner=OWNER,
)

SENTENCES = Table(
    layer="anomalies",
    name="sentences",
    grain="One row per sentence that tickets said, what varies taken away, and encoder: how near it came to the past.",
    columns=(
        Column("text_hash", pl.String, "BLAKE2b (128 bit, hex) of the sentence", distinct=True),
        Column("encoder", pl.String, "Digest of the encoder: what models/encoder's card calls `encoder`"),
        Column("first_at", TIMESTAMP, "Opening of the first ticket that said it", required=True),
        Column("nearest", pl.Float64, "Greatest cosine with older sentences; null: there were too few"),
        Column("strange", pl.Boolean, "Whether it is among the farthest from the past", required=True),
        Column("vector", pl.Binary, "Float32, little endian; null: an older one stands for it", distinct=True),
    ),
    primary_key=("text_hash", "encoder"),
    owner=OWNER,
)

STRANGE_SENTENCES = Table(
    layer="anomalies",
    name="strange_sentences",
    grain="One row per ticket and sentence of it that is unlike any of the past.",
    columns=(
        Column("ticket_id", pl.String, "Identifier of the ticket", distinct=True),
        Column("text_hash", pl.String, "Hash of the sentence", distinct=True),
        Column("sentence", pl.String, "Letters alone, in lower case, redacted", required=True, distinct=True),
        Column("created_at", TIMESTAMP, "When the ticket was opened", required=True),
        Column("customer_id", pl.String, "Who wrote"),
        Column("version", pl.String, "Product and version"),
    ),
    primary_key=("ticket_id", "text_hash"),
    owner=OWNER,
)

NEW_ISSUES = Table(
    layer="anomalies",
    name="new_issues",
    grain="One row per candidate: tickets alike that no category and no known issue fits.",
    columns=(
        Column("candidate_id", pl.String, "Stable identifier: NEW- and a digest of its first ticket"),
        Column("name", pl.String, "Its distinguishing terms, redacted", required=True),
        Column("state", pl.String, "forming, new, known (an issue of the graph fits) or quiet", required=True),
        Column("terms", STRINGS, "Terms that tell it from other tickets, the most telling first", required=True),
        Column("first_at", TIMESTAMP, "Opening of its first ticket", required=True),
        Column("last_at", TIMESTAMP, "Opening of its newest ticket", required=True),
        Column("known_at", TIMESTAMP, "Opening of the ticket that made it new; null while forming"),
        Column("tickets", pl.Int64, "Tickets in it", required=True),
        Column("customers", pl.Int64, "Customers who wrote them", required=True),
        Column("versions", STRINGS, "`product version`, the most over-represented first", required=True),
        Column("coherence", pl.Float64, "Mean cosine of its tickets with its centre", required=True),
        Column("growth_p", pl.Float64, "Probability of so many in so short a time by chance", required=True),
        Column("nearest_issue", pl.String, "The known issue that is most alike"),
        Column("likeness", pl.Float64, "Cosine of the two centres"),
        Column("ticket_ids", STRINGS, "Its tickets, the newest first, at most 100", required=True),
    ),
    primary_key=("candidate_id",),
    owner=OWNER,
)

MOOD = Table(
    layer="anomalies",
    name="mood",
    grain="One row per area and day: how sentiment differs from the weeks before, each customer counting once.",
    columns=(
        Column("dimension", pl.String, "product or module"),
        Column("series", pl.String, "The area"),
        Column("day", pl.Date, "Last day of the window"),
        Column("tickets", pl.Int64, "Tickets in the window", required=True),
        Column("customers", pl.Int64, "Customers who wrote them", required=True),
        Column("shift", pl.Float64, "Chance of a worse mood than before, less that of a better one", required=True),
        Column("low", pl.Float64, "Lower end of its interval (95 %)", required=True),
        Column("high", pl.Float64, "Upper end of it", required=True),
        Column("p", pl.Float64, "Probability of so large a shift by chance", required=True),
        Column("alarm", pl.Boolean, "Whether it became a signal", required=True),
    ),
    primary_key=("dimension", "series", "day"),
    owner=OWNER,
)

UNANSWERED = Table(
    layer="anomalies",
    name="unanswered",
    grain="One row per topic that people search for and are not helped with.",
    columns=(
        Column("topic_id", pl.String, "Stable identifier: TOP- and a digest of its first search"),
        Column("name", pl.String, "Its distinguishing terms, redacted", required=True),
        Column("terms", STRINGS, "Terms that tell it from other searches, the most telling first", required=True),
        Column("first_at", TIMESTAMP, "When it was first searched for", required=True),
        Column("last_at", TIMESTAMP, "When it was last searched for", required=True),
        Column("known_at", TIMESTAMP, "The search that made it worth telling; null before"),
        Column("searches", pl.Int64, "Searches of it", required=True),
        Column("askers", pl.Int64, "People or sessions that searched; of those that said who", required=True),
        Column("failed", pl.Int64, "Of them those that found too little", required=True),
        Column("refused", pl.Int64, "Of them those whose suggestions were refused", required=True),
        Column("rephrased", pl.Int64, "Of them those that were asked again in other words", required=True),
        Column("tickets", pl.Int64, "Tickets that say the same; 0: people search before they write", required=True),
        Column("p", pl.Float64, "Probability of so many failures at the usual rate", required=True),
        Column("examples", STRINGS, "What was asked, redacted, at most 10", required=True),
        Column("search_ids", STRINGS, "The searches, the newest first, at most 100", required=True),
    ),
    primary_key=("topic_id",),
    owner=OWNER,
)

CATEGORISATION = Table(
    layer="anomalies",
    name="categorisation",
    grain="One row per measure, label, other label and day: how classification differs from the weeks before.",
    columns=(
        Column("target", pl.String, "What is predicted: category, priority, ..."),
        Column("measure", pl.String, "confidence, abstained, confused or mix"),
        Column("label", pl.String, "The label concerned; `*`: all"),
        Column("other", pl.String, "The label that it is taken for; `*`: any"),
        Column("day", pl.Date, "Last day of the window"),
        Column("tickets", pl.Int64, "Tickets in the window", required=True),
        Column("observed", pl.Float64, "The measure in the window", required=True),
        Column("expected", pl.Float64, "In the weeks before", required=True),
        Column("p", pl.Float64, "Probability of so large a difference by chance", required=True),
        Column("alarm", pl.Boolean, "Whether it became a signal", required=True),
    ),
    primary_key=("target", "measure", "label", "other", "day"),
    owner=OWNER,
)

ESCALATIONS = Table(
    layer="anomalies",
    name="escalations",
    grain="One row per ticket that needs a person now.",
    columns=(
        Column("ticket_id", pl.String, "Identifier of the ticket"),
        Column("created_at", TIMESTAMP, "When it was opened", required=True),
        Column("triggers", STRINGS, "system_down, data_loss, security, legal, urgent, vip or risk", required=True),
        Column("reason", pl.String, "Why, as people read it, redacted", required=True),
        Column("score", pl.Float64, "How pressing: of several, those first that score most", required=True),
    ),
    primary_key=("ticket_id",),
    owner=OWNER,
)

DRIFT = Table(
    layer="anomalies",
    name="drift",
    grain="One row per model, part, column and day that was compared with what the model learned from.",
    columns=(
        Column("model", pl.String, "Name of the model; `*`: what all of them read"),
        Column("part", pl.String, "input, embedding, prediction or quality"),
        Column("name", pl.String, "The feature, output or measure"),
        Column("day", pl.Date, "Last day of what was compared"),
        Column("rows", pl.Int64, "Tickets compared", required=True),
        Column("method", pl.String, "The distance", required=True),
        Column("value", pl.Float64, "How far it is", required=True),
        Column(
            "threshold",
            pl.Float64,
            "What samples of the reference exceed once in a hundred, in any name of the part",
            required=True,
        ),
        Column(
            "p", pl.Float64, "Share of samples of the reference of which any name of the part is as far", required=True
        ),
        Column("drifted", pl.Boolean, "Whether it exceeds", required=True),
    ),
    primary_key=("model", "part", "name", "day"),
    owner=OWNER,
)

INCIDENTS = Table(
    layer="anomalies",
    name="incidents",
    grain="One row per incident, as it was when it last changed.",
    columns=(
        Column("incident_id", pl.String, "INC- and a digest of its first signal"),
        Column("state", pl.String, "open, calm, closed, dismissed or merged", required=True),
        Column("severity", pl.String, "low, medium, high or critical", required=True),
        Column("probability", pl.Float64, "That something is wrong", required=True),
        Column("name", pl.String, "What is wrong, as people read it, redacted", required=True),
        Column("kinds", STRINGS, "Kinds of its signals", required=True),
        Column("opened_at", TIMESTAMP, "When its first signal could be known", required=True),
        Column("changed_at", TIMESTAMP, "When it last changed", required=True),
        Column("closed_at", TIMESTAMP, "When it ended; null before"),
        Column("acknowledged_by", pl.String, "Who took it on; null: nobody"),
        Column("merged_into", pl.String, "The incident that it became part of"),
        Column("reason", pl.String, "Why it was dismissed"),
        Column("signals", pl.Int64, "Signals that belong to it", required=True),
        Column("tickets", pl.Int64, "Tickets in them", required=True),
        Column("customers", pl.Int64, "Customers who wrote these", required=True),
        Column("monthly_value", pl.Float64, "Monthly value of their accounts; null: not known"),
        Column("likely_cause", pl.String, "The thing that is most over-represented, such as `Version:Export 3.2`"),
        Column("lift", pl.Float64, "How much more often than in other tickets"),
        Column("solution_id", pl.String, "The known solution that is suggested"),
        Column("entities", STRINGS, "Nodes of the graph that it is about", required=True),
        Column("ticket_ids", STRINGS, "Example tickets, at most 20", required=True),
    ),
    primary_key=("incident_id",),
    owner=OWNER,
)

TABLES = (
    VOLUME, SIGNALS, NEW_ISSUES, MOOD, UNANSWERED, CATEGORISATION, ESCALATIONS, DRIFT, INCIDENTS,
)  # fmt: skip
