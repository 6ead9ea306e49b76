"""The graph in Kùzu: neighbourhoods, paths, and issues of what a question names.

One node table a kind, one relationship table a kind of edge, filled in bulk. Whatever comes from outside is a
parameter; what stands in a query are kinds, out of our own lists.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec
import polars as pl

from ml.graph.build import allowed
from ml.graph.things import EDGE_KINDS, ENDS, NODE_KINDS, kind_of
from ml.retrieve import found
from warehouse.errors import ArtifactDamaged, ContractBroken

if TYPE_CHECKING:
    from kuzu import Connection

FILE = "graph.kuzu"
BUFFER_BYTES = 256 << 20
THREADS = 2
DEEPEST = 3
LONGEST_PATH = 5
MOST = 1_000
"""Rows of an answer, and nodes that one step goes on from."""
_COLUMNS = "since TIMESTAMP, attempts INT64, successes INT64, last TIMESTAMP"


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """A thing, the edge that led to it, and from where; `depth` counts edges from where the question began."""

    node_id: str
    kind: str
    name: str
    edge: str
    via: str
    depth: int
    since: datetime | None
    attempts: int | None
    successes: int | None


def write(folder: Path, nodes: pl.DataFrame, edges: pl.DataFrame) -> None:
    """Fill a database in `folder` from `graph/nodes` and `graph/edges`; edges whose ends are no nodes are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    with _opened(folder / FILE, read_only=False) as connection:
        for kind in NODE_KINDS:
            connection.execute(f"CREATE NODE TABLE {kind}(node_id STRING PRIMARY KEY, name STRING, since TIMESTAMP)")
            _copy(connection, kind, nodes.filter(kind=kind).select("node_id", "name", "since"), "")
        known = nodes.select("node_id")
        kept = allowed(edges).join(known, left_on="source", right_on="node_id", how="semi")
        kept = kept.join(known, left_on="target", right_on="node_id", how="semi")
        for kind, ends in ENDS.items():
            between = ", ".join(f"FROM {a} TO {b}" for a, b in ends)
            connection.execute(f"CREATE REL TABLE {kind}({between}, {_COLUMNS})")
            for a, b in ends:
                ours = pl.col("source").str.starts_with(f"{a}:") & pl.col("target").str.starts_with(f"{b}:")
                rows = kept.filter(ours, kind=kind).select("source", "target", "since", "attempts", "successes", "last")
                _copy(connection, kind, rows, f" (from='{a}', to='{b}')")
        connection.execute("CHECKPOINT")


class Store:
    """An open graph, for reading; not shared between threads."""

    def __init__(self, folder: Path, private: Path) -> None:
        """Open a copy, made in `private`, of what `write` wrote. Raises `ArtifactDamaged`."""
        import kuzu

        copy = private / FILE
        try:
            private.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / FILE, copy)
            self._database = kuzu.Database(
                str(copy), read_only=True, buffer_pool_size=BUFFER_BYTES, max_num_threads=THREADS
            )
            self._connection = kuzu.Connection(self._database, num_threads=THREADS)
        except (OSError, RuntimeError) as error:
            message = f"{folder} holds no graph: {error}."
            raise ArtifactDamaged(f"{message} Delete that directory and run `ticketlake build`.") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the copy; it may be deleted then."""
        self._connection.close()
        self._database.close()

    def node(self, node_id: str) -> tuple[str, str] | None:
        """Kind and name of a node, None where there is none of that id."""
        kind = kind_of(node_id)
        rows = self._rows(f"MATCH (a:{kind}) WHERE a.node_id = $id RETURN a.name", {"id": node_id}) if kind else []
        return (kind, rows[0][0]) if kind and rows else None

    def neighbours(
        self,
        node_id: str,
        depth: int = 1,
        kinds: Sequence[str] = (),
        as_of: datetime | None = None,
        limit: int = 100,
    ) -> list[Neighbour]:
        """What is at most `depth` (1 to 3) edges away, the nearest first, then the newest; each thing once.

        `kinds` of edges, all if none is named; with `as_of` only edges known by then. Raises `ContractBroken` for a
        kind that is none.
        """
        edges, limit = _edge_kinds(kinds), max(0, min(limit, MOST))
        found: dict[str, Neighbour] = {}
        level = [node_id]
        for step in range(1, max(1, min(depth, DEEPEST)) + 1):
            reached = [one for one in self._beside(level, step, edges, as_of) if one.node_id not in {node_id, *found}]
            for one in reached:
                found.setdefault(one.node_id, one)
            level = list(dict.fromkeys(one.node_id for one in reached))[:MOST]
            if not level or len(found) >= limit:
                break
        return list(found.values())[:limit]

    def paths(self, start: str, end: str, as_of: datetime | None = None, limit: int = 5) -> list[found.Path]:
        """The shortest ways from one node to another, of at most five edges; edges are walked both ways."""
        kinds = kind_of(start), kind_of(end)
        if None in kinds or start == end:
            return []
        known = " (r, n | WHERE r.since <= $as_of)" if as_of else ""
        query = (
            f"MATCH p = (a:{kinds[0]})-[e:{'|'.join(EDGE_KINDS)}* ALL SHORTEST 1..{LONGEST_PATH}{known}]-"
            f"(b:{kinds[1]}) "
            "WHERE a.node_id = $head AND b.node_id = $tail RETURN nodes(p), rels(p) LIMIT $limit"
        )
        values = {"head": start, "tail": end, "limit": max(0, min(limit, MOST)), **_moment(as_of)}
        ways = [
            ([n["node_id"] for n in nodes], [r["_label"] for r in rels]) for nodes, rels in self._rows(query, values)
        ]
        return [found.Path(nodes=nodes, edges=edges, score=1 / len(edges)) for nodes, edges in sorted(ways)]

    def broad(self, named: Sequence[str], as_of: datetime | None = None, limit: int = 20) -> list[tuple[str, int]]:
        """Issues (their ids) that have tickets with all these things, and how many, the most first.

        Things are products, versions, modules and error codes, by node id.
        """
        things = [(name, kind_of(name)) for name in dict.fromkeys(named)]
        if not things or any(kind not in {"Product", "Version", "Module", "ErrorCode"} for _, kind in things):
            return []
        steps = ", ".join(f"(t)-[r{at}:SEEN_IN|MENTIONS]->(n{at}:{kind})" for at, (_, kind) in enumerate(things))
        where = [f"n{at}.node_id = $n{at}" for at in range(len(things))]
        where += ["h.since <= $as_of"] if as_of else []
        query = (
            f"MATCH (i:Issue)<-[h:HAS_ISSUE]-(t:Ticket), {steps} WHERE {' AND '.join(where)} "
            "RETURN i.node_id, count(DISTINCT t.node_id) AS tickets ORDER BY tickets DESC, i.node_id LIMIT $limit"
        )
        values = {f"n{at}": name for at, (name, _) in enumerate(things)}
        rows = self._rows(query, {**values, "limit": max(0, min(limit, MOST)), **_moment(as_of)})
        return [(issue.partition(":")[2], int(tickets)) for issue, tickets in rows]

    def _beside(self, nodes: Sequence[str], step: int, edges: str, as_of: datetime | None) -> Iterator[Neighbour]:
        by_kind: dict[str, list[str]] = {}
        for name in nodes:
            if kind := kind_of(name):
                by_kind.setdefault(kind, []).append(name)
        known = "AND r.since <= $as_of " if as_of else ""
        for kind, ids in by_kind.items():
            query = (
                f"MATCH (a:{kind})-[r:{edges}]-(b) WHERE a.node_id IN $ids {known}"
                "RETURN b.node_id, label(b), b.name, label(r), a.node_id, r.since, r.attempts, r.successes "
                f"ORDER BY r.since DESC, b.node_id LIMIT {MOST}"
            )
            for row in self._rows(query, {"ids": ids, **_moment(as_of)}):
                to, label, name, edge, via, since, attempts, successes = row
                yield Neighbour(
                    node_id=to,
                    kind=label,
                    name=name,
                    edge=edge,
                    via=via,
                    depth=step,
                    since=since.replace(tzinfo=UTC) if since else None,
                    attempts=attempts,
                    successes=successes,
                )

    def _rows(self, query: str, values: Mapping[str, Any]) -> list[list[Any]]:
        answer = self._connection.execute(query, dict(values))
        one = answer[0] if isinstance(answer, list) else answer
        rows = [list(row) for row in one.get_all()]
        one.close()
        return rows


def _edge_kinds(kinds: Sequence[str]) -> str:
    unknown = [kind for kind in kinds if kind not in EDGE_KINDS]
    if unknown:
        raise ContractBroken(f"{unknown[0][:40]!r} is no kind of edge, expected one of {', '.join(EDGE_KINDS)}.")
    return "|".join(dict.fromkeys(kinds or EDGE_KINDS))


def _moment(as_of: datetime | None) -> dict[str, datetime]:
    return {"as_of": as_of.astimezone(UTC).replace(tzinfo=None)} if as_of else {}


@contextmanager
def _opened(path: Path, *, read_only: bool) -> "Iterator[Connection]":
    import kuzu

    database = kuzu.Database(str(path), read_only=read_only, buffer_pool_size=BUFFER_BYTES, max_num_threads=THREADS)
    connection = kuzu.Connection(database, num_threads=THREADS)
    try:
        yield connection
    finally:
        connection.close()
        database.close()


def _copy(connection: "Connection", table: str, rows: pl.DataFrame, ends: str) -> None:
    if rows.height:
        plain = rows.with_columns(pl.col(pl.Datetime("us", "UTC")).dt.replace_time_zone(None))
        connection.execute(f"COPY {table} FROM $rows{ends}", {"rows": plain.to_arrow()})
