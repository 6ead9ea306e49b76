"""The API, with an encoder that remembers: what a request costs beside the forward pass of its text.

    LAKE_ROOT=FOLDER python -m benchmarks.remembering PORT

A text that was asked before is not encoded again. The product has no such memory: people seldom write the same twice.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from warehouse.settings import settings, share_cores

if TYPE_CHECKING:
    from ml.text.encoder import Joined, Vectors


def remember() -> None:
    """From now on every encoder of this process remembers."""
    import numpy as np

    from ml.text.encoder import Joined

    encoded, known = Joined.encode, dict[str, "Vectors"]()

    def encode(self: "Joined", texts: Sequence[str]) -> "Vectors":
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, encoded(self, new), strict=True))
        return np.stack([known[text] for text in texts])

    Joined.encode = encode  # type: ignore[method-assign]


def main() -> None:
    """Serve as `ticketlake serve` does."""
    share_cores()
    import uvicorn

    from api.app import create_app

    remember()
    uvicorn.run(create_app(settings()), host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)


if __name__ == "__main__":
    main()
