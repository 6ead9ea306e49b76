"""A draft without the sentences that its sources do not carry."""

from collections.abc import Mapping, Sequence

import msgspec

from ml.answer.draft import Draft, Option, Sentence
from ml.answer.evidence import Evidence
from ml.answer.verify import SHIPPED, Bounds, Encode, Verdict, verify

UNSUPPORTED = "no sentence was carried by its sources"


class Dropped(msgspec.Struct, frozen=True):
    """A sentence that was taken away, and why."""

    text: str
    ids: list[str]
    why: str


class Checked(msgspec.Struct, frozen=True):
    """What stands. `grounding` is the mean share of words that the sources have, what was dropped counting none."""

    draft: Draft
    dropped: list[Dropped]
    grounding: float


def checked(
    draft: Draft, evidence: Sequence[Evidence], *, encode: Encode | None = None, bounds: Bounds = SHIPPED
) -> Checked:
    """Verify every sentence, step and alternative by what it cites, whoever composed it."""
    texts = {one.id: f"{one.title}\n{one.text}".strip() for one in evidence}
    dropped: list[Dropped] = []
    shares: list[float] = []

    def stands(one: Sentence | Option) -> bool:
        found = _verdict(one, texts, encode, bounds)
        shares.append(0.0 if found.why else found.support)
        if found.why:
            dropped.append(Dropped(one.text, one.ids, found.why))
        return found.why is None

    sentences = [one for one in draft.sentences if stands(one)]
    steps = [one for one in draft.steps if stands(one)]
    alternatives = [one for one in draft.alternatives if stands(one)]
    empty = draft.thin is None and not sentences and not steps
    kept = msgspec.structs.replace(
        draft,
        sentences=sentences,
        steps=steps,
        alternatives=alternatives,
        thin=UNSUPPORTED if empty else draft.thin,
    )
    return Checked(kept, dropped, sum(shares) / len(shares) if shares else 0.0)


def _verdict(one: Sentence | Option, texts: Mapping[str, str], encode: Encode | None, bounds: Bounds) -> Verdict:
    cited = [texts[id_] for id_ in one.ids if id_ in texts]
    if len(cited) < len(one.ids) or not cited:
        return Verdict(0.0, "cites what was not found")
    return verify(one.text, cited, encode=encode, bounds=bounds)
