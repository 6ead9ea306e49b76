"""Every table of the lake."""

from warehouse.contracts import (
    anomalies,
    audit,
    bronze,
    errors,
    features,
    gold,
    graph,
    predictions,
    quality,
    review,
    search,
    silver,
    ticket_features,
)
from warehouse.table import Table

TABLES: tuple[Table, ...] = (
    *bronze.TABLES,
    *silver.TABLES,
    *features.TABLES,
    *ticket_features.TABLES,
    *audit.TABLES,
    *errors.TABLES,
    *search.TABLES,
    *predictions.TABLES,
    *review.TABLES,
    *graph.TABLES,
    anomalies.VOLUME,
    anomalies.SIGNALS,
    anomalies.INCIDENTS,
    anomalies.MOOD,
    anomalies.CATEGORISATION,
    anomalies.ESCALATIONS,
    *gold.TABLES,
    *quality.TABLES,
    anomalies.DRIFT,
    anomalies.SENTENCES,
    anomalies.STRANGE_SENTENCES,
    anomalies.NEW_ISSUES,
    anomalies.UNANSWERED,
)
