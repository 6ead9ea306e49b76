"""How people type: slips of the finger, dropped accents, all in lower case, all in capitals."""

import random
import unicodedata

NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
SLIPS_PER_LETTER = (0.0, 0.005, 0.012, 0.03)
HOW_MANY_SLIP = (0.56, 0.28, 0.12, 0.04)


def slip(text: str, draw: random.Random) -> str:
    """One slip somewhere in the text: swapped, lost, doubled or neighbouring letters."""
    place = draw.randrange(len(text))
    letter = text[place]
    if not letter.isalpha():
        return text
    kind = draw.random()
    if kind < 0.35 and place + 1 < len(text):
        return text[:place] + text[place + 1] + letter + text[place + 2 :]
    if kind < 0.6:
        return text[:place] + text[place + 1 :]
    if kind < 0.75 or letter not in NEIGHBOURS:
        return text[:place] + letter + text[place:]
    return text[:place] + draw.choice(NEIGHBOURS[letter]) + text[place + 1 :]


def plain_letters(text: str, language: str) -> str:
    """Without accents, as on a foreign keyboard."""
    if language == "de":
        return text.translate(UMLAUTS)
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


class Hand:
    """How one writer types; applied to literal text only, never to names, numbers or codes."""

    def __init__(self, language: str, casual: bool, draw: random.Random) -> None:
        self.draw, self.language = draw, language
        wide = language in ("ja", "zh")
        self.rate = draw.choices(SLIPS_PER_LETTER, HOW_MANY_SLIP)[0] * (1.5 if casual else 1.0) * (0.6 if wide else 1.0)
        self.capitals = not casual or draw.random() < 0.45
        self.lower = not self.capitals and not wide and draw.random() < 0.7
        self.shout = not wide and draw.random() < 0.015
        self.plain = not wide and language != "en" and draw.random() < (0.25 if casual else 0.08)
        self.touched = self.rate > 0 or self.lower or self.shout or self.plain

    def type(self, text: str) -> str:
        """The text as this writer types it."""
        if not text or not self.touched:
            return text
        if self.plain:
            text = plain_letters(text, self.language)
        if self.shout:
            text = text.upper()
        elif self.lower:
            text = text.lower()
        if self.rate:
            expected = self.rate * len(text)
            while expected > 0 and self.draw.random() < expected and text:
                text = slip(text, self.draw)
                expected -= 1
        return text
