"""The sixty fields of a ticket record, in their order."""

from datetime import datetime

FIELDS = (
    "ticket_id", "created_at", "updated_at", "customer_id", "customer_tier", "organization_id", "product",
    "product_version", "product_module", "category", "subcategory", "priority", "severity", "channel", "subject",
    "description", "error_logs", "stack_trace", "customer_sentiment", "previous_tickets", "resolution",
    "resolution_code", "resolved_at", "resolution_time_hours", "resolution_attempts", "agent_id",
    "agent_experience_months", "agent_specialization", "agent_actions", "escalated", "escalation_reason",
    "transferred_count", "satisfaction_score", "feedback_text", "resolution_helpful", "tags", "related_tickets",
    "kb_articles_viewed", "kb_articles_helpful", "environment", "account_age_days", "account_monthly_value",
    "similar_issues_last_30_days", "product_version_age_days", "known_issue", "bug_report_filed",
    "resolution_template_used", "auto_suggested_solutions", "auto_suggestion_accepted", "ticket_text_length",
    "response_count", "attachments_count", "contains_error_code", "contains_stack_trace", "business_impact",
    "affected_users", "weekend_ticket", "after_hours", "language", "region",
)  # fmt: skip


def stamp(at: datetime) -> str:
    """A time as the export writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
