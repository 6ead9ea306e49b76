"""The API, with an encoder that remembers: what a request costs beside the forward pass of its text.

    LAKE_ROOT=FOLDER API_WORKERS=2 python -m benchmarks.remembering PORT

A text that was asked before is not encoded again. The product has no such memory: people seldom write the same twice.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from warehouse.settings import settings, share_cores, share_counts

if TYPE_CHECKING:
    from litestar import Litestar

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


def configured() -> "Litestar":
    """What each worker starts."""
    from api.app import create_app

    remember()
    return create_app(settings())


def main() -> None:
    """Serve as `ticketlake serve` does."""
    share_cores()
    import uvicorn

    port, workers = int(sys.argv[1]), settings().api_workers
    with TemporaryDirectory() as counts:
        share_counts(Path(counts), workers, "127.0.0.1")
        uvicorn.run(
            "benchmarks.remembering:configured",
            factory=True,
            port=port,
            workers=workers,
            log_config=None,
            access_log=False,
            timeout_worker_healthcheck=60,
        )


if __name__ == "__main__":
    main()
