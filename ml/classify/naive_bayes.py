"""Family `naive_bayes`: multinomial naive Bayes of words and word pairs."""

from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np

from ml.classify import stored
from ml.classify.pipelines import WordPipeline

ALPHA = 0.1


class NaiveBayes(WordPipeline):
    """Counts of words by class."""

    family = "naive_bayes"

    @classmethod
    def pipeline(cls, seed: int, parameters: dict[str, Any]) -> Any:
        """Counts, then the classifier."""
        from sklearn.naive_bayes import MultinomialNB
        from sklearn.pipeline import make_pipeline

        bayes = MultinomialNB(alpha=parameters.get("alpha", ALPHA), class_prior=parameters["class_prior"])
        return make_pipeline(_counts(None), bayes)

    def save(self, folder: Path) -> None:
        """Write vocabulary, arrays and JSON: skops needs a minute for a vocabulary of this size."""
        counts, bayes = self._pipeline[0], self._pipeline[1]
        (folder / "words.json").write_bytes(msgspec.json.encode(list(counts.get_feature_names_out())))
        np.save(folder / "priors.npy", bayes.class_log_prior_, allow_pickle=False)
        np.save(folder / "words.npy", bayes.feature_log_prob_, allow_pickle=False)
        stored.write(folder, self.classes, self.parameters)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        from sklearn.naive_bayes import MultinomialNB
        from sklearn.pipeline import make_pipeline

        described = stored.read(folder)
        bayes = MultinomialNB()
        bayes.classes_ = np.arange(len(described["classes"]))
        bayes.class_log_prior_ = np.load(folder / "priors.npy", allow_pickle=False)
        bayes.feature_log_prob_ = np.load(folder / "words.npy", allow_pickle=False)
        bayes.n_features_in_ = bayes.feature_log_prob_.shape[1]
        words = msgspec.json.decode((folder / "words.json").read_bytes(), type=list[str])
        return cls(described["classes"], make_pipeline(_counts(words), bayes), described["parameters"])


def _counts(words: list[str] | None) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    pattern = r"(?u)\b\w+\b"
    return CountVectorizer(ngram_range=(1, 2), max_features=60_000, token_pattern=pattern, vocabulary=words)
