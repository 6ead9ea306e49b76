"""Text under construction: phrases with filled slots, and the spans of what can be recognised in it."""

import random
from collections.abc import Callable

from simulator import people
from simulator.noise import Hand
from simulator.words import Phrase, Phrases, Words

Span = tuple[int, int, str]
"""Start and end in characters, and the kind."""

SYSTEMS = (
    "NordCRM", "Ledgerly", "Postbox", "Shoplane", "Fleetdesk", "Paybridge", "Warehub", "Mailtower", "Stockroom",
    "Hirewell",
)  # fmt: skip
BROWSERS = ("Firefox", "Chrome", "Edge", "Safari", "Opera", "Brave")
PATHS = (
    "/opt/tl/conf/main.yml", "/var/log/tl/current.log", "/srv/data/in/part-{n}.csv", "/home/svc/run_{n}.sh",
    "C:\\Data\\out\\file{n}.txt", "D:\\share\\team{n}\\list.xlsx", "/mnt/vol{n}/stage/today.json",
    "\\\\files{n}\\common\\notes.docx",
)  # fmt: skip
URLS = (
    "https://app.{d}.example/view/{n}", "https://{d}.example/api/v2/items/{n}", "http://intranet.{d}.test/page?id={n}",
    "https://{d}.example.com/help/{n}#top",
)  # fmt: skip
NO_STOP = "!?:,;.。！？：，；…"


class Setting:
    """What the slots of one ticket may refer to; shared by subject and description."""

    def __init__(self, words: Words, person: people.Person, draw: random.Random) -> None:
        self.words, self.person, self.draw = words, person, draw
        self.products: tuple[str, ...] = ()
        self.modules: tuple[str, ...] = ()
        self.version = ""
        self.code = ""
        self.exception = ""
        self.ticket_number = 1
        self.year = 2026
        self.day = 0
        self.clause: Phrases = ()
        self.head: Phrases = ()

    def value(self, slot: str) -> tuple[str, str]:
        """Text and kind for a slot; kind is empty for what is not recognised as an entity."""
        return FILL[slot](self)


def _product(setting: Setting) -> tuple[str, str]:
    return setting.draw.choice(setting.products), "product"


def _module(setting: Setting) -> tuple[str, str]:
    return setting.draw.choice(setting.modules), "module"


def _count(setting: Setting) -> tuple[str, str]:
    return str(2 + int(setting.draw.random() * 19)), ""


def _amount(setting: Setting) -> tuple[str, str]:
    return f"{setting.draw.randrange(900, 90_000) / 100:.2f} {setting.draw.choice(['EUR', 'USD', 'EUR', 'CHF'])}", ""


def _date(setting: Setting) -> tuple[str, str]:
    day, month = setting.draw.randrange(1, 29), setting.draw.randrange(1, 13)
    return setting.draw.choice(
        [f"{day:02d}.{month:02d}.", f"{setting.year}-{month:02d}-{day:02d}", f"{day}/{month}"]
    ), ""


def _path(setting: Setting) -> tuple[str, str]:
    return setting.draw.choice(PATHS).replace("{n}", str(setting.draw.randrange(2, 400))), "path"


def _url(setting: Setting) -> tuple[str, str]:
    host = setting.person.email.partition("@")[2].partition(".")[0]
    return setting.draw.choice(URLS).replace("{d}", host).replace("{n}", str(setting.draw.randrange(10, 9000))), "url"


def _ticket(setting: Setting) -> tuple[str, str]:
    number = setting.draw.randrange(max(1, setting.ticket_number))
    return f"TK-{setting.year}-{number:06d}", "ticket"


def _person(setting: Setting) -> tuple[str, str]:
    return people.name(setting.draw, setting.words.language), "person"


FILL: dict[str, Callable[[Setting], tuple[str, str]]] = {
    "product": _product,
    "module": _module,
    "count": _count,
    "amount": _amount,
    "date": _date,
    "path": _path,
    "url": _url,
    "ticket": _ticket,
    "person": _person,
    "version": lambda s: (s.version, "version"),
    "code": lambda s: (s.code, "error_code"),
    "exception": lambda s: (s.exception, "exception"),
    "name": lambda s: (s.person.name, "person"),
    "agent": lambda s: (s.person.first, "person"),
    "company": lambda s: (s.person.company, "company"),
    "city": lambda s: (s.person.city, ""),
    "email": lambda s: (s.person.email, "email"),
    "phone": lambda s: (s.person.phone, "phone"),
    "card": lambda s: (people.card(s.draw), "card"),
    "iban": lambda s: (people.iban(s.draw, s.words.language), "iban"),
    "ip": lambda s: (people.address(s.draw), "ip"),
    "token": lambda s: (people.token(s.draw), "token"),
    "system": lambda s: (s.draw.choice(SYSTEMS), ""),
    "browser": lambda s: (s.draw.choice(BROWSERS), ""),
}


class Scribe:
    """Writes one text."""

    def __init__(self, setting: Setting, hand: Hand) -> None:
        self.setting, self.hand = setting, hand
        self.random = setting.draw.random
        self.parts: list[str] = []
        self.length = 0
        self.spans: list[Span] = []
        self.told: set[str] = set()
        self.to_name: list[str] = []

    def put(self, text: str) -> None:
        """Append text as it is."""
        self.parts.append(text)
        self.length += len(text)

    def text(self) -> str:
        """All that was written."""
        return "".join(self.parts)

    def choose(self, phrases: Phrases) -> Phrase:
        """Any phrase, any of its choices."""
        one = phrases[int(self.random() * len(phrases))]
        return one[int(self.random() * len(one))]

    def phrase(self, phrase: Phrase, capital: bool = False) -> None:
        """Write a phrase, filling its slots."""
        for literal, slot in phrase:
            if literal:
                typed = self.hand.type(literal)
                if capital:
                    typed, capital = typed[:1].upper() + typed[1:], False
                self.parts.append(typed)
                self.length += len(typed)
            if slot:
                self._slot(slot, capital)
                capital = False

    def sentence(self, phrases: Phrases, stop: bool = True) -> None:
        """Write a sentence with a capital and an end mark, as far as this writer uses them."""
        self.phrase(self.choose(phrases), self.hand.capitals)
        if stop and self.parts and self.parts[-1] and self.parts[-1][-1] not in NO_STOP:
            self.put(self.setting.words.stop)

    def _slot(self, slot: str, capital: bool) -> None:
        tables = self.setting.words.tables
        if slot == "it":
            kind = self.to_name.pop(0) if self.to_name and self.random() < 0.75 else "generic"
            self.phrase(self.choose(tables["it"][kind]), capital)
        elif slot in ("object", "when", "role"):
            self.phrase(self.choose(tables["slots"][slot]), capital)
        elif slot == "clause":
            self.phrase(self.choose(self.setting.clause))
        elif slot == "head":
            self.phrase(self.choose(self.setting.head), capital)
        else:
            text, kind = self.setting.value(slot)
            if capital and kind in ("module", "product"):
                text = text[:1].upper() + text[1:]
            if kind:
                self.spans.append((self.length, self.length + len(text), kind))
                self.told.add(kind)
            self.put(text)

    def mark_words(self, start: int, words: tuple[str, ...], kind: str) -> None:
        """Mark the first of the words that stands in what was written since `start`."""
        tail = self.text()[start:]
        low = tail.lower()
        if len(low) != len(tail):
            return
        for word in words:
            place = low.find(word.lower())
            if place >= 0:
                self.spans.append((start + place, start + place + len(word), kind))
                return
