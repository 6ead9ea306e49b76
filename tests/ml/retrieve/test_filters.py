"""What may be found at all."""

from datetime import UTC, datetime

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.retrieve.filters import Filters, Span
from ml.retrieve.index import Index

ROWS = pl.DataFrame(
    {
        "ticket_id": [f"T-{at}" for at in range(6)],
        "product": ["A", "B", "A", None, "C", "A"],
        "language": ["en", "de", "de", "en", None, "en"],
        "created_at": [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 7)],
    }
)


def held(text):
    """Places of the rows that pass what a request says."""
    mask = msgspec.json.decode(text, type=Filters).mask(ROWS)
    return None if mask is None else np.flatnonzero(mask).tolist()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('{"product": "A"}', [0, 2, 5]),
        ('{"product": ["B", "C"]}', [1, 4]),
        ('{"product": "A", "language": "en"}', [0, 5]),
        ('{"created_at": {"from": "2026-01-02T00:00:00Z", "to": "2026-01-04T00:00:00Z"}}', [1, 2]),
        ('{"created_at": {"from": "2026-01-05T01:00:00+02:00"}}', [4, 5]),
        ('{"created_at": {"to": "2026-01-02T00:00:00Z"}}', [0]),
        ('{"product": "a"}', [0, 2, 5]),
        ('{"product": ["b ", "Nope"]}', [1]),
        ('{"product": "Nope"}', []),
        ('{"product": "A\\" OR 1=1"}', []),
        ('{"region": "EU"}', None),
        ("{}", None),
    ],
)
def test_values_sets_and_spans_hold_together_and_null_has_none_of_them(said, expected):
    assert held(said) == expected


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('{"colour": "red"}', "unknown field `colour`"),
        ('{"product": 7}', "Expected `str | array | null`"),
        ('{"product": []}', "length >= 1"),
        ('{"product": [7]}', "Expected `str`"),
        ('{"created_at": {}}', "expected from or to"),
        ('{"created_at": {"from": "2026-01-02"}}', "Invalid RFC3339"),
        ('{"created_at": {"from": "2026-01-02T00:00:00"}}', "time zone"),
        ('{"created_at": {"from": "2026-01-03T00:00:00Z", "to": "2026-01-02T00:00:00Z"}}', "from before to"),
        ('{"created_at": {"since": "2026-01-03T00:00:00Z"}}', "unknown field `since`"),
    ],
)
def test_what_is_no_filter_is_refused_with_what_was_expected(said, told):
    with pytest.raises(msgspec.ValidationError, match=told):
        held(said)


@given(
    st.lists(st.sampled_from(["A", "B", "C", "D"]), min_size=1, max_size=4), st.none() | st.sampled_from(["en", "de"])
)
def test_a_row_passes_where_every_filter_names_its_value(products, language):
    mask = Filters(product=products, language=language).mask(ROWS)

    said = ROWS.select("product", "language").rows()
    assert mask.tolist() == [p in products and language in (None, spoken) for p, spoken in said]


def test_of_thousands_all_of_the_three_that_pass_are_found_and_nothing_else(desk):
    made = desk(3000, seed=5)
    few = np.zeros(3000, dtype=bool)
    few[[7, 1503, 2999]] = True
    region = pl.Series(["EU" if at else "NA" for at in few])
    index = Index.of(made.problems.with_columns(region=region), made.vectors, key="ticket_id", encoder="planted")
    far = -made.vectors[few].mean(axis=0)

    for question in made.past().questions([0, 7, 100]):
        for vector in (question.shared, far.astype(np.float32), None):
            found = index.search(question.asked, vector, Filters(region="EU").mask(index.documents))
            expected = {7, 1503, 2999} if vector is not None else {7, 1503, 2999} & set(found.places.tolist())
            assert set(found.places.tolist()) == expected


def test_where_nothing_passes_nothing_is_found(desked):
    index = desked.index()
    [question] = desked.past().questions([3])
    found = index.search(question.asked, question.shared, Filters(product="Nothing").mask(index.documents))

    assert len(found.places) == len(found.cosines) == 0


def test_a_span_leaves_nothing_of_another_time(desked):
    index, middle = desked.index(), desked.problems["created_at"][200]
    [question] = desked.past().questions([450])
    found = index.search(
        question.asked, question.shared, Filters(created_at=Span(end=middle)).mask(index.documents), 50
    )

    assert len(found.places) >= 50
    assert found.places.max() < 200
