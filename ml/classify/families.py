"""The families of learners by name. A module is imported when its family is used: serving pays for what it serves."""

from importlib import import_module
from typing import Any, cast

from ml.classify.learner import Answering, Learner
from warehouse.errors import ContractBroken

FITTED = {
    "majority": "ml.classify.majority:Majority",
    "naive_bayes": "ml.classify.naive_bayes:NaiveBayes",
    "logistic": "ml.classify.logistic:Logistic",
    "decision_tree": "ml.classify.decision_tree:DecisionTree",
    "random_forest": "ml.classify.random_forest:RandomForest",
    "embedding_logistic": "ml.classify.linear_svm:EmbeddingLogistic",
    "linear_svm": "ml.classify.linear_svm:LinearSvm",
    "kernel_svm": "ml.classify.kernel:KernelMachine",
    "xgboost": "ml.classify.xgboost_trees:XGBoostTrees",
    "catboost": "ml.classify.catboost_trees:CatBoostTrees",
    "keras": "ml.classify.network:Network",
    "torch": "ml.classify.network:Network",
}
SERVED = FITTED | {"blend": "ml.classify.blend:Blend"}
"""Where a fitted learner of each family is loaded: neither TensorFlow nor torch is reached from here."""

TRAINED = FITTED | {"keras": "ml.classify.keras_train:KerasLearner", "torch": "ml.classify.torch_train:TorchLearner"}
"""Where each family is fitted; a blend is made of those that are."""


def fitting(family: str) -> type[Learner]:
    """What fits a learner of this family. Raises `ContractBroken` for an unknown one."""
    return cast(type[Learner], _found(TRAINED, family))


def loading(family: str) -> type[Answering]:
    """What loads a fitted learner of this family. Raises `ContractBroken` for an unknown one."""
    return _found(SERVED, family)


def _found(places: dict[str, str], family: str) -> type[Answering]:
    if family not in places:
        raise ContractBroken(f"no family of learners is named {family!r}, expected one of {', '.join(places)}.")
    module, _, name = places[family].partition(":")
    found: Any = getattr(import_module(module), name)
    return cast(type[Answering], found)
