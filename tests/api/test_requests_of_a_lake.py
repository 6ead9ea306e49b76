"""A request in a lake that was built: solutions, an answer, events, and feedback about what was suggested."""

import shutil
from contextlib import closing
from datetime import UTC, datetime

import msgspec
import pytest
from litestar.testing import TestClient

from api.app import create_app
from operations.inbox import Inbox
from operations.requests import Requests
from operations.store import open_store
from service.requests import RequestWork
from service.serving import Serving
from service.working import RequestTurns
from warehouse.delta import Lake
from warehouse.settings import Settings

ASKED = {
    "ticket_id": "TK-ASKED",
    "subject": "The zeppelin does not moor",
    "description": "Mooring valve of the zeppelin leaks since noon.",
    "customer_tier": "enterprise",
}


@pytest.fixture
def root(followed, tmp_path):
    shutil.copytree(followed[0], tmp_path / "built", symlinks=True)
    return tmp_path / "built"


def test_a_request_finds_what_solved_others_and_outcomes_of_it_can_be_told(root):
    with (
        TestClient(create_app(Settings(lake_root=root, _env_file=None))) as client,
        closing(open_store(f"sqlite:///{root / 'operations' / 'store.db'}")) as store,
    ):
        receipt = client.post("/v1/requests", json=ASKED).json()
        work = RequestWork(Lake(root), Serving(root), Inbox(store))
        assert RequestTurns(Requests(store), work, lambda: datetime.now(UTC)).take()
        done = client.get(receipt["location"]).json()
        result = done["result"]

        assert (done["status"], done["category"]) == ("done", result["targets"]["category"]["label"])
        assert result["targets"]["category"]["model"]["name"] in result["versions"]
        assert "mooring valve" in result["solutions"][0]["text"].lower()
        assert result["articles"][0]["article_id"] == "KB-NEW"
        assert result["similar"]
        assert result["answer"]["sentences"]
        assert "search" not in result["missing"]
        assert {"indexes/tickets", "indexes/solutions"} <= result["versions"].keys()

        said = {row.idempotency_key: msgspec.json.decode(row.body) for row in Inbox(store).for_ticket("TK-ASKED")}
        suggested = said[f"solutions:{result['search_id']}"]["payload"]
        assert suggested["target_ids"] == [one["solution_id"] for one in result["solutions"]]
        assert suggested["request_id"] == receipt["id"]
        assert said[f"search:{result['search_id']}"]["kind"] == "answers"
        outcome = {
            "search_id": result["search_id"],
            "target_id": result["solutions"][0]["solution_id"],
            "outcome": "accepted",
            "actor": {"kind": "agent", "id": "A-7"},
        }
        assert client.post("/v1/feedback", json=outcome).status_code == 202
        (first, *_) = client.get("/v1/queue?limit=500").json()["tickets"]
        assert first["reason"]
