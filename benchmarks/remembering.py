"""The API, with an encoder that remembers: what a request costs beside the forward pass of its text.

    LAKE_ROOT=FOLDER python -m benchmarks.remembering PORT

A text that was asked before is not encoded again. The product has no such memory: people seldom write the same twice.
"""

import sys
from collections.abc import Sequence

import numpy as np
import uvicorn

from api.app import create_app
from ml.text.encoder import Joined, Vectors
from warehouse.settings import settings

_encode = Joined.encode


def remember() -> None:
    """From now on every encoder of this process remembers."""
    known: dict[str, Vectors] = {}

    def encode(self: Joined, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, _encode(self, new), strict=True))
        return np.stack([known[text] for text in texts])

    Joined.encode = encode  # type: ignore[method-assign]


if __name__ == "__main__":
    remember()
    uvicorn.run(create_app(settings()), host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)
