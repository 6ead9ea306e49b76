"""Issues and what hangs together with them, over HTTP."""

import shutil
from collections import Counter

import polars as pl
import pytest
from litestar.testing import TestClient

from api.app import create_app
from warehouse.contracts.graph import EDGES, ISSUE_MEMBERS, NODES
from warehouse.contracts.search import PASSAGES
from warehouse.delta import Lake
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def lake(followed, tmp_path_factory):
    root = tmp_path_factory.mktemp("issues") / "lake"
    shutil.copytree(followed[0], root, symlinks=True)
    return Lake(root)


@pytest.fixture(scope="module")
def asking(lake):
    settings = Settings(lake_root=lake.root, _env_file=None)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def get(asking):
    """Asks for a path, expects a status."""

    def get(path, status=200, **parameters):
        response = asking.get(path, params=parameters)
        assert response.status_code == status, response.text
        return response.json()

    return get


@pytest.fixture(scope="module")
def ask(asking):
    """Sends a body."""

    def ask(path, body):
        response = asking.post(path, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    return ask


def test_issues_are_listed_by_what_is_asked_for(get):
    every = get("/v1/issues", limit=100)["issues"]
    largest = get("/v1/issues", limit=5)["issues"]
    latest = get("/v1/issues", order="last_at", limit=5)["issues"]

    sizes = [one["tickets"] for one in every]
    assert sizes == sorted(sizes, reverse=True)
    assert largest == every[:5]
    assert latest[0]["last_at"] == max(one["last_at"] for one in every)


@pytest.mark.parametrize(("name", "field"), [("product", "products"), ("version", "versions"),
                                             ("error_code", "error_codes"), ("category", "category")])  # fmt: skip
def test_a_filter_leaves_all_that_have_it_and_no_other(get, name, field):
    every = get("/v1/issues", limit=100)["issues"]
    held = Counter(value for one in every for value in (one[field] if isinstance(one[field], list) else [one[field]]))
    value = next(value for value, _ in held.most_common() if value)
    found = get("/v1/issues", limit=100, **{name: value})["issues"]

    assert [one["issue_id"] for one in found] == [
        one["issue_id"] for one in every if one[field] == value or value in (one[field] or [])
    ]
    assert get("/v1/issues", **{name: "x' OR 1=1 --"})["issues"] == []


def test_a_version_alone_is_that_of_any_product(get):
    every = get("/v1/issues", limit=100)["issues"]
    number = next(one for issue in every for one in issue["versions"]).rpartition(" ")[2]
    found = get("/v1/issues", limit=100, version=number)["issues"]

    expected = [one for one in every if any(said.rpartition(" ")[2] == number for said in one["versions"])]
    assert found == expected != []
    assert get("/v1/issues", version=number[1:])["issues"] == []


def test_what_a_result_cites_can_be_looked_up(ask, get, lake):
    found = ask("/v1/solutions", {"text": "The mooring valve of the zeppelin leaks"})
    cited = get(f"/v1/solutions/{found['solutions'][0]['solution_id']}")
    article = get(f"/v1/articles/{found['articles'][0]['article_id']}")

    assert cited["solution"]["text"] == found["solutions"][0]["text"] in cited["solution"]["sayings"]
    assert cited["solution"]["successes"] <= cited["solution"]["attempts"]
    rows = lake.read(PASSAGES).filter(article_id=article["article"]["article_id"])
    assert {one["text"] for one in article["article"]["passages"]} == set(rows["text"])
    numbers = [int(one["passage_id"].rpartition("#")[2]) for one in article["article"]["passages"]]
    assert numbers == list(range(1, rows.height + 1))
    assert found["articles"][0]["passage_id"] in {one["passage_id"] for one in article["article"]["passages"]}


@pytest.mark.parametrize(
    "path", ["/v1/solutions/SOL-none", "/v1/solutions/' OR 1=1", "/v1/articles/KB-none", "/v1/articles/😀"]
)
def test_what_nobody_wrote_is_not_found(get, path):
    assert get(path, 404)["status"] == 404


def test_one_issue_tells_how_it_came_about(get):
    [one] = get("/v1/issues", limit=1)["issues"]
    found = get(f"/v1/issues/{one['issue_id']}")

    assert found["issue"] == one
    assert [change["change"] for change in found["changes"]][:1] == ["opened"]
    assert found["release"]


@pytest.mark.parametrize("name", ["ISS-unknown", "' OR 1=1", "😀", "Issue:ISS-1", "%00"])
def test_an_issue_that_is_not_known_is_not_found(get, name):
    get(f"/v1/issues/{name}", 404)


def test_a_broad_question_is_answered_by_the_issues_of_its_scope(get, lake):
    versions = [one for issue in get("/v1/issues", limit=100)["issues"] for one in issue["versions"]]
    asked = versions[0]
    found = get("/v1/issues", q=f"What goes wrong with {asked}?")

    assert found["issues"] == []
    assert found["in_scope"]
    sizes = [one["tickets"] for one in found["in_scope"]]
    assert all(0 < one["tickets"] <= one["of"] for one in found["in_scope"])
    assert max(sizes) > 0
    members = dict(lake.read(ISSUE_MEMBERS).select("ticket_id", "issue_id").iter_rows())
    for one in found["in_scope"]:
        assert {members[name] for name in one["examples"]} == {one["issue"]["issue_id"]}


def test_an_answer_to_a_broad_question_names_the_issues_and_their_tickets(ask, get, lake):
    asked = next(one for issue in get("/v1/issues", limit=100)["issues"] for one in issue["versions"])
    shown = ask("/v1/answers", {"text": f"What goes wrong with {asked}?", "k": 3})
    members = dict(lake.read(ISSUE_MEMBERS).select("ticket_id", "issue_id").iter_rows())

    assert shown["used"] == ["issues"]
    assert 1 <= len(shown["sentences"]) <= 3
    for said in shown["sentences"]:
        issue = next(name for name in said["ids"] if name.startswith("ISS-"))
        tickets = [name for name in said["ids"] if name in members]
        assert tickets
        assert {members[name] for name in tickets} == {issue}


@pytest.mark.parametrize("q", ["", "hello", "MATCH (n) DETACH DELETE n", "😀", "' OR 1=1 --"])
def test_a_question_about_nothing_of_ours_is_refused(get, q):
    assert get("/v1/issues", 400, q=q)["errors"][0]["parameter"] == "q"


@pytest.mark.parametrize(
    "parameters",
    [{"limit": 0}, {"limit": 101}, {"order": "colour"}, {"q": "x" * 1_001}, {"product": "x" * 10_000}, {"limit": "x"}],
)
def test_parameters_that_are_not_allowed_are_refused(get, parameters):
    get("/v1/issues", 400, **parameters)


def test_what_is_near_a_node_are_its_edges(get, lake):
    edges = lake.read(EDGES)
    [issue] = get("/v1/issues", limit=1)["issues"]
    node = f"Issue:{issue['issue_id']}"
    near = get("/v1/graph/neighbours", node=node, limit=100, kinds="SOLVED_BY")["neighbours"]
    rows = edges.filter(kind="SOLVED_BY")
    expected = {*rows.filter(source=node)["target"], *rows.filter(target=node)["source"]}

    assert {one["node_id"] for one in near} == expected != set()
    assert get("/v1/graph/neighbours", node=node)["kind"] == "Issue"


def test_nothing_of_a_later_time_is_near(get, lake):
    first = lake.read(EDGES)["since"].drop_nulls().min()
    [issue] = get("/v1/issues", limit=1)["issues"]
    parameters = {"node": f"Issue:{issue['issue_id']}", "depth": 1, "limit": 100}
    now, then = (
        get("/v1/graph/neighbours", **parameters, **at)["neighbours"]
        for at in ({}, {"as_of": first.isoformat().replace("+00:00", "Z")})
    )

    assert len(then) < len(now)


def test_the_shortest_ways_lead_from_a_product_to_what_helps(get, lake):
    edges = lake.read(EDGES)
    helps = edges.filter(pl.col("source").str.starts_with("Issue:"), kind="SOLVED_BY")
    affects = edges.filter(pl.col("source").is_in(helps["source"].implode()), kind="AFFECTS")
    product = affects.filter(pl.col("target").str.starts_with("Product:"))["target"][0]
    issue = affects.filter(target=product)["source"][0]
    solution = helps.filter(source=issue)["target"][0]
    found = get("/v1/graph/paths", start=product, end=solution, limit=50)["paths"]

    assert found
    assert all(one["nodes"][0] == product and one["nodes"][-1] == solution for one in found)
    assert all(len(one["nodes"]) == len(one["edges"]) + 1 == 3 for one in found)
    assert get("/v1/graph/paths", start=product, end=product)["paths"] == []
    get("/v1/graph/paths", 404, start=product, end="Solution:none")
    get("/v1/graph/paths", 400, start=product, end=solution, limit=0)


HOSTILE = ("Ticket:x' OR 1=1", "') MATCH (n) DETACH DELETE n //", "Issue:", ":", "😀", "\u202e", "$node", "a" * 200)


@pytest.mark.parametrize("node", HOSTILE)
def test_hostile_nodes_are_not_found_and_change_nothing(get, lake, node):
    get("/v1/graph/neighbours", 404, node=node)
    get("/v1/graph/paths", 404, start=node, end=node)
    name = lake.read(NODES).filter(kind="Product")["node_id"][0]
    assert get("/v1/graph/neighbours", node=name)["neighbours"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"node": ""},
        {},
        {"node": "a" * 10_000},
        {"node": "Product:X", "depth": 0},
        {"node": "Product:X", "depth": 4},
        {"node": "Product:X", "kinds": "HAS"},
        {"node": "Product:X", "kinds": ["SOLVED_BY", "x]-() DETACH DELETE n"]},
        {"node": "Product:X", "as_of": "yesterday"},
        {"node": "Product:X", "as_of": "2026-01-01T00:00:00"},
        {"node": "Product:X", "limit": 0},
    ],
)
def test_of_neighbours_too_what_is_not_allowed_is_refused(get, parameters):
    get("/v1/graph/neighbours", 400, **parameters)
