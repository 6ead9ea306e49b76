"""A file is split where its records end, whatever stands in them, and refused whole where it is cut or damaged."""

import gzip
import json

import msgspec
import pytest

from warehouse.errors import SourceUnreadable
from warehouse.records import blocks, recognise

TRICKY = [
    {"a": "}, {", "b": '"},{"', "c": "]}"},
    {"a": "\\", "b": [{"c": "},"}, {"d": [1, {"e": {}}]}]},
    {"a": "x" * 3_000_000 + "},{" * 1_000},
    {},
    {"a": "\u2028 \u0000 ü", "b": None},
]


def split(tmp_path, content, name="file.json"):
    """The records of a file with this content, with their positions."""
    file = tmp_path / name
    file.write_bytes(content)
    return [record for block in blocks(file, recognise(file)) for record in block]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("end", [b"", b"\n", b"  \r\n"])
def test_an_array_is_split_where_its_elements_end(tmp_path, indent, end):
    records = TRICKY * 7
    found = split(tmp_path, json.dumps(records, indent=indent).encode() + end)
    assert [position for position, _ in found] == list(range(1, len(records) + 1))
    assert [json.loads(record) for _, record in found] == records
    assert not any(b"\n" in record for _, record in found)


def test_elements_that_are_no_objects_are_records_too(tmp_path):
    content = b'[{"a":1}, 3, null, "},", [[{"b":2}]], {"a":2}]'
    assert [json.loads(r) for _, r in split(tmp_path, content)] == [{"a": 1}, 3, None, "},", [[{"b": 2}]], {"a": 2}]


def test_an_element_nested_deeper_than_any_parser_goes_is_one_record_among_others(tmp_path):
    content = b'[{"a":1},' + b"[" * 5_000 + b"]" * 5_000 + b',{"a":2}]'
    assert [len(record) for _, record in split(tmp_path, content)] == [7, 10_000, 7]


def test_an_array_that_is_cut_anywhere_is_refused(tmp_path):
    whole = json.dumps([TRICKY[0], TRICKY[1], {"n": -1.5e3, "t": True}]).encode()
    for length in range(1, len(whole)):
        with pytest.raises(SourceUnreadable, match=r"nothing was loaded|expected tickets"):
            split(tmp_path, whole[:length])


def test_a_comma_after_the_last_element_is_forgiven(tmp_path):
    assert len(split(tmp_path, b'[{"a":1},{"a":2},\n]')) == 2


@pytest.mark.parametrize("after", [b"x", b"]", b',{"a":1}]', b'\n[{"a":1}]'])
def test_what_follows_an_array_is_refused(tmp_path, after):
    with pytest.raises(SourceUnreadable, match="goes on after the end of its array"):
        split(tmp_path, b'[{"a":1}]' + after)


@pytest.mark.parametrize("fault", [b'{"a":1} {"a":2}', b'{"a":}', b"{'a':1}", b'{"a":1},,{"a":2}'])
def test_an_array_that_is_no_json_is_refused_with_the_record(tmp_path, fault):
    with pytest.raises(SourceUnreadable, match=r"(no valid JSON at|ends inside) record 2 of its array|record 3"):
        split(tmp_path, b'[{"a":0},' + fault + b"]")


def test_a_gzip_that_is_cut_anywhere_is_refused(tmp_path):
    packed = gzip.compress(json.dumps(TRICKY[:2]).encode())
    for length in range(2, len(packed)):
        with pytest.raises(SourceUnreadable, match="gzip that ends early"):
            split(tmp_path, packed[:length])


def test_a_damaged_gzip_is_refused(tmp_path):
    packed = bytearray(gzip.compress(json.dumps(TRICKY).encode()))
    packed[-6] ^= 1
    with pytest.raises(SourceUnreadable, match="damaged"):
        split(tmp_path, bytes(packed))


def test_lines_keep_their_numbers_between_empty_ones(tmp_path):
    found = split(tmp_path, b'\xef\xbb\xbf{"a":1}\r\n\r\n  \n{"a":2}\n{"a":', name="file")
    assert found == [(1, b'{"a":1}'), (4, b'{"a":2}'), (5, b'{"a":')]


@pytest.mark.parametrize("first", [b'cut": 1}', b"null", b'"a, b"', b"[1, 2]", b"\xff\xfe", b"a,b,c", b"{broken"])
def test_a_first_line_that_is_broken_does_not_decide_what_the_file_is(tmp_path, first):
    found = split(tmp_path, first + b'\n{"a":1}\n{"a":2}\n', name="file")
    assert found == [(1, first), (2, b'{"a":1}'), (3, b'{"a":2}')]


def test_csv_knows_quotes_line_ends_and_lines_of_another_length(tmp_path):
    content = b'\xef\xbb\xbfa,b\r\n1,"x, ""y""\r\nz"\r\n\r\n2\r\n3,"",\r\n4,"{"\r\n'
    found = split(tmp_path, content, name="file.csv")
    assert [(position, msgspec.json.decode(record)) for position, record in found] == [
        (3, {"a": "1", "b": 'x, "y"\r\nz'}),
        (5, ["2"]),
        (6, ["3", "", ""]),
        (7, {"a": "4", "b": "{"}),
    ]


def test_bytes_that_are_no_utf8_stay_in_the_record(tmp_path):
    found = split(tmp_path, b"a,b\n1,M\xfcller\n", name="file.csv")
    assert found == [(2, b'{"a": "1", "b": "M\xfcller"}')]


@pytest.mark.parametrize("content", [b"", b" \n", b"PK\x03\x04\x00,", b"<html>,", b"\xff\xfe{\x00", b"words"])
def test_what_is_no_list_of_records_is_refused(tmp_path, content):
    with pytest.raises(SourceUnreadable, match="expected tickets as JSON array, JSON lines or CSV"):
        split(tmp_path, content, name="file")
