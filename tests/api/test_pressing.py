"""What predicting a ticket says of those that need a person now."""

import json


def predict(client, **body):
    answer = client.post("/v1/predict-ticket", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_ticket_that_needs_a_person_is_flagged_when_it_arrives(client):
    found = predict(
        client, subject="Notfall", description="Alle unsere Kundendaten sind verschwunden, clara@contoso.example"
    )

    assert found["escalation"]["triggers"] == ["data_loss", "urgent"]
    assert (
        found["escalation"]["reason"]
        == "Says that data are lost (“kundendaten … verschwunden”); says that it is urgent (“notfall”)"
    )
    assert 0.9 < found["escalation"]["score"] < 1
    assert "clara" not in json.dumps(found["escalation"])


def test_a_calm_ticket_is_not_flagged(client):
    assert predict(client, subject="Question", description="How do I change a colour?")["escalation"] is None


def test_what_was_said_in_an_earlier_message_is_not_said_now(client):
    quoted = "On Mon, 2 Mar 2026 at 09:00, Support wrote:\n> The whole system is down.\n> All data is lost."

    assert (
        predict(client, subject="Re: yesterday", description=f"Thank you, it works again.\n\n{quoted}")["escalation"]
        is None
    )


def test_a_vip_with_many_open_tickets_is_flagged_by_what_is_known_of_the_customer(answering):
    """Every customer of the lake has twenty tickets, none of them resolved."""
    body = {"subject": "Question", "description": "How do I change a colour?", "customer_id": "CUST-0007"}
    vip, other = (predict(answering, **body, customer_tier=tier) for tier in ("enterprise", "free"))

    assert vip["escalation"]["triggers"] == ["vip"]
    assert vip["escalation"]["reason"] == "21 open tickets of this enterprise customer"
    assert other["escalation"] is None


def test_many_are_flagged_as_each_alone(client):
    bodies = [
        {"description": "the invoice shows a wrong amount"},
        {"description": "我们遭到了网络攻击。"},
        {"description": "Nous allons saisir notre avocat."},
    ]
    many = client.post("/v1/predict-tickets", json=bodies).json()["predictions"]

    assert [one["escalation"] and one["escalation"]["triggers"] for one in many] == [None, ["security"], ["legal"]]
    for body, one in zip(bodies, many, strict=True):
        assert predict(client, **body)["escalation"] == one["escalation"]
