"""What is computed of texts and tickets for models to read."""

import polars as pl

from warehouse.table import Column, Table

EMBEDDINGS = Table(
    layer="features",
    name="embeddings",
    grain="One row per cleaned text and encoder: each text is encoded once in its life.",
    columns=(
        Column("text_hash", pl.String, "BLAKE2b (128 bit, hex) of the cleaned text in UTF-8", distinct=True),
        Column("encoder", pl.String, "Digest of the encoder: what models/encoder's card calls `encoder`"),
        Column(
            "vector",
            pl.Binary,
            "Float32, little endian, in blocks of unit length",
            required=True,
            distinct=True,
        ),
    ),
    primary_key=("text_hash", "encoder"),
    owner="team:machine-learning",
)

TABLES = (EMBEDDINGS,)
