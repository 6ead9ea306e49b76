"""Names in a text become nodes, however they are written."""

import pytest

from ml.graph.build import text_of
from ml.graph.codes import Codes
from ml.graph.link import Linker
from ml.graph.spelling import Spelling, distance
from ml.graph.terms import vocabulary, words
from warehouse.errors import ArtifactDamaged


@pytest.fixture(scope="module")
def linker(world):
    return Linker.of(world.edges, vocabulary(words(text_of(world.problems))), world.problems.height)


@pytest.mark.parametrize("written", ["ERROR_TIMEOUT_504", "error_timeout_504", "ERR-504", "error timeout 504"])
def test_a_code_is_known_however_it_is_written(linker, written):
    assert "ErrorCode:ERROR_TIMEOUT_504" in linker.link(f"we see {written} here").seeds


def test_an_ordinary_sentence_names_no_code(linker):
    seeds = linker.link("please help, nothing works at all").seeds
    assert not [name for name in seeds if name.startswith("ErrorCode:")]


def test_products_modules_and_versions_are_found_by_alias(linker):
    seeds = linker.link("data sync pro v1.1.0 fails in leak-module").seeds
    assert {"Product:DataSync Pro", "Version:DataSync Pro 1.1.0", "Module:leak_module"} <= set(seeds)


def test_a_version_belongs_to_the_product_that_is_named(linker):
    seeds = linker.link("version 1.1.0 of CloudBackup").seeds
    assert [name for name in seeds if name.startswith("Version:")] == ["Version:CloudBackup 1.1.0"]


def test_a_version_without_a_product_is_that_of_each(linker):
    seeds = linker.link("what goes wrong with version 1.1.0?").seeds
    assert {"Version:CloudBackup 1.1.0", "Version:DataSync Pro 1.1.0"} <= set(seeds)


def test_misspelled_terms_are_corrected_and_it_is_said(linker):
    found = linker.link("the invioce is odd")
    assert found.corrected == {"invioce": "invoice"}
    assert "Term:invoice" in found.seeds


def test_what_has_no_node_is_left_out_and_named(linker):
    found = linker.link("ERROR_NEVER_SEEN_999 in version 9.9.9")
    assert found.unknown == ["9.9.9", "ERROR_NEVER_SEEN_999"]
    assert not found.seeds


def test_rare_names_weigh_more_than_common_ones(linker):
    seeds = linker.link("DataSync Pro 2.0.0").seeds
    assert seeds["Version:DataSync Pro 2.0.0"] > seeds["Product:DataSync Pro"]


@pytest.mark.parametrize("text", ["", " ", "😀" * 50, "\u202etxet", "'; MATCH (n) DELETE n //", "x" * 1_000_000])
def test_any_text_is_read(linker, text):
    assert linker.link(text).seeds == {}


def test_a_linker_reads_the_same_after_it_was_stored(linker, tmp_path):
    linker.save(tmp_path)
    text = "ERR-504 in DataSync Pro, invioce wrong"
    assert Linker.load(tmp_path).link(text) == linker.link(text)


def test_a_damaged_linker_is_refused(linker, tmp_path):
    linker.save(tmp_path)
    (tmp_path / "names.json").write_bytes(b"{}")
    with pytest.raises(ArtifactDamaged, match="ticketlake build"):
        Linker.load(tmp_path)


def test_a_number_that_several_codes_have_means_each_a_little():
    codes = Codes(["ERROR_TIMEOUT_504", "ERROR_GATEWAY_504"])
    assert codes.find("ERR-504") == {"ERROR_GATEWAY_504": 0.5, "ERROR_TIMEOUT_504": 0.5}
    assert codes.find("error-timeout-504") == {"ERROR_TIMEOUT_504": 1.0}


def test_short_known_and_strange_words_are_not_corrected():
    spelling = Spelling({"invoice": 5, "timeout": 3, "database": 9})
    assert spelling.correct("time") is None
    assert spelling.correct("invoice") is None
    assert spelling.correct("zebra") is None
    assert spelling.correct("databsae") == "database"


def test_letters_that_swapped_places_are_one_mistake():
    assert distance("invioce", "invoice") == 1
    assert distance("", "abc") == 3
