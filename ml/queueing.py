"""In which order waiting tickets are taken: by what an hour more costs now, the generalised c-mu rule.

Van Mieghem, "Dynamic scheduling with convex delay costs: the generalized c-mu rule" (Annals of Applied Probability,
1995): where the cost of waiting C is convex, take the ticket whose marginal cost C' times rate of service is highest;
no rule does better in heavy traffic. Here C grows with the share of the promised time that is used up, and most of it
near the end of that time; nobody records how long agents work on a ticket, so that the rate is the same for all. What
is not known for certain, such as the priority, is weighed by its probability.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.targets import PRIORITY

Floats = NDArray[np.float64]

STEEPNESS = 3.0
"""Power of the share of the promised time that is used up: half of it costs an eighth of the whole."""
EVEN = 0.1
"""Share of the cost that grows evenly, so that those who just came are told apart."""
LATE = 1.0
"""Share of the promised time from which an hour more costs no more than the last one: what is lost can wait."""
MOODS: Mapping[str, float] = {"angry": 1.5, "frustrated": 1.25}
"""How much more the waiting of customers costs who feel so; others count once."""
NOTHING = 1e-9
"""Sum of probabilities below which nothing was said."""
UNKNOWN = {"first_response_hours": 24.0, "resolution_hours": 120.0, "waiting_cost": 1.0}
"""Of a priority that nothing is promised for. Of an unknown tier it is what is usual: the median of the tiers."""


def marginal(used: Floats, hours: Floats, cost: Floats) -> Floats:
    """What an hour more costs where this share of the promised hours is used up (0: none; 1: all)."""
    reached = np.clip(used, 0.0, LATE)
    found: Floats = cost / hours * (EVEN + (1 - EVEN) * STEEPNESS * reached ** (STEEPNESS - 1))
    return found


def expected(
    waited: Floats, chances: Floats, hours: Floats, cost: Floats, weight: Floats, *, pressing: Floats | None = None
) -> Floats:
    """What an hour more costs each of n tickets that waited so many hours.

    `chances`, `hours` and `cost` are (n, priorities): how likely each is, what is promised then, what it costs.
    `pressing` (n,) is how likely each needs a person now (an escalation's score): then it costs what the most urgent
    priority costs at the end of its promised time, if that is more.
    """
    each = marginal(waited[:, None] / hours, hours, cost)
    usual: Floats = (chances * each).sum(axis=1)
    if pressing is not None:
        now = marginal(np.full(len(waited), LATE), hours[:, -1], cost[:, -1])
        usual = (1 - pressing) * usual + pressing * np.maximum(usual, now)
    return usual * weight


def promised(promises: pl.DataFrame, tiers: pl.Series, column: str) -> Floats:
    """(n, priorities): a column of the table of promises, by the tier of each ticket."""
    names = [(tier, priority) for tier in tiers.to_list() for priority in PRIORITY.order]
    rows = promises.select("customer_tier", "priority", column).iter_rows()
    known: dict[tuple[str, str], float] = {(tier, priority): value for tier, priority, value in rows}
    usual: dict[str, float] = dict(promises.group_by("priority").agg(pl.col(column).median()).iter_rows())
    values = [known.get(name, usual.get(name[1], UNKNOWN[column])) for name in names]
    return np.asarray(values, dtype=np.float64).reshape(len(tiers), len(PRIORITY.order))


def chances(
    label: str | None, confidence: float | None, alternatives: Mapping[str, float] | None = None
) -> list[float]:
    """The probability of each priority, in the order of the target, of an answer; what it leaves open is shared out.

    Without a label all are as likely.
    """
    order = PRIORITY.order
    said = {name: value for name, value in (alternatives or {}).items() if name in order}
    if label in order:
        said[label] = confidence or 0.0
    rest = max(0.0, 1.0 - sum(said.values()))
    others = len(order) - len(said)
    shared = [said.get(name, rest / others if others else 0.0) for name in order]
    total = sum(shared)
    return [one / total for one in shared] if total > NOTHING else [1 / len(order)] * len(order)


def weights(moods: Sequence[Mapping[str, float]]) -> Floats:
    """How much more each ticket's waiting costs, by the probabilities of its moods."""
    mood = [1 + sum(chance * (MOODS[name] - 1) for name, chance in one.items() if name in MOODS) for one in moods]
    return np.asarray(mood, dtype=np.float64)
