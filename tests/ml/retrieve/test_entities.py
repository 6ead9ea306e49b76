"""Search by names."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.retrieve.entities import SETTINGS, Entities
from ml.retrieve.mentions import forms, mentions
from warehouse.errors import ArtifactDamaged, FormatMismatch

TRACE = "java.io.IOException: gone\n\tat org.apache.fs.FileSystem.mkdirs(FileSystem.java:12)\n"


def named(text):
    return set(mentions(pl.Series([text]))["name"])


def test_codes_exceptions_methods_settings_files_and_tickets_are_names():
    said = named(f"{TRACE}set fs.s3a.timeout in hdfs-site.xml, see HADOOP-1234: ERR_CONN_RESET, 0x80070005, retry()")
    assert {
        "ioexception", "filesystem.mkdirs", "filesystem", "fs.s3a.timeout", "hdfs-site.xml", "hadoop-1234",
        "err_conn_reset", "0x80070005", "retry",
    } <= said  # fmt: skip


def test_plain_words_are_no_names():
    assert named("The server stopped, and nobody could log in. Please help us!") == set()


def test_a_name_in_other_letters_or_with_more_in_front_is_the_same():
    assert named("FileSystem.mkdirs") & named("org.apache.fs.FileSystem.mkdirs") == {"filesystem.mkdirs", "filesystem"}
    assert forms("ERR_CONN_RESET") == ["err_conn_reset"]


def test_a_rare_name_weighs_more_than_a_common_one():
    index = Entities.build(pl.Series(["getName()", *["getName() getValue()"] * 3, "getValue() readAll()", "readAll()"]))
    [query] = index.queries(pl.Series(["readAll() getValue()"]))

    scores = index.scores(query)
    assert scores[4] == pytest.approx(1)
    assert scores[5] > scores[1] > 0
    assert scores[0] == 0


def test_who_names_nothing_finds_nothing_by_names():
    index = Entities.build(pl.Series(["getName()", ""]))
    unknown, empty = index.queries(pl.Series(["otherThing()", ""]))
    assert index.scores(unknown).tolist() == [0, 0]
    assert index.scores(empty).tolist() == [0, 0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([TRACE, "ERR_1 ERR_2", "plain words", "", "a.b.C getName()"]), min_size=1, max_size=5))
def test_saved_then_loaded_finds_the_same(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("entities")
    index = Entities.build(pl.Series(texts))
    index.save(folder)
    loaded = Entities.load(folder)

    [query] = index.queries(pl.Series([f"{TRACE} ERR_1"]))
    assert np.array_equal(loaded.queries(pl.Series([f"{TRACE} ERR_1"]))[0], query)
    assert np.array_equal(loaded.scores(query), index.scores(query))


def test_a_damaged_index_is_refused(tmp_path):
    with pytest.raises(ArtifactDamaged, match="no index of names"):
        Entities.load(tmp_path)
    Entities.build(pl.Series(["ERR_1"])).save(tmp_path)
    (tmp_path / SETTINGS).write_text('{"format": 99, "names": []}')
    with pytest.raises(FormatMismatch, match="format"):
        Entities.load(tmp_path)
