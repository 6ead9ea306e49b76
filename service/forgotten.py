"""Whoever was erased since a release was made: nobody is told of them by what the release still holds."""

from pathlib import Path

import msgspec

from ml.graph.store import Neighbour
from ml.retrieve.found import Found, FoundSolution, reason
from warehouse import tombstones
from warehouse.tombstones import FOLDER, LINES, Subject, Tombstones

SUBJECTS: dict[str, Subject] = {"Ticket": "ticket", "Customer": "customer"}
"""Kinds of nodes of the graph that are somebody's."""


class Forgotten:
    """Tombstones of a lake, read again when there are more. Threads share one."""

    def __init__(self, root: Path) -> None:
        """Reads nothing yet."""
        self._root = root
        self._held: tuple[int, Tombstones] = (0, Tombstones(b"", frozenset()))

    def stones(self) -> Tombstones:
        """As they are now."""
        try:
            changed = (self._root / FOLDER / LINES).stat().st_mtime_ns
        except FileNotFoundError:
            changed = 0
        held = self._held
        if changed != held[0]:
            held = self._held = (changed, tombstones.read(self._root))
        return held[1]

    def is_node(self, node: str) -> bool:
        """Whether a node of the graph, such as `Ticket:T-1`, is somebody's who was erased."""
        return _is_node(self.stones(), node)

    def near(self, found: list[Neighbour]) -> list[Neighbour]:
        """Without theirs, and what was reached by them."""
        stones = self.stones()
        return [one for one in found if not (_is_node(stones, one.node_id) or _is_node(stones, one.via))]

    def left(self, found: Found) -> Found:
        """Without their tickets, and without paths that name one."""
        stones = self.stones()
        if not stones:
            return found
        return msgspec.structs.replace(
            found,
            solutions=[_left(stones, one) for one in found.solutions],
            tickets=[one for one in found.tickets if not stones.has("ticket", one.ticket_id)],
        )


def _left(stones: Tombstones, one: FoundSolution) -> FoundSolution:
    named = one.path is not None and any(_is_node(stones, node) for node in one.path.nodes)
    tickets = [name for name in one.tickets if not stones.has("ticket", name)]
    path = None if named else one.path
    return msgspec.structs.replace(
        one, tickets=tickets, path=path, reason=reason(one.tried, len(tickets), one.scores, path)
    )


def _is_node(stones: Tombstones, node: str) -> bool:
    kind, _, name = node.partition(":")
    return kind in SUBJECTS and stones.has(SUBJECTS[kind], name)
