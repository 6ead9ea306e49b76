"""What did not help, as agents put it."""

import pytest

from ml.retrieve.failures import failed


@pytest.mark.parametrize(
    ("sentence", "action"),
    [
        ("Tried first: restart the service; no change.", "restart the service"),
        ("Already tried to clear the cache, but it didn't work.", "Already tried to clear the cache"),
        ("Clearing the cache did not help.", "Clearing the cache"),
        ("First attempt (set a new password) in vain.", "set a new password"),
        ("Without success: open the port (443).", "open the port (443)"),
        ("Restarted the server, but it didn't work.", "Restarted the server"),
        ("Reinstalled the client, the problem persists.", "Reinstalled the client"),
        ("Neustart des Dienstes hat nicht geholfen.", "Neustart des Dienstes"),
        ("Ohne Erfolg: Cache geleert.", "Cache geleert"),
        ("Le redémarrage n'a pas aidé.", "Le redémarrage"),
        ("Sin éxito: reiniciar el servicio", "reiniciar el servicio"),
        ("Il riavvio non ha aiutato.", "Il riavvio"),
        ("Limpar o cache não ajudou.", "Limpar o cache"),
        ("再起動は効果なし。", "再起動"),
        ("重启没有效果。", "重启"),
    ],
)
def test_the_action_that_failed_is_found(sentence, action):
    assert failed(sentence) == action


@pytest.mark.parametrize(
    "sentence",
    [
        "Newer release installed, problem no longer seen.",
        "Customer found a way round it.",
        "Could not find the reason.",
        "Not planned at present, noted.",
        "Restarted the service, works again.",
        "Failover configured.",
        "Dienst neu gestartet, alles in Ordnung.",
        "",
        "...",
    ],
)
def test_what_says_no_such_thing_is_no_failure(sentence):
    assert failed(sentence) is None


def test_a_long_sentence_takes_no_time():
    assert failed("did not " * 2_000) is None
