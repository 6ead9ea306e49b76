"""A bare Litestar handler: the least that a request costs, whatever it is answered.

python -m benchmarks.bare PORT
"""

import sys
from typing import Any

import msgspec
from litestar import Litestar, get, post

SAID = {"targets": {name: {"label": "Billing", "confidence": 0.5} for name in ("category", "priority", "sentiment")}}


@get("/health/ready", sync_to_thread=False)
def ready() -> dict[str, str]:
    """It is."""
    return {"status": "ready"}


@post("/v1/predict-ticket", status_code=200, sync_to_thread=True)
def answer(body: bytes) -> dict[str, Any]:
    """JSON read and JSON answered, in a thread, as the API does; nothing in between."""
    msgspec.json.decode(body)
    return SAID


def main() -> None:
    """Serve at the port that is given last."""
    import uvicorn

    uvicorn.run(Litestar([ready, answer]), port=int(sys.argv[-1]), log_config=None, access_log=False)


if __name__ == "__main__":
    main()
