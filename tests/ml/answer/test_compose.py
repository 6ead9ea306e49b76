"""Answers in the words of their sources."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.answer.checked import checked
from ml.answer.compose import MOST_ALTERNATIVES, MOST_SENTENCES, MOST_STEPS, VAGUE, WEAK, Offline
from ml.answer.evidence import Evidence, evidence, question
from ml.answer.pieces import pieces
from ml.answer.wording import content, likeness

ASKED = question("Columns shifted", "All columns are shifted in the import.")
ARTICLE = """## What you see
- The data is incomplete
- The log may hold ERROR_IO_WRITE

## Why
The volume is full.

## What to do
1. Remove old files. Freed 20 GB.
2. Give the volume more space.
3. Start the job again."""


def solution(number, text, score=0.8, rate=0.6, attempts=10):
    return Evidence(
        id=f"SOL-{number}", kind="solution", title="", text=text, score=score, rate=rate, attempts=attempts,
        solution_id=f"SOL-{number}",
    )  # fmt: skip


def article(number, text, score=0.8):
    return Evidence(id=f"KB-{number}", kind="article", title=f"Page {number}", text=text, score=score)


def test_every_sentence_is_in_its_sources(found):
    told = evidence(found)
    draft = Offline().compose(ASKED, told)
    texts = {one.id: one.text for one in told}

    for said in [*draft.sentences, *draft.steps, *draft.alternatives]:
        assert said.ids
        for id_ in said.ids:
            assert said.text in texts[id_]
    assert checked(draft, told).dropped == []


def test_steps_keep_the_order_of_the_article_also_when_its_lines_were_joined():
    wanted = ["Remove old files. Freed 20 GB.", "Give the volume more space.", "Start the job again."]

    for text in (ARTICLE, " ".join(ARTICLE.split())):
        steps = [one.text for one in Offline().compose(ASKED, [article(1, text)]).steps]
        assert steps == wanted


def test_a_better_solution_that_the_article_does_not_know_comes_first():
    told = [solution(1, "Certificate renewed on the gateway.", score=0.95, rate=0.9), article(1, ARTICLE, score=0.5)]
    steps = Offline().compose(ASKED, told).steps

    assert steps[0].ids == ["SOL-1"]
    assert [one.ids for one in steps[1:]] == [["KB-1"]] * 3


def test_what_is_said_twice_is_said_once_with_both_sources():
    told = [solution(1, "Mapping of fields corrected."), solution(2, "Mapping of fields corrected.", score=0.7)]
    draft = Offline().compose(ASKED, [*told, solution(3, "The file was converted to another character set.")])
    said = [one.text for one in (*draft.steps, *draft.alternatives)]

    assert len(said) == len(set(said)) == 2
    assert next(one.ids for one in draft.steps if one.text.startswith("Mapping")) == ["SOL-1", "SOL-2"]


def test_solutions_that_seldom_help_are_not_advised():
    told = [solution(1, "Volume enlarged."), solution(2, "Cables replaced.", score=0.99, rate=0.02, attempts=300)]
    draft = Offline().compose(ASKED, told)

    assert all("SOL-2" not in one.ids for one in [*draft.sentences, *draft.steps, *draft.alternatives])


def test_what_succeeded_more_often_goes_before_what_is_as_near():
    draft = Offline().compose(ASKED, [solution(1, "Volume enlarged.", rate=0.3), solution(2, "Old files removed.")])

    assert draft.sentences[0].ids == ["SOL-2"]


def test_a_sentence_that_has_a_name_of_the_question_is_preferred():
    lines = [
        "The wheel of the mill rests on an oak table.",
        "Lamps of the mill burn oil that was pressed in autumn.",
        "Valves of the mill close by themselves at night.",
        "Many mills answer ERROR_IO_WRITE in winter.",
    ]
    told = [article(1, "\n".join(lines))]
    plain = Offline().compose(ASKED, told)
    named = Offline().compose(question("It ends with ERROR_IO_WRITE", None), told)

    assert named.sentences[0].text == lines[-1]
    assert plain.sentences[0].text != lines[-1]


FAR = Evidence(id="TK-1", kind="ticket", title="Lorem ipsum", text="", score=1.0, near=0.2)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([], "nothing was found"),
        ([Evidence(id="TK-1", kind="ticket", title="Same here", text="", score=0.9)], "names a remedy"),
        ([solution(1, "Cables replaced.", rate=0.01)], "names a remedy"),
        ([solution(1, "Cables replaced.", score=0.1)], "not near enough"),
        ([article(1, "## Heading")], "names a remedy"),
        ([solution(1, "Cables replaced."), FAR], "not near enough"),
    ],
)
def test_thin_evidence_gives_no_answer_and_a_reason(told, why):
    draft = Offline().compose(ASKED, told)

    assert why in draft.thin
    assert (draft.sentences, draft.steps) == ([], [])


TEXT = st.text(st.characters(codec="utf-8"), max_size=120) | st.sampled_from([ARTICLE, "1. a 2. b 3. c", "# x\n- y"])
PIECE = st.builds(
    Evidence, id=st.sampled_from(["A", "B", "C"]), kind=st.sampled_from(["solution", "article", "ticket"]), title=TEXT,
    text=TEXT, score=st.floats(0, 1), rate=st.none() | st.floats(0, 1), attempts=st.integers(0, 99),
)  # fmt: skip


@given(st.lists(PIECE, max_size=12, unique_by=lambda one: one.id))
def test_any_evidence_is_composed_within_bounds(told):
    draft = Offline().compose(ASKED, told)

    assert len(draft.sentences) <= MOST_SENTENCES
    assert len(draft.steps) <= MOST_STEPS
    assert len(draft.alternatives) <= MOST_ALTERNATIVES
    assert {id_ for one in [*draft.sentences, *draft.steps] for id_ in one.ids} <= {one.id for one in told}
    assert draft.thin is None or not draft.sentences
    assert Offline().compose(ASKED, told) == draft
    assert Offline().compose(msgspec.structs.replace(ASKED, title="Ganz anders", body="tout autre"), told) == draft


def test_forms_of_a_text_are_told_apart():
    found = [(one.form, one.heading) for one in pieces(ARTICLE)]

    assert found[1:3] == [("item", "What you see")] * 2
    assert found[4] == ("sentence", "Why")
    assert [form for form, _ in found].count("step") == 3
    assert [one.text for one in pieces("Version 4.2.0 costs 3. 50 more.")] == ["Version 4.2.0 costs 3.", "50 more."]


def test_words_are_compared_by_their_stems_in_any_language():
    assert likeness(content("Die Einstellungen wurden geändert"), content("geänderte Einstellung")) == 1
    assert likeness(content("設定を変更しました"), content("設定の変更")) >= 0.5
    assert likeness(content("restart the service"), content("pay the invoice")) == 0


@pytest.mark.parametrize("said", ["the", "of the 😀", "und?", "…"])
def test_a_question_without_a_word_that_says_something_is_not_answered(said):
    assert Offline().compose(question("", said), [article(1, ARTICLE)]).thin == VAGUE


def test_what_an_article_says_of_itself_is_no_part_of_an_answer():
    text = f"This page was written for an earlier release.\n\n{ARTICLE}"
    said = [one.text for one in Offline().compose(ASKED, [article(1, text)]).sentences]
    assert said
    assert not any("This page" in one for one in said)


def test_shares_of_belief_are_small_where_many_are_thought_of_and_that_is_not_thin():
    near = Evidence(id="TK-1", kind="ticket", title="Cables", text="", score=1.0, near=0.6, solution_id="SOL-1")

    assert Offline().compose(ASKED, [solution(1, "Cables replaced.", score=0.05), near]).thin is None


def test_a_near_ticket_that_nobody_solved_is_no_evidence():
    near = Evidence(id="TK-1", kind="ticket", title="a", text="", score=1.0, near=0.6)
    told = [solution(1, "Cables replaced."), near]

    assert Offline().compose(ASKED, told).thin == WEAK
    assert Offline().compose(ASKED, [*told, msgspec.structs.replace(near, id="TK-2", solution_id="SOL-1")]).thin is None
