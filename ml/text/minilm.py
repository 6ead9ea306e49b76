"""A sentence-transformers model in OpenVINO: tokens in, pooled vectors of unit length out; no torch."""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ml.text.encoder import THREADS, Vectors

MODEL = "model.xml"
WEIGHTS = "model.bin"
TOKENIZER = "tokenizer.json"
FILES = (MODEL, WEIGHTS, TOKENIZER)
BATCH_TOKENS = 2_048
"""Tokens in a batch, padding included: more makes it no faster, and less leaves the cores waiting."""
STEP = 32
"""Texts are padded to a multiple of so many tokens, and go together by powers of two, so that there are few shapes:
OpenVINO compiles for each shape that it meets, which takes longer than the inference, and keeps what it compiled."""


class Sentences:
    """One exported model. Pooling and normalisation are inside its graph."""

    def __init__(self, name: str, dimension: int, compiled: Any, tokenizer: Any) -> None:
        """`compiled` takes `input_ids` and `attention_mask`, (n, tokens) of int64, and gives (n, dimension)."""
        self.name = name
        self.dimension = dimension
        self._compiled = compiled
        self._tokenizer = tokenizer
        self._free: deque[Any] = deque()

    @classmethod
    def load(cls, folder: Path, name: str, dimension: int, tokens: int, threads: int = THREADS) -> Self:
        """Read what the export wrote."""
        import openvino as ov
        from tokenizers import Tokenizer

        core = ov.Core()
        compiled = core.compile_model(
            core.read_model(folder / MODEL, folder / WEIGHTS),
            "CPU",
            # In full precision: what a processor rounds to by default differs between processors, and so would vectors.
            {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"},
        )
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        tokenizer.enable_truncation(tokens)
        tokenizer.no_padding()
        return cls(name, dimension, compiled, tokenizer)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length per text. Texts of like length share a batch, so that little is padded."""
        found = np.empty((len(texts), self.dimension), dtype=np.float32)
        tokens = [encoded.ids for encoded in self._tokenizer.encode_batch_fast(list(texts))]
        for length, places in _batches([len(ids) for ids in tokens]):
            found[places] = self._infer([tokens[place] for place in places], length)
        return found

    def _infer(self, batch: Sequence[Sequence[int]], length: int) -> Vectors:
        mask = np.arange(length) < np.array([len(ids) for ids in batch])[:, None]
        padded = np.zeros(mask.shape, dtype=np.int64)
        padded[mask] = np.concatenate([np.asarray(ids, dtype=np.int64) for ids in batch])
        # One request cannot serve two threads at once, and each holds memory: as many as were ever needed at once.
        try:
            request = self._free.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        request.infer({"input_ids": padded, "attention_mask": mask.astype(np.int64)}, share_inputs=True)
        vectors: Vectors = request.get_output_tensor().data.copy()
        self._free.append(request)
        return vectors


def _batches(lengths: Sequence[int]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """A length to pad to and the places of texts that it fits best; at most `BATCH_TOKENS` with what is padded."""
    padded = -(-np.asarray(lengths, dtype=np.int64) // STEP) * STEP
    for length in np.unique(padded)[::-1].tolist():
        places = np.flatnonzero(padded == length)
        while len(places):
            size = 1 << (min(max(1, BATCH_TOKENS // length), len(places)).bit_length() - 1)
            yield length, places[:size]
            places = places[size:]
