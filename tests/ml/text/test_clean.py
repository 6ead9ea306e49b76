import tomllib
from pathlib import Path
from time import process_time

import polars as pl
import pytest

from ml.text.clean import _lines, clean, clean_one, signature
from ml.text.html import plain
from ml.text.names import signed

MAILS = tomllib.loads((Path(__file__).parent / "mails.toml").read_text(encoding="utf-8"))["mail"]


@pytest.mark.parametrize("mail", MAILS, ids=[mail["name"] for mail in MAILS])
def test_of_a_letter_remains_what_it_says(mail: dict[str, str]) -> None:
    assert clean(pl.Series([mail["text"].strip("\n")])).to_list() == [mail["said"].strip("\n")]


def test_one_text_is_cleaned_as_it_is_among_others() -> None:
    texts = pl.Series([mail["text"] for mail in MAILS])

    together = clean(texts).to_list()

    assert together == [clean(texts[place : place + 1])[0] for place in range(len(texts))]


@pytest.mark.parametrize(
    ("greeting", "rest"),
    [
        ("Hi,", "it stopped again"),
        ("Dear Sir or Madam,", "it stopped again"),
        ("Good morning everyone!", "it stopped again"),
        ("Hello Kim", "it stopped again"),
        ("Sehr geehrte Damen und Herren,", "es bricht ab"),
        ("Hallo liebes Team,", "es bricht ab"),
        ("Bonjour Madame,", "cela ne marche plus"),
        ("Buenos días, equipo:", "se ha parado"),
        ("Gentile assistenza,", "si è fermato"),
        ("Olá, pessoal!", "parou de novo"),
        ("こんにちは。", "また止まりました"),
        ("各位老师好，", "系统又停了"),
    ],
)
def test_a_greeting_goes_alone_or_before_text_on_its_line(greeting: str, rest: str) -> None:
    apart, together = f"subject\n{greeting}\n{rest}", f"subject\n{greeting} {rest}"

    found = clean(pl.Series([apart, together])).to_list()

    assert found[0] == f"subject\n{rest}"
    if greeting != "Hello Kim":
        assert found[1] == f"subject\n{rest}"


@pytest.mark.parametrize(
    "line",
    [
        "Morning reports are empty since Monday",
        "Hi-res images are blurred",
        "Dear customers see prices without tax in the new shop",
        "Highlighting is off",
        "Olaf cannot log in",
        "Good day shift numbers, bad night shift numbers",
        "Salutations are missing in the letter template",
        "Regards is spelled wrong in the footer of every mail we send from the system",
        "お世話係の画面が開きません",
    ],
)
def test_what_only_begins_like_a_greeting_stays(line: str) -> None:
    assert clean(pl.Series([f"subject\n{line}"])).to_list() == [f"subject\n{line}"]


def test_a_text_that_said_something_is_never_empty() -> None:
    texts = [
        "Hello",
        "Thanks!",
        "> quoted only",
        "Sent from my iPhone",
        "Regards\nAnn",
        "<p></p>?x",
        "-- \nAnn",
        "谢谢",
    ]

    assert all(clean(pl.Series(texts)).to_list())


def test_no_text_is_no_text() -> None:
    assert clean(pl.Series([None, "", " \n\t ", "\u200b\ufeff", "<br><br>"], dtype=pl.String)).to_list()[:4] == [""] * 4


def test_lines_end_alike_and_characters_are_composed() -> None:
    assert clean(pl.Series(["a\r\nb  \t c\rd\u00a0e\u200bf", "Cafe\u0301"])).to_list() == ["a\nb c\nd ef", "Café"]


def test_emoji_and_writing_from_the_right_stay() -> None:
    texts = ["It works 🎉👩‍💻 again", "لا أستطيع تسجيل الدخول منذ أمس", "לא מצליח להתחבר 😀"]

    assert clean(pl.Series(texts)).to_list() == texts


def test_scripts_styles_and_comments_are_not_read() -> None:
    page = "<div>one<script>if (a < b) alert('x')</script><!-- <p>no</p> --> two<style>p{}</style></div>"

    assert clean(pl.Series([page])).to_list() == ["one two"]


@pytest.mark.parametrize(
    "text", ["a < b and c > d", "List<String>", "see <orders/> and <Order id=3>", "R&D, AT&T; 5 &lt 6"]
)
def test_what_is_no_markup_is_left_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_a_signature_is_what_follows_the_closing() -> None:
    assert signature("It fails.\n\nBest regards\nAnn Lee\nHead of IT\n\nSent from my iPad") == ["Ann Lee", "Head of IT"]
    assert signature("It fails.") == []


def test_names_are_read_from_signatures_and_from_the_heads_of_earlier_messages() -> None:
    letters = [
        "It fails.\nRegards\nAnn-Marie O'Neill | IT | Hay Ltd",
        "Geht nicht.\nViele Grüße\nKarl von der Heide",
        "Kaputt.\nMfG\nBuchhaltung Nord GmbH",
        "動きません。\n敬具\n岡田 真理",
        "See below.\n\nFrom: Priya Nair <p@n.example>\nSent: today\nx",
        None,
    ]

    assert signed(letters) == ["Ann-Marie O'Neill", "Karl von der Heide", "Priya Nair", "岡田 真理"]


@pytest.mark.parametrize("blank", ["\n", " \n", "\r\n", "\u2028"])
def test_of_blank_lines_however_many_there_is_no_more_to_read_than_of_two(blank: str) -> None:
    said = "The export stops half-way.\n\nIt did yesterday too."
    many = said.replace("\n\n", blank * 400_000)

    assert clean_one(many) == clean_one(said)
    assert len(_lines(many)) == len(_lines(said))


def test_the_time_that_blank_lines_take_grows_with_their_number() -> None:
    def taken(count: int) -> float:
        began = process_time()
        clean_one("\n" * count + "export stops")
        return process_time() - began

    few, many = (min(taken(count) for _ in range(3)) for count in (200_000, 1_600_000))
    assert many < 8 * 3 * few
