"""Family `naive_bayes`: multinomial naive Bayes of words and word pairs."""

from typing import Any

from ml.classify.pipelines import WordPipeline


class NaiveBayes(WordPipeline):
    """Counts of words by class."""

    family = "naive_bayes"

    @classmethod
    def pipeline(cls, seed: int, parameters: dict[str, Any]) -> Any:
        """Counts, then the classifier."""
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.naive_bayes import MultinomialNB
        from sklearn.pipeline import make_pipeline

        words = CountVectorizer(ngram_range=(1, 2), max_features=60_000, token_pattern=r"(?u)\b\w+\b")  # noqa: S106
        bayes = MultinomialNB(alpha=parameters.get("alpha", 0.1), class_prior=parameters["class_prior"])
        return make_pipeline(words, bayes)
