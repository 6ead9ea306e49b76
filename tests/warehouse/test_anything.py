"""Arbitrary input: whatever a line holds, it is taken in or refused, and counted once."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.fold import BORN, CONTENT, HASH, ID, KNOWN_SCHEMA, MOMENT, fold, standing
from warehouse.ingest import ingest
from warehouse.json_records import json_array, json_lines
from warehouse.parse import ROW, TICKET, parse

NOW = datetime(2026, 7, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
SOUND = {"ticket_id": "SOUND", "created_at": "2026-01-01T00:00:00Z", "subject": "sound"}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(silver.TICKETS.schema.names())
ticket_like = st.dictionaries(fields, anything, max_size=8).map(lambda changes: {**SOUND, **changes})
lines = st.lists(
    st.one_of(anything.map(json.dumps), ticket_like.map(json.dumps)).map(str.encode) | st.binary(max_size=40),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines)
def test_whatever_the_lines_hold_each_is_counted_once(found):
    with TemporaryDirectory() as folder:
        lake = Lake(root := Path(folder) / "lake")
        file = root / "anything.jsonl"
        content = [json.dumps(SOUND).encode(), *(line.replace(b"\n", b" ") for line in found)]
        file.write_bytes(b"\n".join(content))
        report = ingest(lake, file, now=NOW, kind="tickets")
        assert report.received == report.new + report.updated + report.unchanged + report.quarantined
        assert report.received == sum(bool(line.strip(b" \t\r\n")) for line in content)
        assert lake.row_count(silver.TICKETS) == report.new
        assert lake.row_count(silver.QUARANTINE) == report.quarantined
        again = ingest(lake, file, now=NOW)
        assert (again.received, again.quarantined) == (report.received, report.quarantined)


@settings(max_examples=200, deadline=None)
@given(st.lists(ticket_like.map(lambda record: json.dumps(record).encode()), max_size=8))
def test_a_record_is_typed_alone_as_it_is_among_others(records):
    together = parse(TICKET, records)
    assert together.rows.height + len(together.refused) == len(records)
    for number, record in enumerate(records):
        alone = parse(TICKET, [record])
        row = together.rows.filter(pl.col(ROW) == number).drop(ROW)
        assert row.equals(alone.rows.drop(ROW))


moments = st.integers(0, 4).map(lambda hours: START + timedelta(hours=hours))
record = st.tuples(st.sampled_from("ab"), moments, st.integers(0, 2), st.sampled_from([START, START, NOW]))


def frame(records, first):
    rows = [
        {ID: id_, BORN: born, MOMENT: moment, CONTENT: content, HASH: f"{id_}{moment}{content}{born}{number % 2}"}
        for number, (id_, moment, content, born) in enumerate(records, first)
    ]
    return pl.DataFrame(rows, schema=KNOWN_SCHEMA)


def one_by_one(known, candidates):
    """The rule, read literally: each record against the one that stands when it comes."""
    stands = {row[ID]: row for row in known.iter_rows(named=True)}
    outcomes = []
    for row in candidates.iter_rows(named=True):
        rival = stands.get(row[ID])
        if rival is None:
            outcomes.append("new")
        elif row[BORN] != rival[BORN]:
            outcomes.append("moved")
        elif row[MOMENT] > rival[MOMENT]:
            outcomes.append("updated")
        elif row[HASH] == rival[HASH] or (row[MOMENT] == rival[MOMENT] and row[CONTENT] == rival[CONTENT]):
            outcomes.append("unchanged")
        else:
            outcomes.append("conflict" if row[MOMENT] == rival[MOMENT] else "stale")
        if outcomes[-1] in {"new", "updated"}:
            stands[row[ID]] = row
    return outcomes, stands


@settings(max_examples=300, deadline=None)
@given(st.lists(record, max_size=4, unique_by=lambda r: r[0]), st.lists(record, max_size=10))
def test_the_fold_judges_as_one_would_record_by_record(known, candidates):
    before, new = frame(known, 0), frame(candidates, 100)
    outcomes, stands = one_by_one(before, new)
    judged = fold(new, before)
    assert judged["outcome"].to_list() == outcomes
    after = standing(before, judged)
    assert {row[ID]: row for row in after.iter_rows(named=True)} == stands


def reader(content, size):
    """A reader that gives at most `size` bytes at a time."""
    place = iter(content[i : i + size] for i in range(0, len(content), size))
    return lambda _: next(place, b"")


nasty = st.text(alphabet='"\\{}[],: \n\té日a', max_size=12)
elements = st.lists(
    st.dictionaries(nasty, nasty | st.lists(st.dictionaries(nasty, nasty, max_size=2), max_size=3), max_size=3),
    min_size=1,
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(elements, st.integers(3, 64), st.sampled_from([None, 1]))
def test_an_array_is_split_where_its_elements_end_however_it_is_read(found, size, indent):
    content = json.dumps(found, indent=indent, ensure_ascii=False).encode()
    blocks = list(json_array(reader(content, size), "file"))
    records = [record for block in blocks for record in block]
    assert [position for position, _ in records] == list(range(1, len(found) + 1))
    assert [json.loads(record) for _, record in records] == found
    assert not any(b"\n" in record for _, record in records)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=8), st.integers(1, 16))
def test_lines_keep_their_numbers_however_they_are_read(found, size):
    content = b"\n".join(found)
    records = [record for block in json_lines(reader(content, size), "file") for record in block]
    expected = [(n, line.strip(b" \t\r\n")) for n, line in enumerate(found, 1) if line.strip(b" \t\r\n")]
    assert records == expected or content.startswith(b"\xef\xbb\xbf")
