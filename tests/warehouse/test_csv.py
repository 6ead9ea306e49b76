"""A CSV as a whole: where it ends, and what its columns are called."""

import gzip
from datetime import UTC, datetime

import pytest

from warehouse.contracts import bronze, silver
from warehouse.errors import SourceUnreadable
from warehouse.ingest import ingest

NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize("kept", [0.3, 1.0])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_a_csv_that_ends_inside_a_quote_loads_nothing(lake, tmp_path, kept, suffix):
    rows = [f'T-{n},2026-03-01T10:00:00Z,"words, and\nmore words"\n' for n in range(12_000)]
    whole = "ticket_id,created_at,subject\n" + "".join(rows)
    cut = whole[: whole.rindex("\nmore", 0, int(len(whole) * kept))]
    file = tmp_path / f"cut{suffix}"
    file.write_bytes(gzip.compress(cut.encode()) if suffix.endswith("gz") else cut.encode())
    line = cut.count("\n") + 1

    with pytest.raises(SourceUnreadable, match=f"ends early, inside .* begins at line {line}; nothing was loaded"):
        ingest(lake, file, now=NOW)
    assert not lake.exists(bronze.TICKETS)
    assert not lake.exists(silver.TICKETS)


def test_a_csv_whose_last_row_is_whole_is_whole_however_it_ends(lake, tmp_path):
    for number, end in enumerate(["", "\n", "\r\n\r\n"]):
        file = tmp_path / f"{number}.csv"
        file.write_text(f'ticket_id,created_at,subject\nT-{number},2026-03-01,"a ""quote"""{end}')
        assert ingest(lake, file, now=NOW).new == 1
    assert set(lake.read(silver.TICKETS)["subject"]) == {'a "quote"'}


def test_a_csv_that_names_a_column_twice_loads_nothing(lake, tmp_path):
    file = tmp_path / "twice.csv"
    file.write_text("ticket_id,created_at,subject,subject\nT-1,2026-03-01,one,two\n")
    with pytest.raises(SourceUnreadable, match="more than one column named 'subject', expected each name once"):
        ingest(lake, file, now=NOW)
    assert not lake.exists(bronze.TICKETS)
