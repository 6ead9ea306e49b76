"""One ticket as the help desk exports it, with the rows of truth that belong to it."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator import logs
from simulator.agents import Desk
from simulator.batch import Batch
from simulator.closing import closed_fields
from simulator.fields import FIELDS, stamp
from simulator.history import History
from simulator.letter import FIRST_ACCOUNT, FIRST_WISH, Letter, Said, tell
from simulator.scribe import Span
from simulator.tables import PRIORITIES, SENTIMENTS, URGENCIES
from simulator.world import REGIONS, TIERS, World

ENVIRONMENTS = ("production", "staging", "development", "test", "sandbox")
ENVIRONMENT_SHARE = (0.68, 0.12, 0.08, 0.07, 0.05)
IMPACTS = ("low", "medium", "high", "critical")
IMPACT_BY_URGENCY = ((4, 4, 2, 1), (7, 3, 1, 0.3), (3, 6, 2, 0.5), (1, 3, 6, 2), (0.4, 1, 4, 6))
AFFECTED_BY_IMPACT = (3.0, 8.0, 25.0, 90.0)
TAGS = {
    "authentication": range(14), "security": range(10, 20), "performance": range(20, 27), "error": range(26, 36),
    "configuration": range(36, 40), "bug": range(28, 33), "timeout": range(20, 24), "integration": range(42, 50),
    "data": range(50, 74), "sync": range(60, 64), "database": range(50, 56), "api": range(43, 48),
}  # fmt: skip
LINKED = 0.165


@dataclass(frozen=True)
class Written:
    """A record, and its rows for the tables of `truth`."""

    record: dict[str, Any]
    ticket: tuple[Any, ...]
    spans: list[tuple[Any, ...]]
    solvers: tuple[Any, ...]


class Clerk:
    """Writes the tickets of a world, one after the other."""

    def __init__(self, world: World, desk: Desk, history: History, now: datetime) -> None:
        self.world, self.desk, self.history, self.now = world, desk, history, now
        catalogue = self.catalogue = world.catalogue
        self.account = catalogue.symptoms.index(FIRST_ACCOUNT)
        self.wish = catalogue.symptoms.index(FIRST_WISH)
        self.tags = [
            [tag for tag, places in TAGS.items() if symptom in places] or ["error"]
            for symptom in range(len(catalogue.symptoms))
        ]
        self.remedies = [
            (
                [name for name, chance in cause.solutions if chance >= 0.3],
                [desk.library.ids[article] for article in desk.best_articles[row]],
            )
            for row, cause in enumerate(catalogue.causes)
        ]

    def write(self, batch: Batch, row: int, channel: str, draw: random.Random) -> Written:
        """Tell one ticket, work on it, and put everything into one record."""
        facts, day, catalogue = batch.facts, batch.day, self.catalogue
        created = datetime(day.date.year, day.date.month, day.date.day, tzinfo=UTC)
        created += timedelta(seconds=int(facts.second[row]))
        number = batch.first_id + row
        key = f"TK-{created.year}-{number:06d}"
        cause, product, customer = int(facts.cause[row]), int(facts.product[row]), int(facts.customer[row])
        modules = catalogue.products[product].modules
        module = modules[facts.recorded_module[row]]
        version = self.world.versions[product][facts.release[row]]
        said = self._said(batch, row, number=number, year=created.year, version=version, draw=draw)
        letter = tell(said, channel, draw)
        code = catalogue.codes[facts.code[row]] if facts.place[row] else ""
        trace = facts.exception[row] < len(catalogue.exceptions)
        exception = catalogue.exceptions[facts.exception[row]] if trace else ""
        log: str = ""
        log_spans: list[Span] = []
        if facts.place[row] >= 2 or draw.random() < 0.1:
            log, log_spans = logs.error_log(code if facts.place[row] >= 2 else "", module, created, draw)
        trace_text, trace_spans = logs.stack_trace(exception, module, draw) if exception else ("", [])

        category, subcategory = catalogue.subcategories[batch.recorded.subcategory[row]]
        tier = TIERS[facts.tier[row]]
        handling = self.desk.work(
            agent=self.desk.assign(category, draw),
            cause=cause,
            category=category,
            priority=int(facts.priority[row]),
            sentiment=int(facts.sentiment[row]),
            symptoms=said.symptoms,
            tier=tier,
            product=catalogue.products[product].name,
            version=version,
            module=module,
            who=said.person.first,
            language=said.language,
            draw=draw,
        )
        resolved: datetime | None = created + timedelta(seconds=round(handling.hours * 3600))
        if resolved is not None and resolved > self.now:
            resolved = None
        links = self.history.links(cause, draw) if resolved and draw.random() < LINKED else []
        solvers = self.history.solvers(cause, created)
        known = self.history.seen[cause] > 12
        self.history.add(key, cause, resolved, handling.solution >= 0)
        opened = self._opened(key, created, batch, row, letter=letter, channel=channel, draw=draw)
        opened |= {
            "product": catalogue.products[product].name,
            "product_version": version,
            "product_module": module,
            "category": category,
            "subcategory": subcategory,
            "priority": PRIORITIES[batch.recorded.priority[row]],
            "severity": f"P{handling.severity}",
            "customer_sentiment": SENTIMENTS[batch.recorded.sentiment[row]],
            "error_logs": log,
            "stack_trace": trace_text,
            "contains_error_code": bool(code),
            "contains_stack_trace": bool(trace_text),
            "product_version_age_days": int(max(0, day.number - self.world.release_days[product, facts.release[row]])),
            "similar_issues_last_30_days": self.history.similar(product, int(facts.recorded_module[row])),
            "previous_tickets": self.history.previous(customer),
            "tags": self._tags(said.symptoms, draw),
        }
        closed = closed_fields(handling, created, resolved, self.now, draw) | {
            "agent_id": f"AGENT-{handling.agent + 1:03d}",
            "agent_experience_months": int(self.world.agents.months[handling.agent]),
            "agent_specialization": self.world.agents.specialization[handling.agent],
            "related_tickets": links,
            "known_issue": bool(resolved and known and draw.random() < 0.6),
            "bug_report_filed": bool(resolved and subcategory == "Bug" and draw.random() < 0.4),
        }
        merged = opened | closed
        spans = [(key, field, start, end, kind, merged[field][start:end])
                 for field, found in (("subject", letter.subject_spans), ("description", letter.description_spans),
                                      ("error_logs", log_spans), ("stack_trace", trace_spans))
                 for start, end, kind in found]  # fmt: skip
        return Written(
            record={field: merged[field] for field in FIELDS},
            ticket=self._truth(
                key, created, batch, row, said=said, letter=letter, solution=handling.solution if resolved else -1
            ),
            spans=spans,
            solvers=(key, solvers, *self.remedies[cause]),
        )

    def _said(self, batch: Batch, row: int, *, number: int, year: int, version: str, draw: random.Random) -> Said:
        facts, catalogue = batch.facts, self.catalogue
        customer = facts.customer[row]
        language = str(self.world.customers.language[customer])
        if language != "en" and "en" in self.world.languages and draw.random() < 0.1:
            language = "en"
        named, module = facts.named_product[row], facts.named_module[row]
        symptoms = tuple(int(symptom) for symptom in facts.symptoms[row] if symptom >= 0)
        return Said(
            language=language,
            person=self.world.customers.people[customer],
            symptoms=symptoms,
            account=self.account <= symptoms[0] < self.wish,
            wish=symptoms[0] >= self.wish,
            product_surface=catalogue.products[named].surface if named >= 0 else (),
            module=catalogue.products[facts.product[row]].modules[module] if module >= 0 else "",
            code=catalogue.codes[facts.code[row]] if facts.place[row] in (1, 3) else "",
            exception=catalogue.exceptions[facts.exception[row]] if facts.exception_told[row] else "",
            urgency=int(facts.urgency[row]),
            marker=int(facts.marker[row]),
            version=version,
            ticket_number=number,
            year=year,
        )

    def _opened(
        self,
        key: str,
        created: datetime,
        batch: Batch,
        row: int,
        *,
        letter: Letter,
        channel: str,
        draw: random.Random,
    ) -> dict[str, Any]:
        facts, customers = batch.facts, self.world.customers
        customer = facts.customer[row]
        impact = draw.choices(range(4), IMPACT_BY_URGENCY[facts.urgency[row]])[0]
        return {
            "ticket_id": key,
            "created_at": stamp(created),
            "customer_id": f"CUST-{customer + 1:05d}",
            "customer_tier": TIERS[facts.tier[row]],
            "organization_id": f"ORG-{customers.organization[customer]:03d}",
            "channel": channel,
            "subject": letter.subject,
            "description": letter.description,
            "environment": draw.choices(ENVIRONMENTS, ENVIRONMENT_SHARE)[0],
            "account_age_days": int(max(0, batch.day.number - customers.born[customer])),
            "account_monthly_value": int(customers.value[customer]),
            "ticket_text_length": len(letter.description),
            "attachments_count": min(5, int(draw.expovariate(1.1))),
            "business_impact": IMPACTS[impact],
            "affected_users": 1 + min(999, int(draw.expovariate(1.0) * AFFECTED_BY_IMPACT[impact])),
            "weekend_ticket": created.weekday() >= 5,
            "after_hours": not 9 <= created.hour < 18,
            "language": str(customers.language[customer]),
            "region": REGIONS[customers.region[customer]],
        }

    def _tags(self, symptoms: tuple[int, ...], draw: random.Random) -> list[str]:
        found = [draw.choice(self.tags[symptom]) for symptom in symptoms if draw.random() < 0.8]
        if draw.random() < 0.3:
            found.append(draw.choice(tuple(TAGS)))
        return list(dict.fromkeys(found))

    def _truth(
        self,
        key: str,
        created: datetime,
        batch: Batch,
        row: int,
        *,
        said: Said,
        letter: Letter,
        solution: int,
    ) -> tuple[Any, ...]:
        facts, catalogue = batch.facts, self.catalogue
        cause = catalogue.causes[facts.cause[row]]
        labelled = cause.category != "none"
        product = catalogue.products[facts.product[row]]
        named = facts.named_product[row]
        return (
            key,
            created,
            cause.id,
            str(facts.incident[row]) or None,
            cause.category if labelled else None,
            cause.subcategory if labelled else None,
            PRIORITIES[facts.priority[row]],
            SENTIMENTS[facts.sentiment[row]],
            said.language,
            product.name,
            said.version,
            product.modules[facts.module[row]],
            [catalogue.symptoms[symptom] for symptom in said.symptoms],
            catalogue.products[named].name if named >= 0 else None,
            said.module or None,
            said.code or None,
            URGENCIES[said.urgency],
            SENTIMENTS[said.marker] if said.marker >= 0 else None,
            letter.length,
            catalogue.solutions[solution].id if solution >= 0 else None,
            *batch.beliefs[row],
        )
