"""Family `random_forest`: many trees, each of other tickets and columns (Breiman, 2001)."""

from typing import Any

from ml.classify.pipelines import ColumnPipeline


class RandomForest(ColumnPipeline):
    """The mean of 80 trees."""

    family = "random_forest"

    @classmethod
    def pipeline(cls, seed: int, parameters: dict[str, Any]) -> Any:
        """The forest."""
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.pipeline import make_pipeline

        chosen = {"n_estimators": 80, "min_samples_leaf": 3, "max_depth": 20, **parameters}
        return make_pipeline(RandomForestClassifier(**chosen, n_jobs=2, random_state=seed))
