"""Finding and answering over HTTP, on a lake that was really built: what is sent, what comes back."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from time import monotonic

import msgspec
import polars as pl
import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.examples import BODIES
from api.searching import MOST_BYTES
from ml.answer.score import THRESHOLD
from operations.inbox import Inbox
from operations.store import open_store
from service.searches import key, redacted
from warehouse import artifacts, releases
from warehouse.contracts.search import ATTEMPTS, PASSAGES, PROBLEMS
from warehouse.delta import Lake
from warehouse.search_made import SearchMade
from warehouse.settings import Settings

PATHS = ("/v1/solutions", "/v1/answers")
TEXT = "The mooring valve of the zeppelin leaks"
KINDS = ("solutions", "articles", "tickets")


@pytest.fixture(scope="module")
def root(followed, tmp_path_factory):
    """A copy of the built lake, with an inbox and logs of its own."""
    root = tmp_path_factory.mktemp("searched") / "lake"
    shutil.copytree(followed[0], root, symlinks=True)
    return root


def served(root):
    return TestClient(create_app(Settings(lake_root=root, _env_file=None)), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def searching(root):
    with served(root) as client:
        yield client


@pytest.fixture(scope="module")
def ask(searching):
    """Sends a body, expects a status."""

    def ask(body, path=PATHS[0], status=200):
        response = searching.post(path, json=body)
        assert response.status_code == status, response.text
        return response.json()

    return ask


def test_a_text_finds_the_solution_the_article_and_the_tickets_of_its_cause(ask, root):
    found = ask({"text": TEXT, "k": 5})

    assert "valve" in found["solutions"][0]["text"].lower()
    assert found["solutions"][0]["tried"]["attempts"] >= 15
    assert found["articles"][0]["article_id"] == "KB-NEW"
    assert all(one["ticket_id"].startswith("TK-NEW-") for one in found["tickets"])
    assert [len(found[kind]) <= 5 for kind in KINDS] == [True] * 3
    assert found["used"] == ["keyword", "dense", "graph"]
    assert list(found["missing"]) == ["models/ranker"]
    current = releases.open_release(root)
    assert found["release"] == current.id
    assert found["versions"]["indexes/tickets_delta"] == current.manifest.artifacts["indexes/tickets_delta"]
    assert found["latency_ms"] > 0


@pytest.mark.parametrize(("name", "path"), [("postSolutions", PATHS[0]), ("postAnswers", PATHS[1])])
def test_every_example_of_the_description_is_accepted(ask, name, path):
    for example in BODIES[name].values():
        assert ask(example["value"], path)["release"]


def test_every_solution_says_how_it_fared_and_why_it_is_shown(ask):
    brief, full = (ask({"text": TEXT, "explain": explain})["solutions"] for explain in ("brief", "full"))

    for one, more in zip(brief, full, strict=True):
        assert 0 <= one["tried"]["successes"] <= one["tried"]["attempts"]
        assert one["reason"]
        assert one["scores"].items() < more["scores"].items()
    scores = [one["score"] for one in brief]
    assert scores == sorted(scores, reverse=True)
    assert any(one["path"] for one in brief)


def test_words_of_another_language_find_the_same_cause(ask):
    found = ask({"text": "Das Ventil zum Festmachen des Zeppelins ist undicht, er verliert Gas.", "k": 5})

    assert any(one["ticket_id"].startswith("TK-NEW-") for one in found["tickets"])
    assert any("valve" in one["text"].lower() for one in found["solutions"])


def test_a_ticket_is_asked_like_its_words_and_never_finds_itself(ask, root):
    row = Lake(root).read(PROBLEMS).filter(ticket_id="TK-NEW-03").row(0, named=True)
    ticket = {"subject": row["title"], "description": row["body"]}
    itself = ask({"ticket": {**ticket, "ticket_id": "TK-NEW-03"}, "k": 50})
    unknown = ask({"ticket": ticket, "k": 50})

    assert itself["ticket_id"] == "TK-NEW-03"
    assert "TK-NEW-03" not in [one["ticket_id"] for one in itself["tickets"]]
    assert "TK-NEW-03" not in [name for one in itself["solutions"] for name in one["tickets"]]
    assert "TK-NEW-03" in [one["ticket_id"] for one in unknown["tickets"]]


def test_of_a_ticket_that_was_changed_only_the_newer_text_is_found(ask):
    found = [one for one in ask({"text": "a submarine", "k": 50})["tickets"] if "submarine" in one["title"]]

    assert len(found) == 1
    names = [one["ticket_id"] for one in ask({"text": "a submarine", "k": 50})["tickets"]]
    assert len(names) == len(set(names))


def inside(root, *passing, before=None):
    """Tickets that pass, and what was tried on them by then."""
    lake = Lake(root)
    allowed = lake.read(PROBLEMS).filter(*passing)["ticket_id"]
    tried = lake.read(ATTEMPTS).filter(pl.col("ticket_id").is_in(allowed.implode()))
    return set(allowed), tried if before is None else tried.filter(pl.col("at") < before)


def rests_on(found, allowed, tried):
    """Whether all that was found is of these tickets, and all that is told of it."""
    for one in found["solutions"]:
        mine = tried.filter(solution_id=one["solution_id"])
        told = one["tried"]
        assert 0 < told["attempts"] == mine.height
        assert told["successes"] == mine["succeeded"].sum()
        assert set(one["tickets"]) <= set(mine["ticket_id"])
        passed = [node for node in (one["path"] or {"nodes": []})["nodes"] if node.startswith("Ticket:")]
        assert {node.removeprefix("Ticket:") for node in passed} <= allowed
    assert {one["ticket_id"] for one in found["tickets"]} <= allowed


@pytest.mark.parametrize("path", PATHS)
def test_filters_hold_for_everything_that_is_found(ask, root, path):
    fewest = Lake(root).read(PROBLEMS)["product"].value_counts().sort("count")["product"][0]
    passing = pl.col("language").is_in(["en", "de"]), pl.col("product") == fewest
    allowed, tried = inside(root, *passing)
    filters = {"product": fewest.upper(), "language": ["en", "de"]}
    found = ask({"text": TEXT, "filters": filters, "k": 50}, path)

    if path == PATHS[0]:
        assert len(found["tickets"]) == min(50, len(allowed))
        assert found["solutions"]
        rests_on(found, allowed, tried)
        written = Lake(root).read(PASSAGES).filter(passing)
        assert {one["article_id"] for one in found["articles"]} <= set(written["article_id"])
    else:
        assert {one["id"] for one in found["evidence"] if one["kind"] == "ticket"} <= allowed
        assert {one["id"] for one in found["evidence"] if one["kind"] == "solution"} <= set(tried["solution_id"])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("filters", [{"product": "Nope"}, {"region": "Nope"}, {"category": ["Nope", "Never"]}])
def test_a_value_that_no_ticket_has_finds_nothing_and_is_told(ask, path, filters):
    found = ask({"text": TEXT, "filters": filters}, path)

    kinds = KINDS if path == PATHS[0] else ("evidence", "sentences")
    assert [found[kind] for kind in kinds] == [[]] * len(kinds)
    [name] = filters
    assert "no ticket has 'Nope'" in found["missing"][f"filters.{name}"]


@pytest.mark.parametrize("path", PATHS)
def test_an_empty_list_of_values_is_refused(ask, path):
    told = ask({"text": TEXT, "filters": {"product": []}}, path, 400)

    assert "length" in json.dumps(told)


def test_a_span_that_ends_knows_nothing_of_what_came_later(ask, root):
    created = dict(Lake(root).read(PROBLEMS).select("ticket_id", "created_at").iter_rows())
    middle = sorted(created.values())[300]
    found = ask({"text": "export", "filters": {"created_at": {"to": middle.isoformat()}}, "k": 50})

    assert len(found["tickets"]) == 50
    assert found["solutions"]
    rests_on(found, *inside(root, pl.col("created_at") < middle, before=middle))
    written = Lake(root).read(PASSAGES).filter(pl.col("created_at") < middle, pl.col("updated_at") < middle)
    assert {one["article_id"] for one in found["articles"]} <= set(written["article_id"])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "neither"),
        ({"text": "x", "ticket": {"subject": "x"}}, "both"),
        ({"text": ""}, "length"),
        ({"text": " \n\t"}, "expected words"),
        ({"text": None}, "neither"),
        ({"text": 7}, "int"),
        ({"text": "a\u0000b"}, "NUL"),
        ({"ticket": {}}, "subject or a description"),
        ({"ticket": {"subject": " "}}, "subject or a description"),
        ({"ticket": {"subject": "x", "created_at": "yesterday"}}, "created_at"),
        ({"text": "?! \U0001f600 ((("}, "expected words"),
        ({"text": "x", "colour": "red"}, "colour"),
        ({"text": "x", "k": 0}, "k"),
        ({"text": "x", "k": 51}, "k"),
        ({"text": "x", "k": 10**30}, "64 bits"),
        ({"text": "x", "explain": "loudly"}, "explain"),
        ({"text": "x", "filters": {"colour": "red"}}, "colour"),
        ({"text": "x", "filters": {"product": {"$ne": ""}}}, "product"),
        ({"text": "x", "filters": {"created_at": {}}}, "expected from or to"),
        ({"text": "x", "filters": {"created_at": {"from": "2026-01-02"}}}, "created_at"),
        ({"text": "x", "filters": "product = 'A'"}, "filters"),
        ([], "object"),
        ("x", "object"),
        (None, "object"),
    ],
)
def test_what_asks_nothing_or_something_else_is_refused_with_the_place(searching, path, body, told):
    response = searching.post(path, content=json.dumps(body), headers={"content-type": "application/json"})

    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert told in response.text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"text": ' * 50_000, b"text=x"])
def test_what_is_no_json_is_refused(searching, path, body):
    response = searching.post(path, content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "text",
    [
        "zeppelin " * 111_000,
        "x" * 1_000_000,
        "😀" * 500,
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "مرحبا لا أستطيع تسجيل الدخول",
        "\u202egnihtemos\u202c \u200f\u200e",
        "'; DROP TABLE tickets; --",
        "MATCH (n) DETACH DELETE n RETURN n; //",
        "') RETURN n UNION MATCH (m) RETURN m //",
        '{"$where": "1 == 1"} {{7*7}} ${jndi:ldap://x} %s%n',
        "<script>alert(1)</script>",
        "OR AND NOT * ? ~ ^ ( ) [ ] : \\ \" '",
        ".",
        "\ufffd\ufeff\u0301\u0301",
        "接続エラーが出る",
        "Version:DataSync Pro 3.2.1 Issue:ISS-",
    ],
)
def test_strange_words_are_answered_or_refused(searching, path, text):
    response = searching.post(path, json={"text": text})

    assert response.status_code in (200, 400)
    assert response.status_code == 200 or not text.startswith(("zeppelin", "'", "MATCH", "接"))


@pytest.mark.parametrize("name", ["product", "product_version", "product_module", "customer_id", "language", "region"])
def test_hostile_fields_of_a_ticket_and_filters_are_data(ask, name):
    hostile = "x' OR 1=1 RETURN n; DROP TABLE tickets; -- \u202e😀"
    found = ask({"ticket": {"subject": TEXT, "description": TEXT, name: hostile}})
    assert found["tickets"]
    if name.startswith("product") or name == "language":
        assert ask({"text": TEXT, "filters": {name: [hostile, "\\"]}})["tickets"] == []


def test_an_answer_rests_on_what_was_found(ask):
    shown = ask({"text": TEXT}, "/v1/answers")
    found = ask({"text": TEXT})

    ids = {one["id"] for one in shown["evidence"]}
    assert {one["solution_id"] for one in found["solutions"][:1]} <= ids
    assert not shown["thin"]
    for said in (*shown["sentences"], *shown["steps"], *shown["alternatives"]):
        assert said["ids"]
        assert set(said["ids"]) <= ids
    assert any("valve" in said["text"].lower() for said in (*shown["sentences"], *shown["steps"]))
    quality = shown["quality"]
    assert (quality["probability"] is None) == (quality["weights"] == "shipped")
    assert (shown["release"], shown["used"]) == (found["release"], found["used"])


@pytest.mark.parametrize("path", PATHS)
def test_on_a_lake_that_nobody_built_the_index_is_named(empty, path):
    response = empty.post(path, json={"text": TEXT})

    assert response.status_code == 503
    assert response.json()["asset"] == "indexes/tickets"


@pytest.mark.parametrize("path", ["/v1/issues", "/v1/issues/ISS-1", "/v1/graph/neighbours?node=Product:X"])
def test_on_a_lake_that_nobody_built_there_are_no_issues_and_it_is_said(empty, path):
    response = empty.get(path)
    assert response.status_code == 503, response.text
    assert response.json()["asset"]


def test_similar_tickets_of_one_that_is_known(searching, ask):
    found = searching.get("/v1/tickets/TK-NEW-05/similar", params={"k": 7})
    assert found.status_code == 200, found.text
    names = [one["ticket_id"] for one in found.json()["tickets"]]

    assert len(names) == 7
    assert "TK-NEW-05" not in names
    assert all(name.startswith("TK-NEW-") for name in names)


def test_similar_tickets_of_one_that_was_just_sent(searching):
    sent = {"ticket_id": "TK-JUST-1", "subject": "Zeppelin", "description": "The mooring valve leaks."}
    assert searching.post("/v1/tickets", json=sent).status_code == 202
    found = searching.get("/v1/tickets/TK-JUST-1/similar")

    assert found.status_code == 200, found.text
    assert found.json()["tickets"][0]["ticket_id"].startswith("TK-NEW-")


def test_nothing_is_similar_to_a_ticket_of_which_only_an_event_is_known(searching):
    event = {"type": "MessageAdded", "version": 1, "event_time": "2026-03-01T11:00:00Z", "ticket_id": "TK-MUTE"}
    event |= {"actor": {"kind": "customer", "id": "C-1"}, "idempotency_key": "m-1", "payload": {"text": "still"}}
    assert searching.post("/v1/events", json=event).status_code == 202

    assert searching.get("/v1/tickets/TK-MUTE/similar").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("TK-UNKNOWN/similar", 404),
        ("%27%20OR%201%3D1/similar", 404),
        ("TK-NEW-05/similar?k=0", 400),
        ("TK-NEW-05/similar?k=x", 400),
        ("TK-NEW-05/similar?k=51", 400),
        ("%F0%9F%98%80/similar", 404),
    ],
)
def test_similar_tickets_of_none_or_of_a_wrong_number_are_refused(searching, path, status):
    assert searching.get(f"/v1/tickets/{path}").status_code == status


def test_a_search_is_written_down_and_its_outcomes_are_taken(ask, searching, root):
    found = ask({"text": TEXT, "filters": {"language": "en"}, "k": 3, "session": "S-1", "asker": "A-7"})
    answered = ask({"text": TEXT}, "/v1/answers")
    letter = f"Hello,\n{TEXT}, write to hannah@example.com\n\nBest regards,\nHannah Berger"
    assert found["recorded"] is True
    assert found["read"] == TEXT
    assert ask({"text": letter})["read"] == redacted(letter) == f"{TEXT}, write to [EMAIL]"

    keys = [f"search:{found['search_id']}", f"search:{answered['answer_id']}"]
    with closing(open_store(f"sqlite:///{root / 'operations' / 'store.db'}")) as store:
        heard = Inbox(store).with_keys(keys)
    kept, other = (json.loads(heard[key].body) for key in keys)
    assert (kept["kind"], kept["k"], kept["session"], other["kind"]) == ("solutions", 3, "S-1", "answers")
    assert kept["filters"] == {"language": "en"}
    assert kept["text"] == TEXT
    best = found["solutions"][0]["solution_id"]
    outcome = {"search_id": found["search_id"], "target_id": best, "outcome": "accepted"}
    outcome |= {"actor": {"kind": "agent", "id": "A-7"}}
    taken = searching.post("/v1/feedback", json=outcome)
    assert taken.status_code == 202, taken.text
    wrong = searching.post("/v1/feedback", json={**outcome, "target_id": "SOL-never-shown"})
    assert 400 <= wrong.status_code < 500


def test_requests_at_once_while_releases_are_published_are_all_answered(root):
    lake = Lake(root)
    newest = releases.open_release(root)
    without = [part for name, part in newest.artifacts.items() if name != "indexes/tickets_delta"]
    with served(root) as client:

        def publish(parts):
            now, at = newest.manifest.created_at, releases.current_id(root)
            return releases.publish(lake, parts, newest.manifest.tables, 0, expected=at, now=now).id

        def request(number):
            path, body = PATHS[number % 4 == 3], {"text": f"{TEXT} {number}", "k": 3}
            response = client.post(path, json=body)
            return response.status_code, response.json().get("release")

        with ThreadPoolExecutor(4) as threads:
            answers = list(threads.map(request, range(4)))
            for parts in (without, newest.artifacts.values()) * 2:
                made, until = publish(parts), monotonic() + 30
                while answers[-1][1] != made and monotonic() < until:
                    answers += threads.map(request, range(4))
                assert answers[-1] == (200, made)

    assert {status for status, _ in answers} == {200}
    assert len({release for _, release in answers}) == 2


@pytest.mark.parametrize("name", ["indexes/tickets", "indexes/graph", "indexes/solutions"])
def test_a_newer_release_whose_index_is_damaged_is_refused_and_the_older_one_answers(followed, tmp_path, name):
    root = tmp_path / "lake"
    shutil.copytree(followed[0], root, symlinks=True)
    sound = releases.open_release(root)
    with served(root) as client:
        before = client.post(PATHS[0], json={"text": TEXT}).json()
        part = sound.artifact(name)
        again = artifacts.stage(
            root, name, lambda folder: shutil.copytree(part.path, folder, dirs_exist_ok=True), {**part.card, "again": 1}
        )
        others = [one for one in sound.artifacts.values() if one.name != name and name not in one.requires]
        newer = releases.publish(
            Lake(root), [*others, again], sound.manifest.tables, 0, expected=sound.id, now=sound.manifest.created_at
        )
        largest = max(again.path.rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
        largest.write_bytes(largest.read_bytes()[:-1])
        after = client.post(PATHS[0], json={"text": TEXT}).json()
        told = {part["name"]: part for part in client.get("/health/ready").json()["parts"]}

    assert newer.id == releases.current_id(root)
    assert (after["release"], after["solutions"]) == (sound.id, before["solutions"])
    assert name in told["release"]["detail"]


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("indexes/graph", ["keyword", "dense"]),
        ("indexes/solutions", ["keyword", "dense"]),
        ("indexes/articles", ["keyword", "dense", "graph"]),
        ("indexes/tickets", ["keyword", "graph"]),
        ("indexes/tickets_delta", ["keyword", "graph"]),
    ],
)
def test_of_a_release_that_was_damaged_before_anybody_opened_it_the_sound_parts_answer(followed, tmp_path, name, left):
    root = tmp_path / "lake"
    shutil.copytree(followed[0], root, symlinks=True)
    place = releases.open_release(root).artifact(name).path
    (place / artifacts.CARD).write_text("{}")
    with served(root) as client:
        found, shown = (client.post(path, json={"text": TEXT}) for path in PATHS)

    assert (found.status_code, shown.status_code) == (200, 200), shown.text
    assert found.json()["used"] == left
    told = found.json()["missing"]["dense" if name.startswith("indexes/tickets") else name]
    assert f"{name} has digest" in told
    assert "not materialized" not in told
    assert all(one["ticket_id"].startswith("TK-NEW-") for one in found.json()["tickets"][:5])


def test_a_search_is_kept_with_the_score_that_the_release_trusts_and_one_below_it_is_low(ask, root):
    asked = {name: ask({"text": text}, PATHS[1])["answer_id"] for name, text in (("known", TEXT), ("odd", "zzzz qqqq"))}
    plain = ask({"text": TEXT})["search_id"]
    with closing(open_store(f"sqlite:///{root / 'operations' / 'store.db'}")) as store:
        kept = Inbox(store).with_keys(key(name) for name in (*asked.values(), plain))
    made = {one.search_id: one for one in (msgspec.json.decode(row.body, type=SearchMade) for row in kept.values())}

    assert made[asked["known"]].enough == made[asked["odd"]].enough == THRESHOLD
    assert made[plain].enough is None


@pytest.mark.parametrize("path", PATHS)
def test_of_a_long_text_only_the_beginning_is_read(ask, path):
    text = TEXT + " " * 20_000
    found = ask({"text": text + "a submarine " * 50_000}, path)
    short = ask({"text": TEXT}, path)

    kind = "solutions" if path == PATHS[0] else "evidence"
    assert found[kind] == short[kind]


@pytest.mark.parametrize("path", PATHS)
def test_a_body_beyond_what_a_search_reads_is_refused(ask, path):
    told = ask({"text": "x" * (MOST_BYTES + 1)}, path, 413)

    assert told["status"] == 413


@pytest.mark.parametrize("name", ["indexes/tickets", "indexes/tickets_delta"])
@pytest.mark.parametrize(("file", "status"), [("vectors.npy", 200), ("documents.arrow", 503), ("segment.json", 503)])
def test_where_vectors_are_cut_words_are_searched_and_where_words_are_nothing_is(
    followed, tmp_path, name, file, status
):
    root = tmp_path / "lake"
    shutil.copytree(followed[0], root, symlinks=True)
    place = releases.open_release(root).artifact(name).path / file
    place.write_bytes(place.read_bytes()[:-9])
    with served(root) as client:
        found = client.post(PATHS[0], json={"text": TEXT})

    assert found.status_code == status, found.text
    if status == 503:
        assert f"{name} has digest" in found.json()["detail"]
    else:
        assert "dense" not in found.json()["used"]
        assert f"searched by words alone: {name} has digest" in found.json()["missing"]["dense"]
        assert all(one["ticket_id"].startswith("TK-NEW-") for one in found.json()["tickets"][:5])


def test_an_index_that_is_damaged_is_made_again_by_a_build(followed, tmp_path, run):
    root = tmp_path / "lake"
    shutil.copytree(followed[0], root, symlinks=True)
    sound = releases.open_release(root)
    for name, file in (
        ("indexes/tickets", "vectors.npy"),
        ("indexes/graph", "card.json"),
        ("indexes/solutions", "attempts.arrow"),
    ):
        place = sound.artifact(name).path / file
        place.write_bytes(place.read_bytes()[:-9])
    done = run(root, "build")

    assert done.returncode in (0, 3), done.stderr
    assert set(releases.open_release(root).artifacts) - {"indexes/tickets_delta"} == set(sound.artifacts) - {
        "indexes/tickets_delta"
    }
    with served(root) as client:
        assert client.post(PATHS[0], json={"text": TEXT}).json()["used"] == ["keyword", "dense", "graph"]
