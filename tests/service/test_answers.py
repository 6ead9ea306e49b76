"""Answers put together: found, composed, verified, judged, shown."""

from datetime import UTC, datetime

import msgspec
import pytest

from ml.answer.compose import Offline
from ml.answer.draft import Draft, Sentence
from ml.answer.features import NAMES
from ml.answer.llm import Chat
from ml.answer.score import Quality
from ml.text.entities import Catalogue
from service.answers import answer, composer_of, question_of
from warehouse.settings import Settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TICKET = {"subject": "Columns shifted", "description": "All columns are shifted in the import.", "language": "en"}


@pytest.fixture
def asked():
    return question_of(TICKET, Catalogue.of(["DataSync Pro"]))


class Liar:
    """A composer of its own: one sentence from the article, three that it made up, one that cites what is not there."""

    name = "liar"

    def compose(self, question, evidence):
        said = [
            Sentence("Correct the mapping of fields.", ["KB-0007"]),
            Sentence("Do not correct the mapping of fields.", ["KB-0007"]),
            Sentence("Compare 90 rows with the source.", ["KB-0007"]),
            Sentence("The warranty pays for everything.", ["KB-0007"]),
            Sentence("Load the file again.", ["KB-9999"]),
        ]
        return Draft(sentences=said, composer=self.name)


def shown(found, asked, composer=None):
    return answer(found, asked, composer or Offline(), Quality.shipped(), answer_id="A", now=NOW)


def test_whoever_composes_only_what_the_sources_say_is_shown(found, asked):
    view = shown(found, asked, Liar())

    assert [one.text for one in view.sentences] == ["Correct the mapping of fields."]
    assert (view.dropped, view.composer) == (4, "liar")
    assert view.quality.features["grounding"] == pytest.approx(0.2)


def test_an_answer_of_which_nothing_stands_is_thin_and_goes_to_a_person(found, asked):
    class Inventor(Liar):
        def compose(self, question, evidence):
            return Draft(sentences=[Sentence("The warranty pays for everything.", ["KB-0007"])])

    view = shown(found, asked, Inventor())

    assert (view.sentences, view.steps, view.thin) == ([], [], True)
    assert view.thin_reason
    assert view.quality.route == "person"
    assert view.evidence


def test_thin_evidence_is_shown_in_place_of_an_answer(found, asked):
    nothing = msgspec.structs.replace(found, solutions=[], articles=[])
    weak = msgspec.structs.replace(
        found,
        solutions=[msgspec.structs.replace(one, score=0.05) for one in found.solutions],
        articles=[msgspec.structs.replace(one, score=0.05) for one in found.articles],
    )
    empty = msgspec.structs.replace(nothing, tickets=[])

    reasons = set()
    for little in (nothing, weak, empty):
        view = shown(little, asked)
        assert (view.thin, view.sentences, view.steps, view.quality.route) == (True, [], [], "person")
        assert len(view.evidence) == len(little.solutions) + len(little.articles) + len(little.tickets)
        reasons.add(view.thin_reason)
    assert len(reasons) == 3


def test_what_identifies_is_gone_before_anything_is_composed(found, asked):
    leaking = msgspec.structs.replace(
        found,
        solutions=[msgspec.structs.replace(found.solutions[0], text="Told clara@contoso.example to map the fields.")],
        articles=[msgspec.structs.replace(found.articles[0], title="Call +49 170 1234567")],
    )
    view = msgspec.json.encode(shown(leaking, asked)).decode()

    assert "clara@" not in view
    assert "1234567" not in view
    assert "[EMAIL]" in view


def test_scores_of_a_ranker_become_shares_in_the_same_order(found, asked):
    ranked = msgspec.structs.replace(
        found,
        solutions=[
            msgspec.structs.replace(one, score=score) for one, score in zip(found.solutions, (3.5, -2.0), strict=True)
        ],
    )
    one, two = (one.score for one in shown(ranked, asked).evidence[:2])

    assert 0 < two < 0.5 < one < 1


def test_every_feature_lies_between_nought_and_one(found, asked):
    view = shown(found, asked)

    assert tuple(view.quality.features) == NAMES
    assert all(0 <= value <= 1 for value in view.quality.features.values())


def test_the_settings_say_who_composes(tmp_path):
    key = tmp_path / "key"
    key.write_text("s3cret\n")
    asked = {"llm_address": "http://127.0.0.1:9/v1", "llm_model": "small", "llm_key_file": key}
    settings = Settings(lake_root=tmp_path, _env_file=None, **asked)
    composer = composer_of(settings)

    assert isinstance(composer_of(Settings(lake_root=tmp_path, _env_file=None)), Offline)
    assert isinstance(composer, Chat)
    assert composer.name == "llm:small"
    assert "s3cret" not in repr(settings)


def test_a_summary_echoes_neither_names_nor_secrets(found):
    said = (
        "My name is Hannah Berger and all columns are shifted in the import. My password hunter22! stopped working. "
        "Refund to de89370400440532013000. Otto Falkner from my team saw it first. otto＠example．com"
    )
    view = shown(found, question_of({**TICKET, "description": said}, Catalogue()))

    told = msgspec.json.encode(view).decode()
    assert view.summary.text
    assert "[TOKEN]" in told or "[PERSON]" in told
    for secret in ("Hannah", "Berger", "hunter22", "de8937", "Falkner", "otto"):
        assert secret not in told
