"""Embeddings as rows of a table: texts by their hash, vectors as bytes."""

from hashlib import blake2b

import numpy as np
import polars as pl

from ml.text.encoder import Vectors


def text_hash(texts: pl.Series) -> pl.Series:
    """BLAKE2b (128 bit, hex) of each cleaned text in UTF-8; the texts are not null."""
    return pl.Series(
        "text_hash", [blake2b(text.encode(), digest_size=16).hexdigest() for text in texts], dtype=pl.String
    )


def packed(vectors: Vectors) -> pl.Series:
    """Each row as bytes: float32, little endian."""
    return pl.Series("vector", [row.tobytes() for row in vectors.astype("<f4")], dtype=pl.Binary)


def unpacked(column: pl.Series, dimension: int) -> Vectors:
    """What `packed` packed: (n, dimension). Raises `ValueError` for another dimension."""
    flat = np.frombuffer(b"".join(column.to_list()), dtype="<f4")
    if flat.size != len(column) * dimension:
        raise ValueError(f"{len(column)} vectors hold {flat.size} numbers, expected {dimension} each")
    return flat.reshape(-1, dimension).astype(np.float32, copy=False)


def gathered(hashes: pl.Series, known: pl.DataFrame, dimension: int) -> Vectors:
    """The vector of each hash, (n, dimension), from rows of `features/embeddings`; zeros where there is none."""
    wanted = hashes.alias("text_hash").to_frame()
    found = wanted.join(known.select("text_hash", "vector"), on="text_hash", how="left", maintain_order="left")[
        "vector"
    ]
    there = found.is_not_null()
    vectors = np.zeros((len(hashes), dimension), dtype=np.float32)
    vectors[there.to_numpy()] = unpacked(found.filter(there), dimension)
    return vectors


def unit(vectors: Vectors) -> Vectors:
    """Rows of length 1; of zeros, as they are."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(length, np.finfo(np.float32).tiny)).astype(np.float32)
    return scaled
