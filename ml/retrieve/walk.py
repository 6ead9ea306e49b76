"""Search by the graph: a walk from the names that are asked for, and from the documents that are nearest, to others.

Personalised PageRank on the bipartite graph of documents and the names that they mention, as HippoRAG walks its graph
of passages and phrases (Gutiérrez et al., 2024 and 2025): it begins at what the query names and at its nearest
passages, goes on along a document's names in proportion to their rarity, and begins anew with a fixed probability.
Power iteration (Page et al., "The PageRank citation ranking", 1999), on sparse arrays.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ml.retrieve.entities import Entities

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

RESTART = 0.5
"""Probability of beginning anew at each step."""
STEPS = 8
"""After these less than a hundredth of the walk is not yet where it stays."""
NEAREST = 10
"""Documents that the walk begins at, beside the names."""
SHARE = 0.3
"""Of the beginnings, how many are at documents."""
Scores = NDArray[np.float32]


class Walk:
    """The graph of `Entities`, made ready to be walked."""

    def __init__(self, entities: Entities) -> None:
        """Names that one document alone mentions lead nowhere and stay, as ends."""
        from scipy.sparse import diags

        rare = (entities.graph @ diags(entities.rarity)).tocsr()
        out = np.asarray(rare.sum(axis=1)).ravel()
        self._rarity = entities.rarity
        self._to_names: csr_matrix = (diags(_inverse(out)) @ rare).T.tocsr().astype(np.float32)
        into = np.asarray(entities.graph.sum(axis=0)).ravel()
        self._to_documents: csr_matrix = (entities.graph @ diags(_inverse(into))).tocsr().astype(np.float32)

    def scores(self, names: NDArray[np.int64], near: Scores) -> Scores:
        """Where the walk is found, (n,), that begins at `names` (columns) and at the best of `near` (n,)."""
        at_names = np.zeros(len(self._rarity), dtype=np.float32)
        at_names[names] = self._rarity[names]
        at_documents = np.zeros(len(near), dtype=np.float32)
        nearest = np.argpartition(-near, min(NEAREST, len(near) - 1))[:NEAREST]
        at_documents[nearest] = np.maximum(near[nearest], 0)
        start_names = (1 - SHARE) * at_names / max(float(at_names.sum()), 1e-9)
        start_documents = SHARE * at_documents / max(float(at_documents.sum()), 1e-9)
        on_names, on_documents = start_names, start_documents
        for _ in range(STEPS):
            on_names, on_documents = (
                RESTART * start_names + (1 - RESTART) * (self._to_names @ on_documents),
                RESTART * start_documents + (1 - RESTART) * (self._to_documents @ on_names),
            )
        found: Scores = on_documents.astype(np.float32)
        return found


def _inverse(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.divide(1, values, out=np.zeros_like(values), where=values > 0)
