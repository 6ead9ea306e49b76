"""Answers with planted faults: what is put in follows other rules than those that find it."""

import random
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ml.answer.pieces import pieces
from simulator.articles import library
from simulator.catalogue import load
from simulator.words import words
from simulator.world import build

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "ja", "zh")
HERE = Path(__file__).parent
_AUXILIARY = re.compile(r"\b(is|are|was|were|can|may|must|should|will|has|have|had|needs|takes)\b")
_BE = {
    "fr": (r"\b(est|sont|a|ont|peut|faut)\b", "ne {} pas"),
    "es": (r"\b(es|está|están|son|da|ha|han|hay|se|tenemos|puede|queremos|aparece)\b", "no {}"),
    "it": (r"\b(è|sono|ha|hanno|si|può|abbiamo|compare)\b", "non {}"),
    "pt": (r"\b(é|está|estão|são|há|se|tem|temos|foi|pode|aparece)\b", "não {}"),
}
_ENDS = {
    "ja": [("ました。", "ませんでした。"), ("ます。", "ません。"), ("です。", "ではありません。"), ("る。", "らない。"),
           ("た。", "なかった。"), ("い。", "くない。")],
    "zh": [("可以", "不可以"), ("会", "不会"), ("是", "不是"), ("能", "不能"), ("要", "不要"), ("有", "没有"),
           ("都", "都不"), ("被", "没被"), ("在", "不在"), ("了", "不了")],
}  # fmt: skip
_WORDS = {"2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "8": "eight", "9": "nine", "12": "twelve"}
_LEADS = {
    "en": ("First, ", "According to the article, ", "As the guide says, ", "Please note: ", "Also, "),
    "de": ("Laut Artikel: ", "Bitte beachten: ", "Zuerst: "), "fr": ("Selon l'article : ", "Ensuite, "),
    "es": ("Según el artículo: ", "Primero, "), "it": ("Secondo l'articolo: ", "Poi, "),
    "pt": ("Conforme o artigo: ", "Depois, "), "ja": ("",), "zh": ("",),
}  # fmt: skip
_JOINTS = {"en": ("; ", ", and ", ", then "), "de": ("; ", ", und "), "fr": ("; ", ", et "), "es": ("; ", ", y "),
           "it": ("; ", ", e "), "pt": ("; ", ", e "), "ja": ("、",), "zh": ("，",)}  # fmt: skip
_SYNONYMS = {
    "show": "display", "shows": "displays", "press": "push", "dirty": "soiled", "cloth": "rag", "needs": "requires",
    "large": "big", "checked": "inspected", "sent": "dispatched", "correct": "fix", "corrected": "fixed",
    "customer": "client", "error": "fault", "file": "document", "again": "anew", "old": "aged", "wrong": "incorrect",
    "repeat": "redo", "stops": "halts", "quickly": "fast", "every": "each", "replace": "exchange", "lasts": "endures",
    "reaches": "attains", "wait": "pause", "clean": "tidy", "record": "entry", "missing": "absent", "full": "complete",
}  # fmt: skip
_INVENTED = {
    "en": (", and the warranty pays for it", ", which was confirmed by the manufacturer", " because the fuse melted",
           " after calling the hotline", ", so everybody gets a refund", " with the special spanner"),
    "de": (", und die Garantie zahlt dafür", ", weil die Sicherung schmolz"),
    "fr": (", et la garantie paie tout", " parce que le fusible a fondu"),
    "es": (", y la garantía paga todo", " porque se fundió el fusible"),
    "it": (", e la garanzia paga tutto", " perché si è fuso il fusibile"),
    "pt": (", e a garantia paga tudo", " porque o fusível derreteu"),
    "ja": ("そして保証で全額が返金されます",), "zh": ("，保险公司会赔偿全部损失",),
}  # fmt: skip


def _told(phrases, vocabulary, draw):
    """One of the phrases with its slots filled."""
    text = ""
    for literal, slot in draw.choice(draw.choice(phrases)):
        text += literal
        if slot == "it":
            text += _told(vocabulary.tables["it"]["generic"], vocabulary, draw)
        elif slot in vocabulary.tables["slots"]:
            text += _told(vocabulary.tables["slots"][slot], vocabulary, draw)
        elif slot:
            text += str(draw.randint(2, 30)) if slot == "count" else "Contoso"
    return text


def _spoken(language, draw):
    """What customers say of problems, five sentences at a time."""
    vocabulary = words(language)
    said = [_told(phrases, vocabulary, draw) for phrases in vocabulary.says]
    said = [one[0].upper() + one[1:] + vocabulary.stop for one in said]
    return [said[at : at + 5] for at in range(0, len(said) - 4, 5)]


def _written(draw):
    """What articles of the simulated knowledge base and agents say, in English."""
    catalogue = load()
    world = build(catalogue, tickets=200, days=30, seed=11, languages=("en",))
    found = []
    for record in library(world, datetime(2026, 1, 1, tzinfo=UTC)).records:
        said = [piece.text for piece in pieces(record["body"]) if piece.form != "heading"]
        said = list(dict.fromkeys(one if one.endswith(".") else one + "." for one in said))
        if len(said) >= 4:
            found.append(said)
    for solution in catalogue.solutions:
        fill = {
            "{count}": str(draw.randint(2, 30)),
            "{module}": "report_builder",
            "{version}": "4.2.0",
            "{product}": "X",
        }
        said = [f"{solution.action}.", *solution.sentences]
        for slot, value in fill.items():
            said = [one.replace(slot, value) for one in said]
        found.append(said)
    return found


@pytest.fixture(scope="session")
def simulated_articles():
    """By language, articles as lists of sentences, in the words of the simulator."""
    draw = random.Random(5)
    return {name: _written(draw) if name == "en" else _spoken(name, draw) for name in LANGUAGES}


def _letters(text):
    return re.sub(r"\W", "", text.casefold().replace("can't", "cannot"))


def _split(sentence):
    return sentence.rstrip(".。 ")


def _negated(sentence, language, draw):
    if language == "en":
        for pattern in (r" not ", r"Never ", r"never ", r"Do not ", r" without "):
            if pattern.strip() in sentence.split():
                plain = sentence.replace(" does not ", " does ", 1)
                plain = plain if plain != sentence else re.sub(r"\b(?:not|never) ", "", sentence, count=1)
                if plain != sentence:
                    return plain
        found = _AUXILIARY.search(sentence)
        if found and found.group() not in ("needs", "takes", "has", "have", "had"):
            no = draw.choice((" not", " never", "n't", " no longer"))
            no = " not" if no == "n't" and found.group() in ("may", "will", "can") else no
            return sentence[: found.end()] + no + sentence[found.end() :]
        no = draw.choice(("It is not the case that ", "Do not expect this: ", "It is wrong and not true that "))
        return no + sentence[0].lower() + sentence[1:]
    if language == "de":
        for one, other in ((" nicht ", " "), (" nie ", " "), (" nicht.", ".")):
            if one in sentence:
                return sentence.replace(one, other, 1)
        body = _split(sentence).split()
        return " ".join([*body[:-1], "nicht", body[-1]]) + "."
    if language in _BE:
        pattern, form = _BE[language]
        found = re.search(pattern, sentence)
        if found:
            return sentence[: found.start()] + form.format(found.group()) + sentence[found.end() :]
        false = {
            "fr": "Il n'est pas vrai que ",
            "es": "No es cierto que ",
            "it": "Non è vero che ",
            "pt": "Não é verdade que ",
        }
        return false[language] + sentence[0].lower() + sentence[1:]
    for one, other in _ENDS[language]:
        if one in sentence:
            return sentence.replace(one, other, 1)
    return None


def _renumbered(sentence, draw):
    found = list(re.finditer(r"\d+(?:\.\d+)*", sentence))
    words_ = [word for word in _WORDS.values() if re.search(rf"\b{word}\b", sentence)]
    if found:
        match = draw.choice(found)
        other = match.group()
        while other == match.group():
            other = re.sub(r"\d", lambda _: str(draw.randint(1, 9)), match.group(), count=draw.choice((1, 3)))
        return sentence[: match.start()] + other + sentence[match.end() :]
    if words_:
        word = draw.choice(words_)
        return sentence.replace(word, draw.choice([one for one in (*_WORDS.values(), "seven") if one != word]), 1)
    return None


def _paraphrased(sentence, other, language, draw):
    """The same in slightly other words, or joined with another sentence of the source."""
    kind = draw.random()
    if kind < 0.4 and other:
        joint = draw.choice(_JOINTS[language])
        second = other if language == "de" or not other[:1].isascii() else other[0].lower() + other[1:]
        return f"{_split(sentence)}{joint}{second}"
    if kind < 0.75:
        lead = draw.choice(_LEADS[language])
        first = sentence if language == "de" or not lead else sentence[0].lower() + sentence[1:]
        return lead + first
    if language == "en":
        for one, two in (("do not", "don't"), ("does not", "doesn't"), ("cannot", "can't"), ("Do not", "Don't"),
                         ("The ", "This "), (" the ", " that ")):  # fmt: skip
            if one in sentence:
                return sentence.replace(one, two, 1)
        for digits, word in _WORDS.items():
            if re.search(rf"\b{digits}\b(?![.])", sentence):
                return re.sub(rf"\b{digits}\b", word, sentence, count=1)
        return f"You should {sentence[0].lower()}{sentence[1:]}"
    return sentence.rstrip(".") if language not in ("ja", "zh") else sentence.rstrip("。")


def _reworded(said, draw):
    """One of the sentences with a synonym in it."""
    found = [
        re.sub(rf"\b{word}\b", other, one, count=1)
        for one in said
        for word, other in _SYNONYMS.items()
        if re.search(rf"\b{word}\b", one)
    ]
    return draw.choice(found) if found else None


def _unsupported(sentence, elsewhere, language, draw):
    kind = draw.random()
    if kind < 0.6:
        return draw.choice(elsewhere)
    if kind < 0.85 or language in ("ja", "zh"):
        return _split(sentence) + draw.choice(_INVENTED[language]) + ("。" if language in ("ja", "zh") else ".")
    nouns = [
        word for word in re.findall(r"[^\W\d_]{5,}", draw.choice(elsewhere)) if word.lower() not in sentence.lower()
    ]
    own = re.findall(r"[^\W\d_]{5,}", sentence)
    if not nouns or not own:
        return draw.choice(elsewhere)
    return sentence.replace(draw.choice(own), draw.choice(nouns), 1)


def plant(articles, count, seed):
    """`count` answers: (language, source, sentence, kind, supported). `articles` are lists of sentences by language."""
    draw = random.Random(seed)
    found = []
    for number in range(count):
        language = "en" if number % 2 else LANGUAGES[(number // 2) % len(LANGUAGES)]
        place = draw.randrange(len(articles[language]))
        said = articles[language][place]
        source = "\n".join(said)
        others = [one for at, some in enumerate(articles[language]) if at != place for one in some]
        elsewhere = [one for one in others if _letters(one) not in _letters(source)]
        one, two, three = draw.sample(said, 3)
        found.append((language, source, one, "verbatim", True))
        found.append((language, source, _paraphrased(two, three, language, draw), "paraphrased", True))
        if number % 10 == 1 and (reworded := _reworded(said, draw)):
            found.append((language, source, reworded, "reworded", True))
        found.append((language, source, _unsupported(one, elsewhere, language, draw), "unsupported", False))
        if negated := _negated(draw.choice(said), language, draw):
            found.append((language, source, negated, "negated", False))
        numbered = [other for other in (_renumbered(each, draw) for each in said) if other and other not in said]
        if numbered:
            found.append((language, source, draw.choice(numbered), "number", False))
    return found


@pytest.fixture(scope="session")
def planted():
    return plant


@pytest.fixture(scope="session")
def other_articles():
    """By language, articles as lists of sentences: words of which no simulated ticket speaks."""
    return tomllib.loads((HERE / "other_words.toml").read_text(encoding="utf-8"))
