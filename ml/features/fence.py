"""The fence: fields that are known only after a ticket was opened never become features without an as-of rule."""

from collections.abc import Iterable, Mapping

import polars as pl

from warehouse.contracts.ticket_features import AsOf, FeatureColumn
from warehouse.errors import ContractBroken

FENCED = frozenset(
    {
        "agent_actions",
        "agent_experience_months",
        "agent_id",
        "agent_specialization",
        "auto_suggested_solutions",
        "auto_suggestion_accepted",
        "bug_report_filed",
        "business_impact",
        "affected_users",
        "category",
        "contains_error_code",
        "contains_stack_trace",
        "customer_sentiment",
        "escalated",
        "escalation_reason",
        "feedback_text",
        "kb_articles_helpful",
        "kb_articles_viewed",
        "known_issue",
        "load_id",
        "priority",
        "record_hash",
        "related_tickets",
        "resolution",
        "resolution_attempts",
        "resolution_code",
        "resolution_helpful",
        "resolution_template_used",
        "resolution_time_hours",
        "resolved_at",
        "response_count",
        "satisfaction_score",
        "severity",
        "similar_issues_last_30_days",
        "subcategory",
        "tags",
        "ticket_text_length",
        "transferred_count",
        "updated_at",
    }
)
"""Fields known only afterwards: outcomes, what agents did and recorded, and what a later record may have changed."""


def check_fence(features: Iterable[FeatureColumn], expressions: Mapping[str, pl.Expr]) -> None:
    """Raise `ContractBroken` for a feature of a fenced field that has no as-of rule, whether it says so or not.

    `expressions` computes the features: what an expression reads counts beside the declared source.
    """
    for feature in features:
        read = set(feature.source)
        if feature.name in expressions:
            read |= set(expressions[feature.name].meta.root_names())
        allowed = frozenset(feature.source) if feature.as_of is AsOf.KNOWN else frozenset[str]()
        through = sorted((FENCED & read) - allowed)
        if through:
            raise ContractBroken(
                f"feature {feature.name} reads {', '.join(through)}, expected only what is known when the ticket is "
                f"opened. Give it the rule KNOWN over the totals of ml/features/history.py, or leave the field out."
            )
