"""A sentence-transformers model in OpenVINO: tokens in, pooled vectors of unit length out; no torch."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import local
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


class Sentences:
    """One exported model. Pooling and normalisation are inside its graph."""

    def __init__(self, name: str, dimension: int, compiled: Any, tokenizer: Any) -> None:
        """`compiled` takes `input_ids` and `attention_mask`, (n, tokens) of int64, and gives (n, dimension)."""
        self.name = name
        self.dimension = dimension
        self._compiled = compiled
        self._tokenizer = tokenizer
        self._own = local()

    @classmethod
    def load(cls, folder: Path, name: str, dimension: int, tokens: int, threads: int = THREADS) -> Self:
        """Read what the export wrote."""
        import openvino as ov
        from tokenizers import Tokenizer

        core = ov.Core()
        compiled = core.compile_model(
            core.read_model(folder / MODEL, folder / WEIGHTS),
            "CPU",
            {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads},
        )
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        tokenizer.enable_truncation(tokens)
        tokenizer.no_padding()
        return cls(name, dimension, compiled, tokenizer)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length per text. Texts of like length share a batch, so that little is padded."""
        found = np.empty((len(texts), self.dimension), dtype=np.float32)
        tokens = [encoded.ids for encoded in self._tokenizer.encode_batch_fast(list(texts))]
        for places in _batches([len(ids) for ids in tokens]):
            found[places] = self._infer([tokens[place] for place in places])
        return found

    def _infer(self, batch: Sequence[Sequence[int]]) -> Vectors:
        lengths = np.array([len(ids) for ids in batch])
        mask = np.arange(lengths.max()) < lengths[:, None]
        padded = np.zeros(mask.shape, dtype=np.int64)
        padded[mask] = np.concatenate([np.asarray(ids, dtype=np.int64) for ids in batch])
        request = self._request()
        request.infer({"input_ids": padded, "attention_mask": mask.astype(np.int64)}, share_inputs=True)
        vectors: Vectors = request.get_output_tensor().data
        return vectors

    def _request(self) -> Any:
        """This thread's own request: one cannot serve two threads at once."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        return self._own.request


def _batches(lengths: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    """Places of texts that go together, longest first, of at most `BATCH_TOKENS` when padded to the longest."""
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    start = 0
    while start < len(order):
        size = max(1, BATCH_TOKENS // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size
