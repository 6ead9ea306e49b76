"""Family `keras`: words (embedded, convolved, pooled), sentence vectors and features in one network of TensorFlow.

The text branch is that of Kim, "Convolutional Neural Networks for Sentence Classification" (2014), beside a mean.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import polars as pl

from ml.classify.labels import class_weights, places
from ml.classify.learner import Inputs
from ml.classify.network import Network, exported
from ml.classify.preparation import FIRST_WORD, Arrays, Preparation

FAMILY = "keras"
PARAMETERS: dict[str, Any] = {
    "embedding": 64,
    "filters": 96,
    "hidden": 128,
    "dropout": 0.4,
    "learning_rate": 2e-3,
    "batch": 64,
    "epochs": 14,
    "patience": 2,
    "class_weight": None,
}
_VECTOR_SCALE = 16.0


class KerasLearner:
    """Trains with Keras; what it gives is served by OpenVINO."""

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
        graph = exported(lambda path: model.export(str(path), format="openvino", verbose=False))
        return Network(FAMILY, classes, preparation, graph)


def trained(
    train: Inputs,
    labels: pl.Series,
    validation: Inputs,
    validation_labels: pl.Series,
    *,
    seed: int,
    parameters: Mapping[str, Any],
) -> tuple[Any, Preparation, list[str]]:
    """Return the Keras model (arrays to logits), the preparation of its arrays, and its classes."""
    with _quiet():
        if find_spec("triton"):
            import_module("triton")  # loaded after TensorFlow, as torch would, it ends the process: both bring an LLVM
        import keras
        import tensorflow as tf

    chosen = {**PARAMETERS, **parameters}
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    classes = sorted(labels.unique())
    preparation = Preparation.fit(train)
    target = places(labels, classes)
    weight = class_weights(target, len(classes), chosen["class_weight"])
    arrays = preparation.arrays(train)
    model = _network(keras, preparation, arrays, len(classes), chosen)
    model.compile(
        optimizer=keras.optimizers.Adam(chosen["learning_rate"]),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    later = places(validation_labels, classes)
    known = np.flatnonzero(later >= 0)
    watched: dict[str, Any] = {}
    if len(known):
        stop = keras.callbacks.EarlyStopping("val_loss", patience=chosen["patience"], restore_best_weights=True)
        slower = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.3, patience=1)
        held = preparation.arrays(validation.take(known))
        watched = {"validation_data": (held, later[known]), "callbacks": [stop, slower]}
    model.fit(
        arrays,
        target,
        sample_weight=weight[target],
        batch_size=chosen["batch"],
        epochs=chosen["epochs"],
        verbose=0,
        **watched,
    )
    return model, preparation, classes


def _network(keras: Any, preparation: Preparation, arrays: Arrays, classes: int, chosen: dict[str, Any]) -> Any:
    layers = keras.layers
    tokens = keras.Input((preparation.length,), name="tokens", dtype="int32")
    vectors = keras.Input((arrays["vectors"].shape[1],), name="vectors")
    table = keras.Input((arrays["table"].shape[1],), name="table")
    words = layers.Embedding(len(preparation.words) + FIRST_WORD, chosen["embedding"])(tokens)
    there = layers.Reshape((preparation.length, 1))(keras.ops.cast(keras.ops.not_equal(tokens, 0), "float32"))
    kept = layers.SpatialDropout1D(0.1)(layers.Multiply()([words, there]))
    mean = layers.GlobalAveragePooling1D()(kept)
    together = layers.Conv1D(chosen["filters"], 3, padding="same", activation="relu")(kept)
    strongest = layers.GlobalMaxPooling1D()(layers.Multiply()([together, there]))
    sentence = layers.Rescaling(_VECTOR_SCALE)(vectors)
    features = layers.Dense(32, activation="relu")(table)
    every = layers.Dropout(chosen["dropout"])(layers.Concatenate()([mean, strongest, sentence, features]))
    hidden = layers.Dropout(chosen["dropout"])(layers.Dense(chosen["hidden"], activation="relu")(every))
    logits = layers.Dense(classes, name="logits")(layers.Concatenate()([hidden, every]))
    return keras.Model([tokens, vectors, table], logits)


@contextmanager
def _quiet() -> Iterator[None]:
    """TensorFlow greets on the file descriptor of stderr, past every setting of logging."""
    sys.stderr.flush()
    kept = os.dup(2)
    with TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
