"""The truth beside a ticket file: for evaluation only. No field of a ticket leads back to it.

`<out>.truth/` holds Parquet tables:

    tickets     one row per ticket: ticket_id, created_at, cause, incident (null if none), category, subcategory (both
                null if no label covers it), priority, sentiment, language (of the text), product, version, module (the
                true one), said_* (the facts that the text carries), length, solved_by (null if unsolved or open),
                p_* (posteriors, see below)
    spans       one row per entity: ticket_id, field, start, end (characters, end exclusive), kind, value
    solvers     one row per ticket: ticket_id, tickets (earlier ones of the same cause that were solved by then, newest
                first, at most 20), solutions and articles that help with its cause in at least three cases of ten
    causes      one row per cause: cause, category, subcategory, title, level, modules, symptoms, codes
    solutions   one row per cause × solution: cause, solution, action, success
    articles    one row per cause × article: cause, article_id, usefulness (at least 0.05)
    incidents   one row per incident: incident, kind, product, version, cause, starts_at, ends_at, strength, tickets
    defects     one row per extra record: position (from 0 in the file), ticket_id, kind, expected (outcome of loading)
    labels      one row per list position: target, position, label: what the elements of the p_ lists stand for

P(label | what was said): `p_category` (5 and 'no label covers it'), `p_subcategory` (25 and the same), `p_priority`,
`p_sentiment` know the text, product, version, recorded module, log, trace and the state of the world on that day;
`p_category_text`, `p_subcategory_text` know the text and the day only. The mean of the largest element is the accuracy
that no classifier of that information can beat.
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

STRINGS = pa.list_(pa.string())
SHARES = pa.list_(pa.float32())
SCHEMAS: dict[str, dict[str, pa.DataType]] = {
    "tickets": {
        "ticket_id": pa.string(),
        "created_at": pa.timestamp("us", tz="UTC"),
        "cause": pa.string(),
        "incident": pa.string(),
        "category": pa.string(),
        "subcategory": pa.string(),
        "priority": pa.string(),
        "sentiment": pa.string(),
        "language": pa.string(),
        "product": pa.string(),
        "version": pa.string(),
        "module": pa.string(),
        "said_symptoms": STRINGS,
        "said_product": pa.string(),
        "said_module": pa.string(),
        "said_code": pa.string(),
        "said_urgency": pa.string(),
        "said_sentiment": pa.string(),
        "length": pa.string(),
        "solved_by": pa.string(),
        "p_category": SHARES,
        "p_subcategory": SHARES,
        "p_priority": SHARES,
        "p_sentiment": SHARES,
        "p_category_text": SHARES,
        "p_subcategory_text": SHARES,
        "p_cause": pa.float32(),
    },
    "spans": {
        "ticket_id": pa.string(),
        "field": pa.string(),
        "start": pa.int32(),
        "end": pa.int32(),
        "kind": pa.string(),
        "value": pa.string(),
    },
    "solvers": {"ticket_id": pa.string(), "tickets": STRINGS, "solutions": STRINGS, "articles": STRINGS},
    "causes": {
        "cause": pa.string(),
        "category": pa.string(),
        "subcategory": pa.string(),
        "title": pa.string(),
        "level": pa.int8(),
        "modules": STRINGS,
        "symptoms": STRINGS,
        "codes": STRINGS,
    },
    "solutions": {"cause": pa.string(), "solution": pa.string(), "action": pa.string(), "success": pa.float32()},
    "articles": {"cause": pa.string(), "article_id": pa.string(), "usefulness": pa.float32()},
    "incidents": {
        "incident": pa.string(),
        "kind": pa.string(),
        "product": pa.string(),
        "version": pa.string(),
        "cause": pa.string(),
        "starts_at": pa.timestamp("us", tz="UTC"),
        "ends_at": pa.timestamp("us", tz="UTC"),
        "strength": pa.float32(),
        "tickets": pa.int32(),
    },
    "defects": {"position": pa.int64(), "ticket_id": pa.string(), "kind": pa.string(), "expected": pa.string()},
    "labels": {"target": pa.string(), "position": pa.int8(), "label": pa.string()},
}
FLUSH_EVERY = 20_000


class Truth:
    """Writes the truth tables as they grow; use as a context manager. Rows are tuples in the order of the schema."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._schemas = {name: pa.schema(list(columns.items())) for name, columns in SCHEMAS.items()}
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in SCHEMAS}
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Self:
        for name, schema in self._schemas.items():
            self._writers[name] = pq.ParquetWriter(self.directory / f"{name}.parquet", schema, compression="zstd")
        return self

    def add(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        """Append rows to a table."""
        held = self._rows[table]
        held += rows
        if len(held) >= FLUSH_EVERY:
            self._flush(table)

    def _flush(self, table: str) -> None:
        rows, schema = self._rows[table], self._schemas[table]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema.names)
        arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
        self._writers[table].write_table(pa.Table.from_arrays(arrays, schema=schema))
        rows.clear()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, writer in self._writers.items():
            if kind is None:
                self._flush(name)
            writer.close()
