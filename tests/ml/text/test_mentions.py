import time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.text.fold import fold, narrow
from ml.text.mentions import mentioned
from ml.text.names import named


def names(text: str) -> set[str]:
    return set(mentioned(pl.Series([text], dtype=pl.String))[0])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My name is Hannah Berger and the export stops.", {"Hannah Berger"}),
        ("Hi Anna,\nthe export stops.\nThanks, Tom", {"Anna", "Tom"}),
        ("the export stops\n\nBest,\nMary-Ann O'Neill", {"Mary-Ann O'Neill"}),
        ("The user concerned is Chloe Okafor. We wait.", {"Chloe Okafor"}),
        ("Please also inform Ethan McKay.", {"Ethan McKay"}),
        ("I spoke with J. R. Smith yesterday.", {"J. R. Smith"}),
        ("Ask Mr. Fletcher or Dr. Amara Nwosu.", {"Fletcher", "Amara Nwosu"}),
        ("Priya Raman from our sales team can see it.", {"Priya Raman"}),
        ('write to "Olga Petrova" <olga@example.com>', {"Olga Petrova"}),
        ("On 18/7 Rosa Marquez wrote:\n> hello", {"Rosa Marquez"}),
        ("Sehr geehrte Frau Böhm,\nes geht nicht.", {"Böhm"}),
        ("Meine Kollegin Frieda Schreiber weiß mehr.", {"Frieda Schreiber"}),
        ("Bitte informieren Sie auch Jürgen von der Heide.", {"Jürgen von der Heide"}),
        ("Am 02.10. schrieb Moritz Seidel:", {"Moritz Seidel"}),
        ("Mon collègue Rémi Perrin est absent. Merci de prévenir Mme Dupont.", {"Rémi Perrin", "Dupont"}),
        ("Chloé Lefèvre, le 12/8 :\n> bonjour", {"Chloé Lefèvre"}),
        ("Mi compañera Lucía Ibáñez lo vio; avisen también a Diego Sanz, por favor.", {"Lucía Ibáñez", "Diego Sanz"}),
        ("Il collega Davide Ricci può dirvi di più.", {"Davide Ricci"}),
        ("Meu colega João Prado sabe. Letícia Melo, da minha equipe, pode contar.", {"João Prado", "Letícia Melo"}),
        ("担当の井上 直樹さんにお願いします。田中様もご存じです。", {"井上 直樹", "田中"}),
        ("请也告知王建国。张经理知道，同事欧阳德馨可以提供截图。", {"王建国", "欧阳德馨"}),
    ],
)
def test_people_are_known_by_what_stands_beside_them(text: str, found: set[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "The user can open Data Aggregator. Contact Customer Support.",
        "Dear Support Team,\nHello World does not print.",
        "Analytics Dashboard can tell you more about Monthly Sales.",
        "We asked DataSync Pro and IBM Cloud; ask Microsoft Support.",
        "message from Brightwell Textiles Ltd, customer Lumina Energy GmbH",
        "New York and Los Angeles are affected since Monday Morning.",
        "Viele Grüße\n\nVielen Dank\nIhr Support-Team",
        "Meine Kollegen Bescheid geben. Die Rechnung Nummer fehlt.",
        "Madame, Monsieur,\nles exports échouent.",
        "Estimados señores:\nLa Exportación Mensual falla.",
        "製品仕様の確認、前回同様です。お客様と皆さんが困っています。ユーザーが停止中。",
        "高级经理和客户经理都看不到，项目经理也一样。",
        "",
    ],
)
def test_products_places_and_firms_are_no_people(text: str) -> None:
    assert names(text) == set()


@pytest.mark.parametrize(
    ("letter", "who"),
    [
        ("The export stops.\n\nKind regards\nGrace Foster\nHead of Sales\nTel. 12", "Grace Foster"),
        ("Der Export bricht ab.\n\nGreta Brückner", "Greta Brückner"),
        ("Der Export bricht ab.\nMfG\nMAX MUSTERMANN | Einkauf | Muster GmbH", "MAX MUSTERMANN"),
        ("エクスポートが止まります。\n\nよろしくお願いいたします。\n例示 株式会社\n井上 直樹", "井上 直樹"),
        ("导出中断。\n\n谢谢！\n示例有限公司 财务部 张欣然", "张欣然"),
    ],
)
def test_who_signs_is_found_beside_firm_and_department_and_without_a_closing(letter: str, who: str) -> None:
    assert who in named(pl.Series([letter]))[0]


def test_a_long_text_takes_no_more_than_its_length() -> None:
    text = "My colleague Dylan Sinclair wrote to Data Sync And More Of It. " * 4_000
    mentioned(pl.Series(["warm"]))

    began = time.process_time()
    found = mentioned(pl.Series([text]))

    assert found == [["Dylan Sinclair"]]
    assert time.process_time() - began < 5


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_plainer_letters_stand_at_the_same_places(text: str) -> None:
    assert len(fold(text)) == len(narrow(text)) == len(text)
    for name in mentioned(pl.Series([text], dtype=pl.String))[0]:
        assert name in text
