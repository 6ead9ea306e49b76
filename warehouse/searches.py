"""Searches on their way to silver: each once, with what became of it, and told again when more becomes known.

New searches are taken in by their place in bronze; later events change the rows of the searches that they name. Whether
nothing was accepted in time is settled when the lake has heard of something later, so that no clock is asked and the
same bronze gives the same rows.
"""

from collections import Counter
from datetime import datetime, timedelta

import msgspec
import polars as pl

from warehouse import tombstones
from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.fold import SEQUENCE
from warehouse.outcomes import AGAIN_WITHIN, TYPES, asked_again, outcomes, told
from warehouse.parse import Refusal
from warehouse.purge import scrub
from warehouse.refusals import Refusals
from warehouse.search_made import SearchMade, nameless
from warehouse.times import EARLIEST
from warehouse.tombstones import ERASED, Tombstones

BATCH = 8_192
PATIENCE = timedelta(days=1)
"""A search of which nothing was accepted for so long has failed."""
OUTCOME = ("shown", "accepted", "edited", "refused", "helped", "accepted_rank", "accepted_at")
_DONE = f"{bronze.SEARCH_EVENTS.path}/{SEQUENCE}"
_HEARD = ["type", "event_time", "event_id", "payload"]
_decoder = msgspec.json.Decoder(SearchMade)


def follow(lake: Lake) -> dict[str, Counter[str]]:
    """Bring `silver/search_events` up to bronze and `silver/events`; by load what was new and what was refused.

    At once where neither gained anything since the last time.
    """
    if not lake.exists(bronze.SEARCH_EVENTS):
        return {}
    table, loads = silver.SEARCH_EVENTS, dict[str, Counter[str]]()
    with lake.lock(silver.QUARANTINE, table):
        progress = {bronze.SEARCH_EVENTS.path: lake.data_version(bronze.SEARCH_EVENTS) or 0}
        heard = lake.data_version(silver.EVENTS)
        progress |= {} if heard is None else {silver.EVENTS.path: heard}
        if all(lake.progress(table, source) == version for source, version in progress.items()):
            return {}
        lake.ensure(table)
        version, after = progress[bronze.SEARCH_EVENTS.path], lake.progress(table, _DONE) or 0
        for records in lake.ordered(bronze.SEARCH_EVENTS, SEQUENCE, after=after, size=BATCH, version=version):
            _take(lake, records, heard, loads)
        _follow_events(lake, heard, progress)
    return loads


def _take(lake: Lake, records: pl.DataFrame, heard: int | None, loads: dict[str, Counter[str]]) -> None:
    stones = tombstones.read(lake.root)
    refusals = Refusals(lake, bronze.SEARCH_EVENTS.name, stones)
    said = records.filter(pl.col("record").is_not_null())
    rows, refused = _typed(said, stones)
    refusals.add(said, refused)
    refusals.write()
    scrub(lake, bronze.SEARCH_EVENTS, refusals.erased(), stones)
    known = lake.matching(silver.SEARCH_EVENTS, rows.select("search_id"))
    new = rows.unique("search_id", keep="first", maintain_order=True).join(known, on="search_id", how="anti")
    for load_id, count in new.group_by("load_id").len().iter_rows():
        loads.setdefault(load_id, Counter())["new"] += count
    for refusal in refused:
        loads.setdefault(said["load_id"][refusal.row], Counter())["quarantined"] += 1
    both = pl.concat([new, _around(lake, new)])
    both = both.with_columns(rephrased=pl.col("rephrased") | pl.col("search_id").is_in(asked_again(both).implode()))
    lake.merge(silver.SEARCH_EVENTS, _judged(lake, both, heard), progress={_DONE: records[SEQUENCE].max()})  # type: ignore[dict-item]


def _around(lake: Lake, new: pl.DataFrame) -> pl.DataFrame:
    """Known searches that were made shortly before or after new ones."""
    if new.is_empty():
        return new
    first, last = new.select(first=pl.col("asked_at").min(), last=pl.col("asked_at").max()).row(0)
    near = pl.col("asked_at").is_between(first - AGAIN_WITHIN, last + AGAIN_WITHIN)
    return lake.scan(silver.SEARCH_EVENTS).filter(near).collect()


def _follow_events(lake: Lake, heard: int | None, progress: dict[str, int]) -> None:
    """Searches that new events name, and those whose time is over now."""
    table = silver.SEARCH_EVENTS
    named = pl.DataFrame(schema={"search_id": pl.String})
    if heard is not None:
        since = lake.progress(table, silver.EVENTS.path)
        changes = lake.changes(silver.EVENTS, since, heard, columns=["type", "payload"], before=True)
        suggestion = pl.col("payload").str.json_path_match("$.suggestion_id")
        changes = changes.filter(pl.col("type").is_in(TYPES))
        named = changes.select(search_id=suggestion.str.split(":").list.first()).drop_nulls().unique()
    over = pl.col("unaccepted").is_null() & (pl.col("asked_at") <= _horizon(lake, heard) - PATIENCE)
    touched = pl.col("search_id").is_in(named["search_id"].implode()) | over
    lake.merge(table, _judged(lake, lake.scan(table).filter(touched).collect(), heard), progress=progress)


def _judged(lake: Lake, rows: pl.DataFrame, heard: int | None) -> pl.DataFrame:
    """The rows with what events say by now."""
    events = pl.DataFrame(schema={name: silver.EVENTS.schema[name] for name in _HEARD})
    if heard is not None and rows.height:
        found = lake.scan(silver.EVENTS, version=heard).filter(pl.col("type").is_in(TYPES))
        events = found.select(_HEARD).collect()
    judged = outcomes(rows.select("search_id", "found"), told(events))
    in_time = (pl.col("accepted_at") <= pl.col("asked_at") + PATIENCE).fill_null(False)
    settled = pl.col("unaccepted").is_not_null() | (pl.col("asked_at") + PATIENCE <= _horizon(lake, heard, rows))
    return (
        rows.drop(OUTCOME)
        .join(judged, on="search_id", how="left", maintain_order="left")
        .with_columns(unaccepted=pl.when(in_time).then(False).when(settled).then(True))
        .select(silver.SEARCH_EVENTS.schema.names())
        .cast(silver.SEARCH_EVENTS.schema)
    )


def _horizon(lake: Lake, heard: int | None, rows: pl.DataFrame | None = None) -> datetime:
    """The latest moment that the lake has heard of."""
    moments = [lake.scan(silver.SEARCH_EVENTS).select(pl.col("asked_at").max()).collect().item()]
    if heard is not None:
        moments.append(lake.scan(silver.EVENTS, version=heard).select(pl.col("received_time").max()).collect().item())
    if rows is not None:
        moments.append(rows["asked_at"].max())
    return max((moment for moment in moments if moment is not None), default=EARLIEST)


def _typed(records: pl.DataFrame, stones: Tombstones) -> tuple[pl.DataFrame, list[Refusal]]:
    """Rows of the records that are searches, nothing known of their outcome; refusals of those that are none."""
    rows, refused = [], []
    for number, (record, load_id) in enumerate(records.select("record", "load_id").iter_rows()):
        try:
            made = _decoder.decode(record)
            if stones.has("ticket", made.ticket_id) or stones.has("customer", made.asker):
                refused.append(Refusal(number, ERASED, "whose search it is was erased, and stays so"))
                continue
            rows.append(_row(nameless(made, stones), load_id))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = "contract" if isinstance(error, msgspec.ValidationError) else "malformed"
            refused.append(Refusal(number, reason, str(error).replace("`", "'") or type(error).__name__))
    return pl.DataFrame(rows, schema=silver.SEARCH_EVENTS.schema), refused


def _row(made: SearchMade, load_id: str) -> dict[str, object]:
    sought = made.sought
    best = max((thing.score for thing in sought if thing.score is not None), default=None)
    return {
        "search_id": made.search_id,
        "kind": made.kind,
        "asked_at": made.made_at,
        "ticket_id": made.ticket_id,
        "asker": made.asker,
        "session": made.session,
        "text": made.text,
        "text_hash": made.text_hash,
        "filters": msgspec.json.encode(made.filters, order="sorted").decode(),
        "k": made.k,
        "stages": made.used,
        "missing": made.missing,
        "found": [thing.id for thing in sought],
        "scores": [thing.score for thing in sought],
        "articles": [thing.id for thing in made.found if thing.kind == "article"],
        "returned": made.returned,
        "best_score": best,
        "release": made.release,
        "latency_ms": made.latency_ms,
        "no_result": made.returned == 0,
        "low_score": None if best is None or made.enough is None else best < made.enough,
        "rephrased": False,
        "load_id": load_id,
    }
