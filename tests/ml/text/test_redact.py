import polars as pl
import pytest

from ml.text.checks import card_end, iban_end
from ml.text.redact import people, redact


def one(text: str, *names: str) -> str:
    return str(redact(pl.Series([text]), names)[0][0])


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("write to ann.lee+it@mail.hay.co.uk.", "write to [EMAIL]."),
        ("Contact: <JÜRGEN@müller.de>", "Contact: <[EMAIL]>"),
        ("call +44 20 7946 0958 or (020) 7946-0958", "call [PHONE] or [PHONE]"),
        ("Tel.: 0221/4710815, Handy 0171 5550123", "Tel.: [PHONE], Handy [PHONE]"),
        ("reach me at 415-867-5309", "reach me at [PHONE]"),
        ("電話 03-1234-5678 まで", "電話 [PHONE] まで"),
        ("card 4111 1111 1111 1111 was charged", "card [CARD] was charged"),
        ("card 4111-1111-1111-1112 was charged", "card 4111-1111-1111-1112 was charged"),
        ("amex 378282246310005", "amex [CARD]"),
        ("IBAN DE89 3704 0044 0532 0130 00, please", "IBAN [IBAN], please"),
        ("GB82WEST12345698765432 and GB83WEST12345698765432", "[IBAN] and GB83WEST12345698765432"),
        ("from 192.168.7.33:8080 and fe80::1ff:fe23:4567:890a", "from [IP]:8080 and [IP]"),
        ("AKIAIOSFODNN7EXAMPLE", "[TOKEN]"),
        ("Authorization: Bearer abcDEF123456ghiJKL7890", "Authorization: Bearer [TOKEN]"),
        ("password: hunter22!", "password: [TOKEN]"),
        ("contraseña = Sol3dad99", "contraseña = [TOKEN]"),
        ("the token is key-QwErTyUiOpAsDfGhJkLz", "the token is [TOKEN]"),
        ("the password is Tr0ub4dor&3", "the password is [TOKEN]"),
        ("das Passwort lautet Geheim123.", "das Passwort lautet [TOKEN]."),
        (
            "the token is tk_live_4eC39HqLyjWDarjtT1z. And password: ab12cd34.",
            "the token is [TOKEN]. And password: [TOKEN].",
        ),
        ("https://me:s3cret@host.example/x", "https://me:[EMAIL]/x"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[TOKEN]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N", "[TOKEN]"),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "[TOKEN]"),
        ("my password hunter22! does not work", "my password [TOKEN] does not work"),
        ("mit Passwort Sommer2025 angemeldet", "mit Passwort [TOKEN] angemeldet"),
        ("the password is 12345678", "the password is [TOKEN]"),
        ("my pin is 4711, PIN: 0815, PUK 12345678", "my pin is [TOKEN], PIN: [TOKEN], PUK [TOKEN]"),
        ("verification code 839201", "verification code [TOKEN]"),
        ("暗証番号は4711です", "暗証番号は[TOKEN]です"),
        ("her SSN 512-44-7391, social security number 512447391", "her SSN [SSN], social security number [SSN]"),
        ("iban de89370400440532013000, gb82 west 1234 5698 7654 32.", "iban [IBAN], [IBAN]."),
        ("Konto de89 3704 0044 0532 0130 00 bitte", "Konto [IBAN] bitte"),
        ("hannah.berger＠example．com", "[EMAIL]"),
        ("ｈａｎｓ＠ｅｘａｍｐｌｅ．ｃｏｍ まで", "[EMAIL] まで"),
        ("カード４１１１ １１１１ １１１１ １１１１", "カード[CARD]"),
        ("hans (at) example.com or hans[at]example[dot]com", "[EMAIL] or [EMAIL]"),
        ("write to hans dot, no: hans at example dot com", "write to hans dot, no: [EMAIL]"),
        ("hans {arroba} example (punto) es", "[EMAIL]"),
    ],
)
def test_what_identifies_is_replaced_by_its_kind(text: str, redacted: str) -> None:
    assert one(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "since version 10.4.12.7 and v4.2.0",
        "ORDER-2026-004711, invoice 20260314-0099, PO 4500012345",
        "TK-2026-002342 and 4f9d2c1a-77b1-4e0e-9c55-0c9f1b2a3d4e",
        "2026-03-04 12:00, 04.03.2026 and 3/4/2026",
        "ERROR_TIMEOUT_504, 0x80070005, ORA-00942",
        "100 000 000 rows, 1.500.000 lines, 99.95 %",
        "std::vector and a::b::c, 12:30:45",
        "the password is wrong; the token: expired",
        "the token is ERROR_TOKEN_440, my password is correct",
        "build 20260314.2 took 12345678 ms",
        "@mention and a @ b, user@localhost",
        "look at example.com; error at com.example.Main (at) line 3; meet at noon dot",
        "the password reset fails, password policy, password sha256 and 90days, ERROR_TOKEN_440",
        "pin 12 of the connector, the pin is broken, shipping 12345",
        "000-12-3456, 666-12-3456, 912-34-5678, 512-00-7391, 512-44-0000, ORDER-512-44-7391",
        "de89370400440532013001 and in12 that this with from",
        "２０２６年３月、全角の文字",
    ],
)
def test_versions_codes_numbers_and_dates_stay(text: str) -> None:
    assert one(text) == text


def test_spans_say_where_it_stood() -> None:
    texts = pl.Series(["nothing", "😀 mail a@b.example or 10.0.0.7", None])

    redacted, spans = redact(texts)

    assert redacted.to_list() == ["nothing", "😀 mail [EMAIL] or [IP]", ""]
    assert spans.rows() == [(1, "email", 7, 18), (1, "ip", 22, 30)]


def test_known_names_go_in_any_case_but_a_single_one_only_as_it_is_written() -> None:
    known = people(["Ann Lee", "Will", "岡田 真理", "A"])

    redacted, _ = redact(pl.Series(["ann lee, ANN LEE, Annlee; Will will, WILL; 担当は岡田 真理です"]), known)

    assert redacted[0] == "[PERSON], [PERSON], Annlee; [PERSON] will, [PERSON]; 担当は[PERSON]です"


def test_what_is_redacted_stays_as_it_is() -> None:
    text = "a@b.example, +49 221 4710815, 4111 1111 1111 1111, Ann Lee, password: hunter22!"
    once = one(text, "Ann Lee")

    assert one(once, "Ann Lee") == once


def test_check_digits_decide() -> None:
    assert [card_end(number) > 0 for number in ("4111111111111111", "4111111111111112", "0000000000000000")] == [
        True,
        False,
        False,
    ]
    assert [
        iban_end(number) for number in ("DE89370400440532013000", "DE89370400440532013001", "XX89370400440532013000")
    ] == [22, 0, 0]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("call +49 170 1234567 4111 1111 1111 1111 now", "call [PHONE] [CARD] now"),
        ("+1 415 555 2671 5555 5555 5555 4444", "[PHONE] [CARD]"),
        ("+49 170 1234567 0171 7654321", "[PHONE] [PHONE]"),
        ("tel 415 555 2671 4111 1111 1111 1111", "tel [PHONE] [CARD]"),
        ("0170 1234567 4111 1111 1111 1111", "[PHONE] [CARD]"),
        ("+12345678901234567890", "+12345678901234567890"),
        ("+49 (170) 1234567", "[PHONE]"),
    ],
)
def test_numbers_that_are_written_in_a_row_are_told_apart(said, left):
    assert redact(pl.Series([said]))[0].item() == left
