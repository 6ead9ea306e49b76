"""What support has filled in when a ticket is exported."""

import math
import random
from datetime import datetime, timedelta
from typing import Any

from simulator.agents import Handling
from simulator.fields import stamp


def closed_fields(
    handling: Handling, created: datetime, resolved: datetime | None, now: datetime, draw: random.Random
) -> dict[str, Any]:
    """The fields that support fills; while a ticket is open, what comes at the end is null."""
    open_for = (now - created).total_seconds()
    touched = resolved or created + timedelta(seconds=math.floor(open_for * draw.random()))
    done = resolved is not None
    return {
        "updated_at": stamp(touched),
        "resolution": handling.text if done else None,
        "resolution_code": handling.code if done else None,
        "resolved_at": stamp(resolved) if resolved else None,
        "resolution_time_hours": round((resolved - created).total_seconds() / 3600, 2) if resolved else None,
        "resolution_attempts": len(handling.tried) if done else max(0, len(handling.tried) - 1),
        "agent_actions": handling.actions if done else handling.actions[:1],
        "escalated": handling.escalated,
        "escalation_reason": handling.reason,
        "transferred_count": handling.transferred,
        "satisfaction_score": handling.satisfaction if done else None,
        "feedback_text": handling.feedback if done else None,
        "resolution_helpful": handling.was_helpful if done else None,
        "kb_articles_viewed": handling.viewed,
        "kb_articles_helpful": handling.helpful if done else [],
        "resolution_template_used": handling.template if done else None,
        "auto_suggested_solutions": handling.suggested,
        "auto_suggestion_accepted": handling.accepted and done,
        "response_count": handling.responses if done else max(0, handling.responses - 1),
    }
