"""Family `decision_tree`: one tree, shallow enough to draw."""

from typing import Any

from ml.classify.pipelines import ColumnPipeline


class DecisionTree(ColumnPipeline):
    """A tree of at most 12 questions."""

    family = "decision_tree"

    @classmethod
    def pipeline(cls, seed: int, parameters: dict[str, Any]) -> Any:
        """The tree."""
        from sklearn.pipeline import make_pipeline
        from sklearn.tree import DecisionTreeClassifier

        chosen = {"max_depth": 12, "min_samples_leaf": 10, **parameters}
        return make_pipeline(DecisionTreeClassifier(**chosen, random_state=seed))
