"""The published metrics as the API gives them: filtered, paged, and not twice."""

import pytest

VOLUME = "/v1/metrics/metric_volume_by_day_category_channel_region"


def test_the_catalogue_says_what_each_metric_means(client):
    found = client.get("/v1/metrics").json()

    volume = next(metric for metric in found["metrics"] if VOLUME.endswith(metric["name"]))
    assert volume["rows"] == 60
    assert volume["grain"].startswith("One row")
    assert all(
        metric["unit"] and metric["definition"] for metric in found["metrics"] if metric["name"].startswith("metric_")
    )


def test_metrics_are_filtered_by_column_and_paged(client):
    query = "category=Billing&day.gte=2026-01-10&day.lt=2026-01-20&limit=4"
    first = client.get(f"{VOLUME}?{query}").json()
    rows, following = list(first["rows"]), first["next"]
    while following:
        page = client.get(following).json()
        rows, following = rows + page["rows"], page["next"]

    assert (first["total"], first["limit"], len(first["rows"])) == (10, 4, 4)
    assert [row["day"] for row in rows] == [f"2026-01-{day}" for day in range(10, 20)]
    assert {row["category"] for row in rows} == {"Billing"}


def test_several_values_of_a_column_mean_any_of_them(client):
    assert client.get(f"{VOLUME}?category=Billing&category=Login").json()["total"] == 60
    assert client.get(f"{VOLUME}?category.ne=Billing&category.ne=Login").json()["total"] == 0


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("colour=red", "colour"),
        ("day.like=2026", "day.like"),
        ("day=someday", "day"),
        ("tickets=99999999999999999999999", "tickets"),
        ("category=%00", "category"),
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("offset=-1", "offset"),
        ("offset=99999999999999999999999", "offset"),
        ("day;drop table x=1", "day;drop table x"),
    ],
)
def test_a_filter_that_is_wrong_is_named(client, query, parameter):
    answer = client.get(f"{VOLUME}?{query}")

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize("name", ["nothing", "_catalogue", "x'; drop table y; --", "%00", "%22"])
def test_a_metric_that_is_not_published_is_not_found(client, name):
    assert client.get(f"/v1/metrics/{name}").status_code == 404


def test_an_unchanged_answer_is_not_sent_twice(client, republish):
    first = client.get(f"{VOLUME}?limit=5")
    again = client.get(f"{VOLUME}?limit=5", headers={"If-None-Match": first.headers["etag"]})
    other = client.get(f"{VOLUME}?limit=6", headers={"If-None-Match": first.headers["etag"]})
    republish(1)
    newer = client.get(f"{VOLUME}?limit=5", headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert (other.status_code, newer.status_code, newer.json()["total"]) == (200, 200, 62)
