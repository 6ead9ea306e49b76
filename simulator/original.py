"""Tickets in the shape of a known sample: its enumerations and marginals, independent fields, ten templates of our own.

What little hangs together in the sample hangs together here: subcategory on category, module on product, template on
category, resolution time on severity × priority, monthly value on tier, helpfulness on satisfaction.
"""

import random
import tomllib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from simulator import PROGRESS_EVERY, SimulationReport
from simulator.agents import ACTIONS, REASONS
from simulator.catalogue import HERE, load
from simulator.fields import FIELDS, stamp
from simulator.world import REGIONS, SPECIALIZATIONS
from simulator.write import ticket_file

CODES = (
    "AUTH_401", "CONFLICT_409", "CONNECTION_REFUSED", "CORRUPTION", "DEADLOCK", "DISK_FULL", "INVALID_400",
    "MEMORY_OOM",
    "NOTFOUND_404", "PARSING", "PERMISSION_403", "RATELIMIT_429", "SERVER_500", "SSL_CERT", "TIMEOUT_429", "VALIDATION",
)  # fmt: skip
ORIGINAL_TIERS = ("enterprise", "free", "premium", "starter", "professional")
VALUES = {
    "free": (0, 0),
    "starter": (50, 200),
    "professional": (500, 2000),
    "premium": (20_000, 100_000),
    "enterprise": (5_000, 20_000),
}
CHANNELS = ("chat", "api", "email", "portal", "slack", "phone")
SENTIMENTS = ("angry", "satisfied", "confused", "frustrated", "neutral", "grateful")
ENVIRONMENTS = ("production", "sandbox", "development", "test", "staging")
LANGUAGES = ("pt", "en", "es", "de", "ja", "zh", "fr", "it")
LEVELS = ("low", "medium", "high", "critical")
RESOLUTION_CODES = (
    "ENVIRONMENT_ISSUE", "WONT_FIX", "DUPLICATE", "FEATURE_ADDED", "RESTART_REQUIRED", "WORKAROUND", "BUG_FIX",
    "CONFIG_CHANGE", "PATCH_APPLIED", "ESCALATED", "DATA_REPAIR", "USER_EDUCATION",
)  # fmt: skip
TAGS = (
    "authentication", "error", "configuration", "sync", "bug", "timeout", "security", "integration", "data",
    "performance", "api", "database",
)  # fmt: skip
TEMPLATES = tuple(
    f"TEMPLATE-{area}-{kind}"
    for area in ("CONFIG", "API", "PERF", "DB", "AUTH")
    for kind in ("ERROR", "SETUP", "FIX", "TIMEOUT", "OPTIMIZE")
)
SPECIALIZATION_SHARE = (12, 11, 8, 6, 6, 7)
"""Agents of each specialization, of 50."""
MEAN_HOURS = {
    "P0": (3.92, 2.56, 2.0, 1.32),
    "P1": (8.65, 5.74, 4.34, 2.84),
    "P2": (25.11, 15.78, 11.92, 8.21),
    "P3": (52.36, 34.9, 25.94, 17.2),
    "P4": (105.49, 70.37, 51.52, 34.87),
}
"""By priority low..critical; a ticket takes between half and one and a half times (and a bit) of it."""
HELPFUL = {1: 0.19, 2: 0.21, 3: 0.59, 4: 0.91, 5: 0.91}
ESCALATED = {1: 0.0, 2: 0.16, 3: 0.38, 4: 0.61, 5: 0.58}
with (HERE / "original.toml").open("rb") as _file:
    SPOKEN: dict[str, Any] = tomllib.load(_file)
TEXTS, SUBJECTS = SPOKEN["texts"], SPOKEN["subjects"]


def _articles(draw: random.Random, count: int) -> list[str]:
    return [f"KB-{number:04d}" for number in draw.sample(range(1, 2000), count)]


def _product_of_work(draw: random.Random, category: str) -> tuple[str, str, bool]:
    """Kind of text, subject template, whether the text names the error code (if there is one)."""
    if category == "Technical Issue":
        kind = "slow" if draw.random() < 0.515 else "fail"
        return kind, SUBJECTS[kind], True
    kind = {"Security": "safe", "Data Issue": "data", "Feature Request": "wish", "Account Management": "seats"}[
        category
    ]
    return kind, SUBJECTS[category], kind in ("safe", "data")


class Original:
    """Draws one ticket after the other."""

    def __init__(self, tickets: int, days: int, seed: int, end: datetime) -> None:
        self.draw = random.Random(f"{seed}/original")
        self.start, self.days, self.end = end - timedelta(days=days), days, end
        self.catalogue = load()
        people = max(50, int(tickets * 0.9))
        self.customers = [self._customer() for _ in range(min(people, 6000))]
        names = [name for name, count in zip(SPECIALIZATIONS, SPECIALIZATION_SHARE, strict=True) for _ in range(count)]
        self.draw.shuffle(names)
        self.agents = [(name, self.draw.randrange(3, 61)) for name in names]
        self.ids: list[str] = []
        self.sub_of = {
            category: [name for parent, name in self.catalogue.subcategories if parent == category]
            for category in self.catalogue.categories
        }

    def _customer(self) -> tuple[str, int]:
        return self.draw.choice(ORIGINAL_TIERS), self.draw.randrange(1, 500)

    def tickets(self, count: int) -> Iterator[dict[str, Any]]:
        """All tickets, in no order of time, as in the sample."""
        for number in range(count):
            yield self._ticket(number)

    def _ticket(self, number: int) -> dict[str, Any]:
        draw, choice = self.draw, self.draw.choice
        created = self.start + timedelta(seconds=int(draw.random() * (self.days * 86_400 - 1)))
        key = f"TK-{self.end.year}-{number + 1:06d}"
        product = choice(self.catalogue.products)
        module, category = choice(product.modules), choice(self.catalogue.categories)
        code = f"ERROR_{choice(CODES)}" if draw.random() < 0.69 else ""
        kind, subject, names_code = _product_of_work(draw, category)
        told = bool(code and names_code)
        description = TEXTS[f"{kind}_code" if told else kind].replace("{p}", product.name).replace("{e}", code)
        subject = (
            (SUBJECTS["fail_code"] if kind == "fail" and told else subject)
            .replace("{p}", product.name)
            .replace("{e}", code)
        )
        severity, priority = f"P{draw.randrange(5)}", draw.randrange(4)
        hours = max(0.2, MEAN_HOURS[severity][priority] * draw.uniform(0.5, 1.5) * draw.uniform(0.7, 1.3))
        resolved = created + timedelta(seconds=round(hours * 3600))
        tries, score = draw.randrange(1, 6), draw.choices((1, 2, 3, 4, 5), (12.4, 18.3, 25.7, 24.3, 19.3))[0]
        escalated = draw.random() < ESCALATED[tries]
        person = draw.randrange(len(self.customers))
        tier, organization = self.customers[person]
        agent = draw.randrange(len(self.agents))
        viewed = _articles(draw, draw.randrange(6))
        subcategory = choice(self.sub_of[category])
        record = {
            "ticket_id": key,
            "created_at": stamp(created),
            "updated_at": stamp(resolved),
            "customer_id": f"CUST-{person + 1:05d}",
            "customer_tier": tier,
            "organization_id": f"ORG-{organization:03d}",
            "product": product.name,
            "product_version": f"{draw.randrange(2, 5)}.{draw.randrange(10)}.{draw.randrange(16)}",
            "product_module": module,
            "category": category,
            "subcategory": subcategory,
            "priority": LEVELS[priority],
            "severity": severity,
            "channel": choice(CHANNELS),
            "subject": subject,
            "description": description,
            "error_logs": choice(SPOKEN["logs"]).replace("{t}", f"{created:%Y-%m-%dT%H:%M:%S}").replace("{e}", code)
            if code
            else "",
            "stack_trace": choice(SPOKEN["traces"]).replace("{m}", module) if draw.random() < 0.35 else "",
            "customer_sentiment": choice(SENTIMENTS),
            "previous_tickets": draw.randrange(11),
            "resolution": choice(SPOKEN["resolutions"])
            .replace("{s}", subcategory)
            .replace("{e}", code or "this fault"),
            "resolution_code": choice(RESOLUTION_CODES),
            "resolved_at": stamp(resolved),
            "resolution_time_hours": round((resolved - created).total_seconds() / 3600, 2),
            "resolution_attempts": tries,
            "agent_id": f"AGENT-{agent + 1:03d}",
            "agent_experience_months": self.agents[agent][1],
            "agent_specialization": self.agents[agent][0],
            "agent_actions": draw.sample(ACTIONS, draw.choices((2, 3, 4, 5, 6), (29, 30, 20, 13, 8))[0]),
            "escalated": escalated,
            "escalation_reason": choice(REASONS) if escalated else None,
            "transferred_count": draw.randrange(4),
            "satisfaction_score": score,
            "feedback_text": choice(SPOKEN["feedback"]),
            "resolution_helpful": draw.random() < HELPFUL[score],
            "tags": draw.sample(TAGS, draw.randrange(2, 6)),
            "related_tickets": self._related(key),
            "kb_articles_viewed": viewed,
            "kb_articles_helpful": viewed[: draw.randrange(len(viewed) + 1)],
            "environment": choice(ENVIRONMENTS),
            "account_age_days": draw.randrange(30, 1001),
            "account_monthly_value": draw.randint(*VALUES[tier]),
            "similar_issues_last_30_days": int(draw.uniform(0, 210)) if draw.random() < 0.995 else draw.randrange(1001),
            "product_version_age_days": draw.randrange(1, 181),
            "known_issue": draw.random() < 0.1,
            "bug_report_filed": draw.random() < 0.048,
            "resolution_template_used": choice(TEMPLATES) if draw.random() < 0.6 else None,
            "auto_suggested_solutions": _articles(draw, draw.randrange(1, 5)),
            "auto_suggestion_accepted": draw.random() < 0.405,
            "ticket_text_length": len(description),
            "response_count": draw.randrange(1, 11),
            "attachments_count": draw.randrange(6),
            "contains_error_code": bool(code),
            "contains_stack_trace": False,
            "business_impact": choice(LEVELS),
            "affected_users": draw.randrange(1, 51) if draw.random() < 0.52 else draw.randrange(51, 1001),
            "weekend_ticket": created.weekday() >= 5,
            "after_hours": not 9 <= created.hour < 18,
            "language": choice(LANGUAGES),
            "region": choice(REGIONS),
        }
        record["contains_stack_trace"] = bool(record["stack_trace"])
        return {field: record[field] for field in FIELDS}

    def _related(self, key: str) -> list[str]:
        draw = self.draw
        self.ids.append(key)
        if len(self.ids) > 1000:
            self.ids[int(draw.random() * 1000)] = self.ids.pop()
        if draw.random() < 0.695 or len(self.ids) < 5:
            return []
        return draw.sample(self.ids[:-1], draw.choices((1, 2, 3), (20, 20, 60))[0])


def write_original(
    tickets: int,
    days: int,
    seed: int,
    out: Path,
    *,
    end: datetime,
    further: int,
    progress: Callable[[int], None] | None,
) -> SimulationReport:
    """See `simulator.simulate`; there is no truth to write, because nothing in these tickets has a cause."""
    run = Original(tickets, days, seed, end)
    skipped = tickets if further else 0
    with ticket_file(out) as file:
        for number, record in enumerate(run.tickets(tickets + further), start=1):
            if number > skipped:
                file.write(record)
            if progress and number % PROGRESS_EVERY == 0:
                progress(number)
    if progress:
        progress(tickets + further)
    return SimulationReport(out, further or tickets, further or tickets, 0, None, None)
