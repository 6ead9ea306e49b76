"""What the verifier drops and what it lets stand, on planted faults."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.answer.pieces import pieces
from ml.answer.verify import verify
from ml.answer.wording import content

SOURCE = (
    "## Why\nThe time limit is shorter than the job needs.\n\n## What to do\n1. Raise the time limit of the call to 15 "
    "minutes.\n2. Restart the service and watch it for an hour. Do not delete the queue.\n3. The log may hold "
    "ERROR_TIMEOUT_504."
)


def judged(planted):
    """Share of the faults that are dropped, by kind, and share of what is supported that is lost."""
    rows = [(kind, supported, verify(said, [source]).why) for _, source, said, kind, supported in planted]
    kinds = {kind for kind, supported, _ in rows if not supported}
    dropped = {name: np.mean([why is not None for kind, _, why in rows if kind == name]) for name in kinds}
    return dropped, np.mean([why is not None for _, supported, why in rows if supported]), rows


def test_of_300_answers_in_words_it_was_not_tuned_on_faults_are_dropped_and_the_rest_stands(planted, other_articles):
    dropped, lost, rows = judged(planted(other_articles, 300, seed=1))

    assert np.mean([why is not None for _, supported, why in rows if not supported]) >= 0.95
    assert min(dropped["negated"], dropped["number"]) >= 0.97
    assert dropped["unsupported"] >= 0.85  # one in seven differs from a source's sentence in a single word
    assert lost <= 0.05


def test_so_it_is_in_the_words_it_was_tuned_on(planted, simulated_articles):
    dropped, lost, _ = judged(planted(simulated_articles, 300, seed=1))

    assert min(dropped.values()) >= 0.95
    assert lost <= 0.05


def test_the_two_vocabularies_have_few_words_in_common(simulated_articles, other_articles):
    one, two = (
        {key for some in articles["en"] for said in some for key in content(said) if key.isalpha()}
        for articles in (simulated_articles, other_articles)
    )

    assert len(one & two) / len(two) < 0.25


def test_each_language_is_judged_by_itself(planted, other_articles):
    rows = planted(other_articles, 600, seed=3)

    for language in other_articles:
        dropped, lost, _ = judged([row for row in rows if row[0] == language])
        assert dropped["negated"] >= 0.9, language
        assert dropped["number"] >= 0.9, language
        assert lost <= 0.1, language


@pytest.mark.parametrize(
    "sentence",
    [
        "Raise the time limit of the call to 15 minutes.",
        "The time limit of the call should be raised to fifteen minutes.",
        "Don't delete the queue.",
        "According to the article, the time limit is shorter than the job needs.",
        "Restart the service and watch it for an hour; raise the time limit of the call to 15 minutes.",
        "The log may hold ERROR_TIMEOUT_504.",
    ],
)
def test_what_a_source_says_stands(sentence):
    assert verify(sentence, [SOURCE]).why is None


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("Raise the time limit of the call to 50 minutes.", "another number"),
        ("Lower the time limit of the call to 15 minutes.", "the opposite"),
        ("Delete the queue.", "negated"),
        ("Raise the time limit of the call to 15 hours.", "another unit"),
        ("Raise the time limit of the call to fifteen seconds.", "another unit"),
        ("Avoid raising the time limit of the call to 15 minutes.", "negated"),
        ("It is wrong to raise the time limit of the call to 15 minutes.", "negated"),
        ("Raising the time limit of the call to 15 minutes is useless.", "negated"),
        ("It is useless: raise the time limit of the call to 15 minutes.", "negated"),
        ("Raise the time limit of the call to 15 minutes: useless.", "negated"),
        ("Never restart the service and watch it for an hour.", "negated"),
        ("The time limit is not shorter than the job needs.", "negated"),
        ("The log holds ERROR_TIMEOUT_504.", "surer than the source"),
        ("The log may hold ERROR_TIMEOUT_429.", "a name that is not in the source"),
        ("Restart Windows and watch it for an hour.", "a name that is not in the source"),
        ("Reinstall the printer driver.", "not in the source"),
        ("Restart the service, and the vendor refunds the licence.", "not in the source"),
        ("And so it is.", "says nothing"),
    ],
)
def test_what_a_source_does_not_say_is_dropped_and_why(sentence, why):
    assert verify(sentence, [SOURCE]).why == why


@pytest.mark.parametrize(
    ("sentence", "source", "why"),
    [
        ("Version 3.2.1 causes the leak.", "Version 3.2.1 fixes the leak.", "the opposite"),
        ("Das Update verursacht den Absturz.", "Das Update behebt den Absturz.", "the opposite"),
        ("Le correctif provoque la panne.", "Le correctif corrige la panne.", "the opposite"),
        ("El parche causa la fuga.", "El parche corrige la fuga.", "the opposite"),
        ("La patch causa la perdita.", "La patch risolve la perdita.", "the opposite"),
        ("更新导致崩溃。", "更新修复崩溃。", "the opposite"),
        ("Send it back after 30 days.", "Send it back within 30 days.", "the opposite"),
        ("Senden Sie es nach 30 Tagen zurück.", "Senden Sie es innerhalb von 30 Tagen zurück.", "the opposite"),
        ("Stop the service after the upgrade.", "Stop the service before the upgrade.", "the opposite"),
        ("Upgrade before stopping the service.", "Stop the service before the upgrade.", "another order"),
        ("The queue overwrites the worker.", "The worker overwrites the queue.", "another order"),
        ("The mail server blocks the client.", "The client blocks the mail server.", "another order"),
        ("Évitez de redémarrer le service.", "Redémarrez le service.", "negated"),
        ("Vermeiden Sie den Neustart des Dienstes.", "Neustart des Dienstes.", "negated"),
        ("Evite reiniciar el servicio.", "Reiniciar el servicio.", "negated"),
        ("サービスの再起動を避けてください。", "サービスの再起動をしてください。", "negated"),
        ("避免重启服务。", "重启服务。", "negated"),
        ("Warten Sie 15 Stunden.", "Warten Sie 15 Minuten.", "another unit"),
        ("15時間待ってください。", "15分待ってください。", "another unit"),
        ("等待15小时。", "等待15分钟。", "another unit"),
    ],
)
def test_what_is_turned_round_is_dropped_and_why(sentence, source, why):
    assert verify(sentence, [source]).why == why
    assert verify(source, [source]).why is None


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("Before the upgrade, stop the service.", "Stop the service before the upgrade."),
        ("The queue is overwritten by the worker.", "The worker overwrites the queue."),
        ("Wait 15 min, then restart the service.", "Wait 15 minutes, then restart the service."),
        ("After the restart, watch the log.", "Watch the log after the restart."),
    ],
)
def test_the_same_in_another_order_stands(sentence, source):
    assert verify(sentence, [source]).why is None


def test_numbers_that_change_places_are_other_numbers():
    source = ["Wait 5 minutes and then retry 3 times."]

    assert verify("Wait 5 minutes and then retry 3 times.", source).why is None
    assert verify("Wait 3 minutes and then retry 5 times.", source).why == "another number"


def test_nothing_is_carried_by_no_source():
    assert verify("Restart the service.", []).why == "no source"
    assert verify("Restart the service.", [""]).why == "no source"


def test_meaning_may_stand_in_for_words_but_not_for_numbers():
    def encode(texts):
        return np.ones((len(texts), 1), dtype=np.float32)

    loose = "Raise the time limit of that remote call generously."
    assert verify(loose, [SOURCE]).why == "not in the source"
    assert verify(loose, [SOURCE], encode=encode).why is None
    assert verify("Raise the time limit of that remote call to 90 minutes.", [SOURCE], encode=encode).why


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_judged(sentence, source):
    found = verify(sentence, [source])

    assert 0 <= found.support <= 1


@given(st.permutations([piece.text for piece in pieces(SOURCE) if piece.form != "heading"]), st.integers(1, 4))
def test_sentences_of_a_source_stand_in_any_order_and_joined(said, count):
    joined = "; ".join(one.rstrip(".") for one in said[:count])

    assert verify(f"{joined}.", [SOURCE]).why is None
