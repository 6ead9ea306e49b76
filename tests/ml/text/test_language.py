import polars as pl
import pytest

from ml.text.language import language


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "The export has been empty since we changed the filter last week."),
        ("de", "Seit der Umstellung fehlt im Export jede zweite Zeile."),
        ("fr", "Depuis hier, les factures ne partent plus vers le service comptable."),
        ("es", "Desde ayer no podemos abrir los pedidos del almacén central."),
        ("it", "Da ieri non riusciamo più ad aprire gli ordini del magazzino."),
        ("pt", "Desde ontem não conseguimos abrir os pedidos do armazém."),
        ("ja", "昨日から注文の画面が開かなくなりました。"),
        ("zh", "从昨天开始订单页面打不开了。"),
        ("nl", "Sinds gisteren kunnen we de bestellingen niet meer openen."),
        ("ar", "منذ أمس لا يمكننا فتح الطلبات"),
    ],
)
def test_a_sentence_tells_its_language(code: str, text: str) -> None:
    assert language(pl.Series([text]))["language"].to_list() == [code]


@pytest.mark.parametrize(
    "text",
    [None, "", "   ", "ok", "ERROR_TIMEOUT_504", "4.2.1 / 10.0.0.8", "😀😀😀", "https://a.example/b/c", "sync_engine"],
)
def test_too_little_text_has_no_language(text: str | None) -> None:
    assert language(pl.Series([text], dtype=pl.String)).row(0) == (None, None)


def test_names_and_codes_of_another_language_do_not_count() -> None:
    text = "DataSync Pro ERROR_CONNECTION_REFUSED /var/log/current.log: Verbindung wird abgelehnt, was tun?"

    assert language(pl.Series([text]))["language"].to_list() == ["de"]


def test_a_batch_is_read_like_one_text() -> None:
    texts = pl.Series(["Nothing opens any more.", "Es öffnet sich nichts mehr.", None, "何も開きません。"] * 10)

    assert language(texts)["language"].to_list() == ["en", "de", None, "ja"] * 10
    assert language(texts)["language"].to_list()[:4] == language(texts[:4])["language"].to_list()
