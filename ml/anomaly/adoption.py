"""Versions: unusual is what their product does not explain, nor the way in which releases are taken up.

Customers move from one version to the next, so how many tickets a version has says little; its share among its
product's does. Share and growth are those of the week before; how far shares stray from that by themselves is learned
from all versions, the young apart from the old: beta-binomial counts (Skellam, "A probability distribution derived
from the binomial distribution by regarding the probability of success as variable between the sets of trials", 1948).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PAST = 7
"""Days before the one that is judged, from which its share is told."""
AGES = (7, 14, 28)
"""Days since the release that part the young from the older and the old."""
DOUBT = 2.0
"""Tickets that stand for a share nobody has seen yet."""
FIRM = np.geomspace(4, 4000, 25)
"""How many trials a share may be worth."""
CERTAIN = 1.92
"""Log likelihood below the best that is as credible: of such the least firm counts (profile likelihood, 95 %)."""
LEAST = 20
"""Version-days of an age from which anything is learned of it."""


@dataclass(frozen=True)
class Adoption:
    """By age (ages,): by how much a share grows over that of the week before, and how many trials it is worth."""

    growth: Floats
    firmness: Floats

    def p(self, tickets: Floats, within: Floats, before: Floats, ages: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Probability of so many tickets or more among those of the product, and how many were to be expected, (n,).

        `before` is the share of the week before, as `share` tells it; `ages` are days since the release.
        """
        place = age_of(ages)
        mean = np.clip(before * self.growth[place], 1e-6, 1 - 1e-6)
        return _tail(tickets, within, mean, self.firmness[place]), within * mean


def learned(tickets: Floats, within: Floats, before: Floats, ages: NDArray[np.int64]) -> Adoption:
    """From version-days of the past, (n,) each; of an age that was seen too seldom hardly anything is certain."""
    place = age_of(ages)
    growth, firmness = np.ones(len(AGES) + 1), np.full(len(AGES) + 1, FIRM[0])
    for age in range(len(AGES), -1, -1):
        mine = (place == age) & (within > 0)
        if mine.sum() < LEAST:
            continue
        meant = (before * within)[mine].sum()
        growth[age] = np.clip((tickets[mine].sum() + DOUBT) / (meant + DOUBT), 0.25, 4.0)
        mean = np.clip(before[mine] * growth[age], 1e-6, 1 - 1e-6)
        worth = np.array([_likelihood(tickets[mine], within[mine], mean, np.full(mine.sum(), firm)) for firm in FIRM])
        firmness[age] = FIRM[np.flatnonzero(worth >= worth.max() - CERTAIN)[0]]
    return Adoption(growth, firmness)


def share(tickets: Floats, within: Floats, versions: int) -> Floats:
    """Shares of counts among their product's; what nobody has seen has one of so many `versions`, at most a tenth."""
    unseen = 1 / max(versions, 10)
    found: Floats = (tickets + DOUBT * unseen) / (within + DOUBT)
    return found


def age_of(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of an age among `AGES`; what was released before anybody counted is old."""
    found: NDArray[np.int64] = np.searchsorted(AGES, days, side="right")
    return found


def _likelihood(tickets: Floats, within: Floats, mean: Floats, firm: Floats) -> float:
    """Of the ordinary: each version-day counts by at most what a chance of one in a million does."""
    logs = _log_mass(tickets, within, mean, firm)
    return float(np.maximum(logs, -14.0).sum())


def _log_mass(tickets: Floats, within: Floats, mean: Floats, firm: Floats) -> Floats:
    from scipy.special import betaln, gammaln

    up, down = mean * firm, (1 - mean) * firm
    ways = gammaln(within + 1) - gammaln(tickets + 1) - gammaln(within - tickets + 1)
    found: Floats = ways + betaln(tickets + up, within - tickets + down) - betaln(up, down)
    return found


def _tail(tickets: Floats, within: Floats, mean: Floats, firm: Floats) -> Floats:
    """Half of what is as likely as this count, and all that is above (Lancaster's mid-p)."""
    found = np.ones(len(tickets))
    for row in np.flatnonzero(tickets > 0):
        counts = np.arange(tickets[row], within[row] + 1)
        mass = np.exp(_log_mass(counts, *(np.full(len(counts), one[row]) for one in (within, mean, firm))))
        found[row] = np.clip(mass.sum() - mass[0] / 2, 1e-300, 1.0)
    return found
