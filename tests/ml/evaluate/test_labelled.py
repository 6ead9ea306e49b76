import gzip

import numpy as np
import polars as pl
import pytest

from ml.evaluate import labelled
from warehouse.errors import SourceUnreadable


def test_lines_are_read_plain_or_gzip_with_what_people_leave_out(tmp_path):
    lines = b'{"id":1,"text":"a","label":"x"}\n\n{"text":null,"label":7,"more":[1]}\r\n'
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + lines)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(lines))
    for name in ("a.jsonl", "b.jsonl.gz"):
        found = labelled.read(tmp_path / name, needs_labels=True)
        assert found.ids.to_list() == ["1", "3"]
        assert found.texts.to_list() == ["a", ""]
        assert found.labels.to_list() == ["x", "7"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"id":"1","text":"a","label":"x"}\n{"id":', "line 2"),
        (b'["a"]', "line 1"),
        (b'{"text":"a"}', 'no "label"'),
        (b'{"label":"a"}', "text"),
        (b"\n", "no lines"),
        ('{"text":"a","label":"x"}\n{"text":"café","label":"x"}'.encode("latin-1"), "line 2: byte 0xe9 is no UTF-8"),
        (b"\x1f\x8bbroken", "gzip"),
    ],
)
def test_a_malformed_file_is_refused_in_one_line(tmp_path, content, said):
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(SourceUnreadable, match=said) as raised:
        labelled.read(path, needs_labels=True)
    assert "\n" not in str(raised.value)


def test_each_class_stays_in_the_part_that_is_learned_from():
    labels = pl.Series(["a"] * 40 + ["b"] * 5 + ["c"])
    train, validation = labelled.hold_out(labels, 0.15, 0)
    assert sorted([*train, *validation]) == list(range(len(labels)))
    assert set(labels.gather(train)) == {"a", "b", "c"}
    assert 5 <= len(validation) <= 8


def test_where_every_class_has_one_example_all_are_learned_from():
    train, validation = labelled.hold_out(pl.Series(["a", "b", "c"]), 0.15, 0)
    assert np.array_equal(train, [0, 1, 2])
    assert np.array_equal(validation, [0, 1, 2])
