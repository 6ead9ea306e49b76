"""Family `torch`: several views of attention over the words, a bag of words, sentence vectors, features, in PyTorch.

The views are those of Lin et al., "A Structured Self-attentive Sentence Embedding" (2017), whose cost grows with the
number of words, not with its square; the bag is linear (Joulin et al., 2016).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from ml.classify.labels import class_weights, places
from ml.classify.learner import Inputs
from ml.classify.network import Network, exported
from ml.classify.preparation import FIRST_WORD, PAD, Arrays, Preparation

FAMILY = "torch"
PARAMETERS: dict[str, Any] = {
    "embedding": 64,
    "views": 4,
    "hidden": 128,
    "dropout": 0.4,
    "word_dropout": 0.1,
    "learning_rate": 3e-3,
    "weight_decay": 0.01,
    "batch": 128,
    "epochs": 8,
    "patience": 2,
    "class_weight": None,
}
THREADS = 2
_NAMES = ("tokens", "vectors", "table")
_VECTOR_SCALE = 16.0
_FAR = -1e4


class TorchLearner:
    """Trains with PyTorch; what it gives is served by OpenVINO."""

    family = FAMILY

    @classmethod
    def fit(
        cls,
        train: Inputs,
        labels: pl.Series,
        validation: Inputs,
        validation_labels: pl.Series,
        *,
        seed: int,
        parameters: Mapping[str, Any],
    ) -> Network:
        """Learn from `train`, keep the epoch of the least validation loss. `parameters` change `PARAMETERS`."""
        model, preparation, classes = trained(
            train, labels, validation, validation_labels, seed=seed, parameters=parameters
        )
        return Network(FAMILY, classes, preparation, _export(model, preparation))


def trained(
    train: Inputs,
    labels: pl.Series,
    validation: Inputs,
    validation_labels: pl.Series,
    *,
    seed: int,
    parameters: Mapping[str, Any],
) -> tuple[Any, Preparation, list[str]]:
    """Return the module (tensors of the arrays to logits), the preparation of its arrays, and its classes."""
    import torch
    from torch.utils.data import DataLoader

    chosen = {**PARAMETERS, **parameters}
    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    classes = sorted(labels.unique())
    preparation = Preparation.fit(train)
    target = places(labels, classes)
    arrays = preparation.arrays(train)
    model = _module(preparation, arrays, len(classes), chosen)
    order = torch.Generator().manual_seed(seed)
    batches = DataLoader(
        torch.arange(len(target)),
        batch_size=chosen["batch"],
        shuffle=True,
        generator=order,
    )
    later = places(validation_labels, classes)
    known = np.flatnonzero(later >= 0)
    held = tensors(preparation.arrays(validation.take(known))), torch.from_numpy(later[known])
    chosen["class_weights"] = torch.from_numpy(class_weights(target, len(classes), chosen["class_weight"]))
    _learn(model, batches, (tensors(arrays), torch.from_numpy(target)), held, chosen)
    return model.eval(), preparation, classes


def tensors(arrays: Arrays) -> tuple[Any, ...]:
    """Return the arrays in the order in which the module takes them."""
    import torch

    return tuple(torch.from_numpy(arrays[name]) for name in _NAMES)


def _learn(model: Any, batches: Any, rows: Any, held: Any, chosen: dict[str, Any]) -> None:
    import torch
    from torch.nn.functional import cross_entropy

    fed, target = rows
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=chosen["learning_rate"] / 10, weight_decay=chosen["weight_decay"], fused=True
    )
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, chosen["learning_rate"], epochs=chosen["epochs"], steps_per_epoch=len(batches), pct_start=0.2
    )
    best, kept, worse = float("inf"), None, 0
    for _ in range(chosen["epochs"]):
        model.train()
        for batch in batches:
            optimizer.zero_grad()
            cross_entropy(model(*(one[batch] for one in fed)), target[batch], weight=chosen["class_weights"]).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
        if not len(held[1]):
            continue
        loss = _loss(model, *held)
        if loss < best:
            best, kept, worse = loss, {name: one.clone() for name, one in model.state_dict().items()}, 0
        else:
            worse += 1
            if worse > chosen["patience"]:
                break
    if kept is not None:
        model.load_state_dict(kept)


def _loss(model: Any, fed: Any, target: Any) -> float:
    import torch
    from torch.nn.functional import cross_entropy

    model.eval()
    with torch.no_grad():
        parts = [model(*part) for part in zip(*(one.split(512) for one in fed), strict=True)]
        return float(cross_entropy(torch.cat(parts), target))


def _module(preparation: Preparation, arrays: Arrays, classes: int, chosen: dict[str, Any]) -> Any:
    import torch
    from torch import nn

    size, views = chosen["embedding"], chosen["views"]
    words = len(preparation.words) + FIRST_WORD
    width = (views + 1) * size + arrays["vectors"].shape[1] + 32

    class Module(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(words, size, padding_idx=PAD)
            self.bag = nn.Embedding(words, classes, padding_idx=PAD)
            self.places = nn.Parameter(torch.randn(preparation.length, size) * 0.02)
            self.near = nn.Conv1d(size, size, 3, padding=1)
            self.norm = nn.LayerNorm(size)
            self.views = nn.Linear(size, views)
            self.features = nn.Linear(arrays["table"].shape[1], 32)
            self.hidden = nn.Linear(width, chosen["hidden"])
            self.last = nn.Linear(chosen["hidden"] + width, classes)
            self.skip = nn.Dropout1d(chosen["word_dropout"])
            self.dropout = nn.Dropout(chosen["dropout"])
            nn.init.normal_(self.words.weight, std=0.1)
            nn.init.zeros_(self.bag.weight)

        def forward(self, tokens: Any, vectors: Any, table: Any) -> Any:
            there = tokens.ne(PAD)
            away = (~there).float() * _FAR
            x = self.skip(self.words(tokens) * there.float()[:, :, None])
            x = self.norm(x + self.near(x.transpose(1, 2)).transpose(1, 2).relu() + self.places)
            share = (self.views(x).transpose(1, 2) + away[:, None, :]).softmax(-1)
            pooled = (share @ x).reshape(-1, views * size)
            strongest = (x + away[:, :, None]).amax(1)
            count = there.float().sum(1, keepdim=True).clamp(min=1.0)
            bag = (self.bag(tokens) * there.float()[:, :, None]).sum(1) / count.sqrt()
            every = torch.cat([pooled, strongest, vectors * _VECTOR_SCALE, self.features(table).relu()], 1)
            every = self.dropout(every)
            hidden = self.dropout(self.hidden(every).relu())
            return self.last(torch.cat([hidden, every], 1)) + bag

    return Module()


def _export(model: Any, preparation: Preparation) -> Any:
    """The module as an OpenVINO graph of any number of rows."""
    import torch
    from openvino import PartialShape, convert_model, save_model

    wide = {"vectors": max(preparation.vectors, 1), "table": max(preparation.width, 1)}
    example = {"tokens": torch.ones((2, preparation.length), dtype=torch.int32)}
    example |= {name: torch.zeros((2, columns)) for name, columns in wide.items()}
    with torch.no_grad():
        graph = convert_model(model, example_input=example)
    graph.reshape({name: PartialShape([-1, array.shape[1]]) for name, array in example.items()})
    return exported(lambda path: save_model(graph, path, compress_to_fp16=False))
