"""The judge of answers as a step: what it learns from on a lake that was built."""

import pytest

from ml.answer.score import NAME
from ml.graph.walker import NAME as GRAPH
from orchestration.defs import answers
from warehouse import releases
from warehouse.delta import Lake


@pytest.fixture(scope="module")
def known(built_once):
    root, _ = built_once
    release = releases.open_release(root)
    return root, release, answers.read(Lake(root), release.artifacts["models/encoder"])


def test_what_answers_rest_on_is_read_with_its_vectors(known):
    _, release, told = known

    assert told.passages.height == len(told.vectors)
    assert told.vectors.shape[1] == told.past.shared.shape[1]
    assert told.past.problems.height == len(told.past.vectors)
    assert {"body", "errors", "created_at"} <= set(told.passages.columns)
    assert GRAPH in release.artifacts
    assert NAME not in release.artifacts
