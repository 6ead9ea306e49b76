"""Invented people and the numbers that identify them; cards and accounts carry valid check digits."""

import random
from dataclasses import dataclass

import numpy as np


def _words(text: str) -> list[str]:
    return text.split()


FIRST = {
    "en": _words("Ava Liam Chloe Mason Grace Owen Ruby Ethan Nora Jack Ivy Dylan Hazel Caleb Freya Toby"),
    "es": _words("Lucía Mateo Carmen Diego Pilar Álvaro Inés Javier Rocío Andrés Marisol Hugo Noelia Iker"),
    "de": _words("Jonas Hanna Lukas Greta Stefan Ulrike Jürgen Frieda Moritz Antje Björn Sabine Torsten Käthe"),
    "fr": _words("Camille Hugo Élodie Mathis Chloé Bastien Margaux Thibault Inès Rémi Solène Gaël Noémie"),
    "it": _words("Giulia Matteo Chiara Lorenzo Elisa Davide Martina Nicolò Beatrice Fabio Silvia Pietro"),
    "pt": _words("Beatriz João Mariana Tiago Inês Rafael Catarina Gonçalo Letícia Thiago Luana Caio"),
    "ja": _words("美咲 健太 陽菜 翔太 由美 直樹 彩香 大輔 恵子 拓也 千夏 誠"),
    "zh": _words("丽娜 志强 晓燕 建国 雪梅 俊杰 佳怡 海涛 玉兰 文博 思远 欣然"),
}
LAST = {
    "en": _words("Parker Whitfield Hughes Bennett Okafor Lindqvist Marsh Delaney Foster Kapoor Sinclair Ward"),
    "es": _words("Navarro Ibáñez Quiroga Salazar Montero Beltrán Cifuentes Peña Robledo Zamora Escobar"),
    "de": _words("Brückner Lehmann Vogt Schreiber Kowalski Ahrens Pfeiffer Böhm Seidel Harms Yilmaz Wendt"),
    "fr": _words("Lefèvre Marchand Perrin Bonnet Chevalier Rousselle Garnier Delmas Fabre Benali Colin"),
    "it": _words("Ferraro Colombo Marchetti Rinaldi Gallo Bellini Santoro Moretti Pagano Vitale Leone"),
    "pt": _words("Almeida Carvalho Moreira Teixeira Barbosa Figueira Nogueira Tavares Rezende Pacheco"),
    "ja": _words("佐藤 高橋 渡辺 中村 小林 加藤 吉田 山口 松本 井上 斎藤 清水"),
    "zh": _words("王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙"),
}
ASCII_FIRST = _words("ava liam carmen jonas elodie giulia tiago misaki lina owen greta hugo pilar chiara kenta xiaoyan")
ASCII_LAST = _words("parker navarro lehmann marchand colombo almeida sato wang vogt garnier zamora gallo kato zhou")
FIRM = _words("Nordhafen Altamira Brightwell Kestrel Lumina Verdano Ostmark Pinewood Sakura Tianhe Corvino Belmonte")
BRANCH = _words("Logistics Foods Media Textiles Energy Optics Clinics Tools Travel Paper Motors Insurance")
FORM = {"de": "GmbH", "fr": "SAS", "it": "S.r.l.", "es": "S.L.", "pt": "Lda.", "ja": "株式会社", "zh": "有限公司"}
CITY = {
    "en": _words("Leeds Austin Dublin Toronto Perth Denver Cardiff"),
    "es": _words("Valencia Bogotá Sevilla Rosario Puebla Bilbao"),
    "de": _words("Kassel Bremen Graz Zürich Dresden Ulm"),
    "fr": _words("Nantes Lille Genève Québec Dijon Rennes"),
    "it": _words("Verona Bari Torino Parma Trieste"),
    "pt": _words("Braga Recife Coimbra Curitiba Faro"),
    "ja": _words("名古屋 札幌 福岡 仙台 横浜"),
    "zh": _words("杭州 成都 南京 厦门 青岛"),
}
DIAL = {"en": "+44", "es": "+34", "de": "+49", "fr": "+33", "it": "+39", "pt": "+351", "ja": "+81", "zh": "+86"}
COUNTRY = {"es": ("ES", 20), "de": ("DE", 18), "fr": ("FR", 23), "it": ("IT", 23), "pt": ("PT", 21), "en": ("GB", 18)}
HEX = "0123456789abcdefABCDEFghkmnpqrstuvwxyzGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class Person:
    """A customer's contact, the same in all their tickets."""

    name: str
    first: str
    email: str
    phone: str
    company: str
    city: str


def person(language: str, rng: np.random.Generator) -> Person:
    """Draw a contact whose names fit the language."""
    draw = random.Random(int(rng.integers(1 << 62)))
    first, last = draw.choice(FIRST[language]), draw.choice(LAST[language])
    firm = f"{draw.choice(FIRM)} {draw.choice(BRANCH)}"
    domain = firm.lower().replace(" ", "-") + draw.choice([".example", ".test", ".example.com", ".example.org"])
    return Person(
        name=full_name(first, last, language),
        first=first,
        email=email(draw, domain),
        phone=phone(draw, language),
        company=f"{firm} {FORM.get(language, 'Ltd')}",
        city=draw.choice(CITY[language]),
    )


def full_name(first: str, last: str, language: str) -> str:
    """First and last name in the order of the language."""
    if language == "zh":
        return last + first
    return f"{last} {first}" if language == "ja" else f"{first} {last}"


def name(draw: random.Random, language: str) -> str:
    """Some other person of the same country."""
    return full_name(draw.choice(FIRST[language]), draw.choice(LAST[language]), language)


def email(draw: random.Random, domain: str) -> str:
    """An address under a domain that can never exist."""
    first, last = draw.choice(ASCII_FIRST), draw.choice(ASCII_LAST)
    form = draw.random()
    if form < 0.6:
        return f"{first}.{last}@{domain}"
    return f"{first[0]}{last}{draw.randrange(100)}@{domain}" if form < 0.85 else f"{first}_{last}@{domain}"


def phone(draw: random.Random, language: str) -> str:
    """A phone number in one of several spellings."""
    prefix, digits = DIAL[language], "".join(str(draw.randrange(10)) for _ in range(9))
    form = draw.random()
    if form < 0.4:
        return f"{prefix} {digits[:2]} {digits[2:5]} {digits[5:]}"
    if form < 0.7:
        return f"{prefix}{digits}"
    return f"0{digits[:3]}-{digits[3:]}" if form < 0.85 else f"({prefix}) {digits[:3]} {digits[3:6]}-{digits[6:]}"


def card(draw: random.Random) -> str:
    """A card number with a valid Luhn digit, in groups of four or in one piece."""
    digits = [4] + [draw.randrange(10) for _ in range(14)]
    doubled = sum(sum(divmod(2 * d, 10)) if place % 2 == 0 else d for place, d in enumerate(digits))
    text = "".join(map(str, [*digits, -doubled % 10]))
    return " ".join(text[i : i + 4] for i in range(0, 16, 4)) if draw.random() < 0.7 else text


def iban(draw: random.Random, language: str) -> str:
    """An account number with valid check digits (ISO 13616, modulo 97)."""
    country, length = COUNTRY.get(language, ("DE", 18))
    account = "".join(str(draw.randrange(10)) for _ in range(length))
    remainder = int(account + "".join(str(ord(letter) - 55) for letter in country) + "00") % 97
    text = f"{country}{98 - remainder:02d}{account}"
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4)) if draw.random() < 0.6 else text


def address(draw: random.Random) -> str:
    """An IPv4 address of the ranges for documentation and private networks."""
    start = draw.choice(["203.0.113", "198.51.100", "192.0.2", f"10.{draw.randrange(256)}.{draw.randrange(256)}"])
    return f"{start}.{draw.randrange(1, 255)}"


def token(draw: random.Random) -> str:
    """A secret as products hand them out."""
    return draw.choice(["tk_live_", "tk_test_", "key-"]) + "".join(draw.choice(HEX) for _ in range(24))
