"""How a ticket is told: which sentences, in which order, through which channel. Says the drawn facts and no others."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from simulator import people
from simulator.noise import Hand
from simulator.scribe import Scribe, Setting, Span
from simulator.tables import SENTIMENTS, URGENCIES
from simulator.words import Phrases, Words, words

Part = Callable[[], None]

CHANNELS = ("email", "portal", "chat", "phone", "slack", "api")
CHANNEL_SHARE = (0.34, 0.28, 0.15, 0.08, 0.07, 0.08)
CASUAL = {"chat", "slack"}
LENGTHS = ("terse", "normal", "verbose")
LENGTH_SHARE = {
    "email": (0.08, 0.6, 0.32),
    "portal": (0.14, 0.66, 0.2),
    "chat": (0.35, 0.58, 0.07),
    "phone": (0.1, 0.75, 0.15),
    "slack": (0.3, 0.6, 0.1),
    "api": (0.4, 0.52, 0.08),
}
OPENING = {"terse": 0.08, "normal": 0.4, "verbose": 0.75}
FILLING = {"terse": 0.06, "normal": 0.22, "verbose": 0.5}
PII = ("phone", "email", "ip", "token", "person")
MONEY_PII = ("card", "iban", "iban", "email", "phone")
BRIEF = 0.9
FIRST_ACCOUNT = "invoice_wrong"
FIRST_WISH = "bulk_wanted"


@dataclass(frozen=True)
class Said:
    """The facts of one ticket that its text must carry; indices as in `said.Facts`."""

    language: str
    person: people.Person
    symptoms: tuple[int, ...]
    account: bool
    wish: bool
    product_surface: tuple[str, ...]
    module: str
    code: str
    exception: str
    urgency: int
    marker: int
    version: str
    ticket_number: int
    year: int


@dataclass(frozen=True)
class Letter:
    """A told ticket."""

    subject: str
    description: str
    subject_spans: tuple[Span, ...]
    description_spans: tuple[Span, ...]
    length: str


def tell(said: Said, channel: str, draw: random.Random) -> Letter:
    """Write subject and description."""
    vocabulary = words(said.language)
    setting = Setting(vocabulary, said.person, draw)
    setting.products, setting.version, setting.code = said.product_surface, said.version, said.code
    setting.modules = vocabulary.modules[said.module] if said.module else ()
    setting.exception, setting.ticket_number, setting.year = said.exception, said.ticket_number, said.year
    hand = Hand(said.language, channel in CASUAL, draw)
    length = draw.choices(LENGTHS, LENGTH_SHARE[channel])[0]
    body = Scribe(setting, hand)
    _Teller(said, channel=channel, length=length, scribe=body, vocabulary=vocabulary, draw=draw).tell()
    subject = Scribe(setting, hand)
    _subject(subject, said, vocabulary, draw)
    return Letter(subject.text(), body.text(), tuple(subject.spans), tuple(body.spans), length)


def _subject(scribe: Scribe, said: Said, vocabulary: Words, draw: random.Random) -> None:
    table = vocabulary.tables["subject"]
    scribe.setting.head = vocabulary.heads[said.symptoms[0]]
    chance = draw.random()
    capital = scribe.hand.capitals
    if said.urgency >= 3 and chance < 0.3:
        scribe.phrase(scribe.choose(table["urgent"]), capital)
        scribe.mark_words(0, vocabulary.urgent_words, "urgency")
        return
    allowed = {"head", "when", "role", "company", "ticket"}
    allowed |= {"product"} if said.product_surface else set()
    allowed |= {"module"} if said.module else set()
    allowed |= {"code"} if said.code else set()
    kind = "vague" if chance > 0.94 else "reply" if chance > 0.89 else "plain"
    options = tuple(p for p in table[kind] if all(not slot or slot in allowed for _, slot in p[0]))
    scribe.phrase(scribe.choose(options or vocabulary.heads[said.symptoms[0]]), capital)
    if kind != "vague" and len(said.symptoms) > 1 and draw.random() < 0.5:
        scribe.put(draw.choice((" / ", ", ", " + ", "; ")))
        scribe.phrase(scribe.choose(vocabulary.heads[said.symptoms[1]]))


class _Teller:
    def __init__(
        self, said: Said, *, channel: str, length: str, scribe: Scribe, vocabulary: Words, draw: random.Random
    ) -> None:
        self.said, self.channel, self.length, self.scribe, self.draw = said, channel, length, scribe, draw
        self.tables, self.says, self.space = vocabulary.tables, vocabulary.says, vocabulary.space
        self.heads = vocabulary.heads
        self.urgent_words = vocabulary.urgent_words
        self.fresh = True
        scribe.to_name = ["product"] * bool(said.product_surface) + ["module"] * bool(said.module)
        draw.shuffle(scribe.to_name)

    def chance(self, share: float) -> bool:
        return self.draw.random() < share

    def line(self, table: str, key: str) -> None:
        """One more sentence from a list of phrases."""
        self._gap()
        self.scribe.sentence(self.tables[table][key])

    def _gap(self) -> None:
        if not self.fresh:
            self.scribe.put(self.space)
        self.fresh = False

    def paragraph(self) -> None:
        if self.scribe.parts and not self.fresh:
            self.scribe.put(" " if self.channel in CASUAL else self.draw.choice(["\n", "\n\n", "\n\n"]))
            self.fresh = True

    def tell(self) -> None:
        """All parts in order."""
        self._greet()
        kind = "request" if self.said.account or self.said.wish else "problem"
        if self.chance(OPENING[self.length]):
            self.line("opening", kind)
        middle: list[Part] = [self._symptoms, *self._context(), *self._filling()]
        if self.chance(0.2):
            self.draw.shuffle(middle)
        elif len(middle) > 2:
            rest = middle[1:]
            self.draw.shuffle(rest)
            middle[1:] = rest
        for place, part in enumerate(middle):
            if place and self.length == "verbose" and self.chance(0.22):
                self.paragraph()
            part()
        for kind_of_name in self._unnamed():
            self.line("context", kind_of_name)
        if self.chance(FILLING[self.length] + 0.1):
            self.line("request", kind)
        self._end()

    def _unnamed(self) -> list[str]:
        said, told = self.said, self.scribe.told
        wanted = {
            "product": said.product_surface,
            "module": said.module,
            "code": said.code,
            "exception": said.exception,
        }
        span = {"code": "error_code"}
        return [name for name, value in wanted.items() if value and span.get(name, name) not in told]

    def _greet(self) -> None:
        greeting = self.tables["greeting"]
        if self.channel == "phone":
            self._raw(self.tables["ending"]["phone_note"])
        elif self.channel in CASUAL and self.chance(0.6):
            self._raw(self.tables["ending"]["chat"])
        elif self.channel == "email" and self.chance(0.88):
            self._raw(greeting["formal" if self.chance(0.5) else "casual"])
            self.paragraph()
        elif self.channel == "portal" and self.chance(0.35):
            self._raw(greeting["casual"])
            self.paragraph()

    def _raw(self, phrases: Phrases) -> None:
        self._gap()
        self.scribe.phrase(self.scribe.choose(phrases))

    def _symptoms(self) -> None:
        first, *others = self.said.symptoms
        self._gap()
        self.scribe.sentence(self.says[first])
        if self.chance(BRIEF):
            self._gap()
            self.scribe.sentence(self.heads[first])
        for symptom in others:
            if self.chance(0.5):
                self.scribe.setting.clause = self.says[symptom]
                self.line("join", "also")
            else:
                self._gap()
                self.scribe.sentence(self.heads[symptom] if self.chance(BRIEF) else self.says[symptom])

    def _context(self) -> list[Part]:
        more = FILLING[self.length]
        found: list[Part] = []
        if self.said.code:
            found.append(partial(self.line, "context", "code"))
        if self.said.exception:
            found.append(partial(self.line, "context", "exception"))
        for key, share in (("since", 1.0), ("version", 0.5), ("path", 0.12), ("url", 0.12)):
            if self.chance(more * share):
                found.append(partial(self.line, "context", key))
        return found

    def _filling(self) -> list[Part]:
        more, said = FILLING[self.length], self.said
        tried = 0.35 if said.wish or said.account else 1.0
        found: list[Part] = [
            partial(self.line, "context", key)
            for key, share in (("tried", tried), ("impact", 1.0), ("detail", 1.0))
            if self.chance(more * share)
        ]
        if self.length == "verbose" and self.chance(0.5):
            found.append(partial(self.line, "context", "detail"))
        if said.marker >= 0:
            found.append(partial(self.line, "sentiment", SENTIMENTS[said.marker]))
        if said.urgency:
            found.append(self._urgency)
        if self.chance(0.14):
            key = self.draw.choice(MONEY_PII if said.account else PII)
            found.append(partial(self.line, "pii", key))
        return found

    def _urgency(self) -> None:
        start = self.scribe.length
        self.line("urgency", URGENCIES[self.said.urgency])
        if self.said.urgency >= 3:
            self.scribe.mark_words(start, self.urgent_words, "urgency")

    def _end(self) -> None:
        ending = self.tables["ending"]
        if self.channel == "email" or (self.channel == "portal" and self.chance(0.3)):
            self.paragraph()
            if self.chance(0.92):
                self._raw(ending["closing"])
                self.scribe.put("\n")
                self.fresh = True
            if self.chance(0.9):
                self._raw(ending["signature"])
        if self.channel != "email":
            return
        for key, share in (("mobile", 0.07), ("footer", 0.24)):
            if self.chance(share):
                self.scribe.put("\n\n")
                self.fresh = True
                self._raw(ending[key])
        if self.chance(0.13):
            self._quote()

    def _quote(self) -> None:
        foreign = self.said.language != "en" and self.chance(0.25)
        ending = words("en").tables["ending"] if foreign else self.tables["ending"]
        self.scribe.put("\n\n")
        self.fresh = True
        self._raw(ending["quote_head"])
        for _ in range(1 + int(self.draw.random() * 2)):
            self.scribe.put("\n> ")
            self.scribe.sentence(ending["quote_body"])
