import polars as pl
import pytest

from ml.text.entities import TOP_FRAMES, Catalogue, entities

CATALOGUE = Catalogue.of(
    ["Ledger Cloud", "Ledger Cloud", None, "ShopFlow Enterprise"],
    ["invoice_export", "tax engine", None],
    {"ShopFlow Enterprise": ["the shop"]},
)


def found(text: str, *kinds: str) -> list[tuple[str, str]]:
    rows = entities(pl.Series([text]), CATALOGUE).select("kind", "value").rows()
    return [row for row in rows if not kinds or row[0] in kinds]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("ERR_CONNECTION_REFUSED again", ["ERR_CONNECTION_REFUSED"]),
        ("it says ORA-00942 and then 0x80070005", ["ORA-00942", "0x80070005"]),
        ("Fehler 4711? No: Fehlercode: 503", ["4711", "503"]),
        ("HTTP 502 from the proxy", ["502"]),
        ("connect ECONNREFUSED 10.0.0.7", ["ECONNREFUSED"]),
        ("AADSTS50011 when signing in", ["AADSTS50011"]),
        ("error code X-1042 on the till", ["X-1042"]),
        ("PAYMENT_DENIED for card 12", ["PAYMENT_DENIED"]),
        ("错误代码：40013", ["40013"]),
        ("invoice 20260314, PO 4500012345, room E12, 502 orders", []),
        ("MAX_VALUE and sync_engine and A_B", []),
    ],
)
def test_error_codes_are_found_and_other_numbers_are_not(text: str, codes: list[str]) -> None:
    assert [value for _, value in found(text, "error_code")] == codes


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("since 4.12.0", ["4.12.0"]),
        ("v3.1 and Version 2.0, release 7.4.1-rc.2", ["3.1", "2.0", "7.4.1-rc.2"]),
        ("バージョン 5.2です", ["5.2"]),
        ("version 10.4.12.7", ["10.4.12.7"]),
        ("from 192.168.7.33 on 14.03.2026 at 12.30, 3.5 GB, 1.500.000,00 EUR", []),
    ],
)
def test_versions_are_found_and_addresses_and_dates_are_not(text: str, versions: list[str]) -> None:
    assert [value for _, value in found(text, "version")] == versions


def test_products_and_modules_are_found_by_every_way_to_write_them() -> None:
    text = "LedgerCloud, ledger cloud, Shop Flow; the Invoice Export and invoice-export; tax engine; the shop"

    rows = entities(pl.Series([text]), CATALOGUE).select("kind", "name").rows()

    assert rows == [
        ("product", "Ledger Cloud"),
        ("product", "Ledger Cloud"),
        ("product", "ShopFlow Enterprise"),
        ("module", "invoice_export"),
        ("module", "invoice_export"),
        ("module", "tax engine"),
        ("product", "ShopFlow Enterprise"),
    ]


def test_a_name_inside_a_word_is_none() -> None:
    assert found("taxengines and MyLedgerClouds", "product", "module") == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("see /var/log/ledger/app.log.", "/var/log/ledger/app.log"),
        (r"under C:\Program\Ledger\app.ini, please", r"C:\Program\Ledger\app.ini"),
        (r"on \\files2\share\list.xlsx", r"\\files2\share\list.xlsx"),
        ('  File "/srv/app/main.py", line 3', "/srv/app/main.py"),
        ("and/or 3/4 km/h", None),
    ],
)
def test_paths_are_found(text: str, path: str | None) -> None:
    assert found(text, "path") == ([("path", path)] if path else [])


def test_of_a_stack_trace_the_class_and_the_top_frames_are_kept() -> None:
    frames = [f"\tat com.acme.Job.step{number}(Job.java:{number})" for number in range(6)]
    trace = "\n".join(["java.lang.IllegalStateException: no lease", *frames, "Caused by: io.acme.LeaseLost"])

    rows = found(trace)

    assert rows[0] == ("exception", "java.lang.IllegalStateException")
    assert [value for kind, value in rows if kind == "frame"] == [
        f"com.acme.Job.step{n}(Job.java:{n})" for n in range(TOP_FRAMES)
    ]
    assert rows[-1] == ("exception", "io.acme.LeaseLost")


def test_links_are_whole_and_hide_what_they_contain() -> None:
    assert found("at https://app.example/v4.2.0/ERR_X?id=3#top, then (www.hay.example/a).") == [
        ("url", "https://app.example/v4.2.0/ERR_X?id=3#top"),
        ("url", "www.hay.example/a"),
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("We need this ASAP!", "ASAP"),
        ("Das ist DRINGEND", "DRINGEND"),
        ("à traiter au plus vite", "au plus vite"),
        ("respondan cuanto antes", "cuanto antes"),
        ("serve subito una risposta", "subito"),
        ("Precisamos disso com urgência", "urgência"),
        ("大至急お願いします", "大至急"),
        ("请尽快处理", "尽快"),
        ("this is not urgent", None),
        ("es eilt nicht", None),
        ("pas urgent", None),
        ("緊急ではありません", None),
        ("不紧急", None),
        ("the insurgents", None),
    ],
)
def test_urgency_is_heard_in_eight_languages_unless_it_is_denied(text: str, word: str | None) -> None:
    assert found(text, "urgency") == ([("urgency", word)] if word else [])


def test_spans_are_where_the_values_stand_in_order_and_apart() -> None:
    text = "😀 Ledger Cloud v4.2.0 🚨 urgent: ERR_X in /opt/a/b, см. www.a.example 至急"

    spans = entities(pl.Series([None, text]), CATALOGUE)

    assert spans["text"].unique().to_list() == [1]
    assert all(text[start:end] == value for value, start, end in spans.select("value", "start", "end").iter_rows())
    assert (spans["start"].shift(-1).drop_nulls() >= spans["end"].head(-1)).all()


def test_a_batch_is_read_like_one_text() -> None:
    texts = pl.Series(["ERR_X in Ledger Cloud 4.2.0", "nothing", None, "urgent: /opt/a/b"] * 20)

    together = entities(texts, CATALOGUE).filter(pl.col("text") < 4)

    assert together.equals(entities(texts[:4], CATALOGUE))
