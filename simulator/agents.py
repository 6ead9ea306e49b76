"""What support does with a ticket: what is tried, what helps, how long it takes, what is written down."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.articles import Library
from simulator.catalogue import Catalogue
from simulator.notes import feedback, note
from simulator.world import SPECIALIZATIONS, World

HOURS = (
    (1.3, 2.0, 2.6, 3.9),
    (2.8, 4.3, 5.7, 8.6),
    (8.2, 11.9, 15.8, 25.1),
    (17.2, 25.9, 34.9, 52.4),
    (34.9, 51.5, 70.4, 105.5),
)
"""Median hours by severity P0..P4 and priority critical..low."""
SEVERITY = (
    (0.01, 0.03, 0.14, 0.42, 0.4),
    (0.02, 0.1, 0.38, 0.38, 0.12),
    (0.12, 0.42, 0.34, 0.1, 0.02),
    (0.5, 0.36, 0.11, 0.02, 0.01),
)
"""P0..P4 by priority low..critical."""
FITTING = {
    "Technical Issue": ("performance", "api"),
    "Data Issue": ("database",),
    "Security": ("security",),
    "Account Management": ("enterprise", "general"),
    "Feature Request": ("general", "api"),
}
ACTIONS = (
    "ran_diagnostics", "applied_fix", "consulted_kb", "contacted_customer", "verified_resolution",
    "escalated_to_specialist", "checked_config", "updated_documentation", "created_workaround", "viewed_logs",
)  # fmt: skip
REASONS = (
    "Multiple failed resolution attempts", "Complex technical issue requiring specialist", "SLA breach risk",
    "Customer requested escalation", "High priority customer",
)  # fmt: skip
UNSOLVED_CODES = ("ESCALATED", "WONT_FIX", "DUPLICATE", "WORKAROUND", "ENVIRONMENT_ISSUE")
UNSOLVED_SHARE = (0.38, 0.22, 0.16, 0.16, 0.08)


@dataclass(frozen=True)
class Handling:
    """How a ticket ended; `solution` is the catalogue's number of what helped, -1 when nothing did."""

    agent: int
    severity: int
    tried: tuple[int, ...]
    solution: int
    code: str
    template: str | None
    text: str
    hours: float
    escalated: bool
    reason: str | None
    transferred: int
    actions: list[str]
    suggested: list[str]
    accepted: bool
    viewed: list[str]
    helpful: list[str]
    satisfaction: int | None
    feedback: str
    was_helpful: bool
    responses: int


class Desk:
    """The support desk of a world."""

    def __init__(self, world: World, library: Library) -> None:
        self.world, self.library = world, library
        self.catalogue: Catalogue = world.catalogue
        number = {solution.id: place for place, solution in enumerate(self.catalogue.solutions)}
        self.chances = [{number[name]: chance for name, chance in cause.solutions} for cause in self.catalogue.causes]
        specialised: dict[str, list[int]] = {name: [] for name in SPECIALIZATIONS}
        for agent, name in enumerate(world.agents.specialization):
            specialised[name].append(agent)
        self.fitting = {
            category: [agent for name in names for agent in specialised[name]] for category, names in FITTING.items()
        }
        near: dict[str, set[int]] = {}
        for cause in self.catalogue.causes:
            near.setdefault(cause.category, set()).update(number[name] for name, _ in cause.solutions)
        self.near = {category: sorted(found) for category, found in near.items()}
        self.skill = [float(value) for value in world.agents.skill]
        self.useful = library.useful.tolist()
        self.best_articles = [
            [a for a in sorted(range(len(row)), key=row.__getitem__, reverse=True)[:4] if row[a] > 0.3]
            for row in self.useful
        ]

    def assign(self, category: str, draw: random.Random) -> int:
        """An agent, more often one who fits the category."""
        fitting = self.fitting.get(category)
        if fitting and draw.random() < 0.62:
            return draw.choice(fitting)
        return int(draw.random() * len(self.skill))

    def work(
        self,
        *,
        agent: int,
        cause: int,
        category: str,
        priority: int,
        sentiment: int,
        symptoms: Sequence[int],
        tier: str,
        product: str,
        version: str,
        module: str,
        who: str,
        language: str,
        draw: random.Random,
    ) -> Handling:
        """Work on a ticket until it is solved or given up."""
        skill = self.skill[agent]
        suggested, viewed, helpful, accepted = self._read(cause, symptoms, skill, draw)
        tried, solved = self._try(cause, category, min(0.98, skill + 0.12 * bool(helpful)), draw)
        severity = draw.choices(range(5), SEVERITY[priority])[0]
        hours = (
            HOURS[severity][3 - priority]
            * draw.lognormvariate(0, 0.55)
            * (0.55 + 0.28 * len(tried))
            * (1.35 - 0.6 * skill)
        )
        hours += 0.004 * self.catalogue.solutions[tried[-1]].minutes
        late = hours > (8, 24, 72, 120)[3 - priority]
        chance = 0.05 + 0.16 * max(0, len(tried) - 2) + 0.3 * (not solved) + 0.12 * (priority == 3) + 0.12 * late
        escalated = draw.random() < chance
        reason = self._reason(len(tried), late, tier, draw) if escalated else None
        mood = (-0.5, 0.0, -0.4, 0.5, 0.0, 0.3)[sentiment]
        level = (4.35 if solved else 2.15) + mood + 0.35 * (skill - 0.6) - 0.22 * (len(tried) - 1)
        level -= 0.35 * math.log1p(hours / HOURS[2][3 - priority]) + 0.3 * escalated
        score = min(5, max(1, round(level + draw.gauss(0, 0.75))))
        answered = draw.random() < 0.82
        solution = tried[-1] if solved else -1
        code = self.catalogue.solutions[solution].code if solved else draw.choices(UNSOLVED_CODES, UNSOLVED_SHARE)[0]
        if solved and draw.random() < 0.06:
            code = draw.choice(self.catalogue.solutions).code
        return Handling(
            agent=agent,
            severity=severity,
            tried=tried,
            solution=solution,
            code=code,
            template=self._template(tried[-1], draw),
            text=note(
                self.catalogue.solutions,
                tried,
                solved,
                {"who": who, "product": product, "version": version, "module": module},
                draw,
            ),
            hours=min(900.0, max(0.1, hours)),
            escalated=escalated,
            reason=reason,
            transferred=min(3, int(draw.random() * 1.8) + escalated),
            actions=self._actions(escalated, bool(viewed), solved, draw),
            suggested=suggested,
            accepted=accepted,
            viewed=viewed,
            helpful=helpful,
            satisfaction=score if answered else None,
            feedback=feedback(language, score, who, draw) if answered and draw.random() < 0.7 else "",
            was_helpful=solved if draw.random() < 0.95 else not solved,
            responses=min(10, 1 + len(tried) + int(draw.expovariate(0.8))),
        )

    def _try(self, cause: int, category: str, skill: float, draw: random.Random) -> tuple[tuple[int, ...], bool]:
        chances = self.chances[cause]
        left = dict(chances)
        tried: list[int] = []
        near = self.near[category] or self.near["Technical Issue"]
        while len(tried) < 5:
            if not left or draw.random() < 0.32 * (1 - skill) + 0.05:
                solution = draw.choice(near)
            else:
                power = 0.6 + 2.0 * skill
                solution = draw.choices(list(left), [chance**power for chance in left.values()])[0]
            if solution in tried:
                if draw.random() < 0.3:
                    break
                continue
            left.pop(solution, None)
            tried.append(solution)
            if draw.random() < chances.get(solution, 0.04):
                return tuple(tried), True
            if len(tried) >= 2 and draw.random() < 0.16:
                break
        return tuple(tried), False

    def _read(
        self, cause: int, symptoms: Sequence[int], skill: float, draw: random.Random
    ) -> tuple[list[str], list[str], list[str], bool]:
        pool = [article for symptom in symptoms for article in self.library.by_symptom[symptom][:6]]
        everything = len(self.library.ids)
        suggestions: list[int] = []
        for _ in range(1 + int(draw.random() * 4)):
            article = draw.choice(pool) if draw.random() < 0.85 else int(draw.random() * everything)
            if article not in suggestions:
                suggestions.append(article)
        useful = self.useful[cause]
        accepted = any(draw.random() < useful[article] for article in suggestions)
        best = self.best_articles[cause]
        viewed: list[int] = []
        for _ in range(int(draw.random() * 5)):
            source = best if best and draw.random() < 0.55 * skill else suggestions if draw.random() < 0.6 else pool
            article = draw.choice(source)
            if article not in viewed:
                viewed.append(article)
        ids = self.library.ids
        helpful = [ids[article] for article in viewed if draw.random() < 0.07 + 0.93 * useful[article]]
        return [ids[a] for a in suggestions], [ids[a] for a in viewed], helpful, accepted

    def _template(self, solution: int, draw: random.Random) -> str | None:
        chance = draw.random()
        if chance > 0.6:
            return None
        used = self.catalogue.solutions[solution] if chance < 0.46 else draw.choice(self.catalogue.solutions)
        return f"TEMPLATE-{used.template}"

    @staticmethod
    def _reason(tries: int, late: bool, tier: str, draw: random.Random) -> str:
        weight = (
            0.2 + 0.6 * max(0, tries - 1),
            0.7,
            0.2 + 1.2 * late,
            0.5,
            1.0 if tier in ("premium", "enterprise") else 0.1,
        )
        return draw.choices(REASONS, weight)[0]

    @staticmethod
    def _actions(escalated: bool, read: bool, solved: bool, draw: random.Random) -> list[str]:
        sure = (["escalated_to_specialist"] if escalated else []) + (["consulted_kb"] if read else [])
        sure += ["applied_fix" if draw.random() < 0.7 else "created_workaround"] if solved else ["ran_diagnostics"]
        others = [action for action in ACTIONS if action not in sure and action not in REST]
        chosen = sure + draw.sample(others, min(len(others), 1 + int(draw.random() * 3)))
        draw.shuffle(chosen)
        return chosen


REST = ("escalated_to_specialist", "consulted_kb", "applied_fix")
