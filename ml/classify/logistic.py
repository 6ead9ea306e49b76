"""Family `logistic`: logistic regression of the words alone, the plainest model that reads a text."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ml.classify.labels import class_weights
from ml.classify.linear_svm import Floats, LinearSvm

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class Logistic(LinearSvm):
    """One weight per term and class. `parameters` may hold `class_weight` (see `class_weights`)."""

    family = "logistic"
    choices: ClassVar[list[dict[str, float]]] = [{"words": 1.0, "pieces": 0.0, "vectors": 0.0, "strength": 10.0}]

    @classmethod
    def _solve(
        cls, x: "csr_matrix", y: NDArray[np.int64], dense: int, chosen: dict[str, float], seed: int
    ) -> tuple[Floats, Floats]:
        """Weights (columns, classes; one column for two classes) and bias."""
        from sklearn.linear_model import LogisticRegression

        treatment: Any = chosen.get("class_weight")
        weights = class_weights(y, int(y.max()) + 1, treatment)[y]
        fitted = LogisticRegression(C=chosen["strength"], max_iter=200, tol=1e-3).fit(x, y, sample_weight=weights)
        return fitted.coef_.T, fitted.intercept_
