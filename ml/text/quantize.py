"""A torch model → an OpenVINO graph in 8 bit, by post-training quantization with NNCF."""

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any

import numpy as np

from ml.text.calibration import calibration_texts, judging_texts
from ml.text.encoder import Part, Vectors

SMOOTHING = 0.8
"""How much of the activations' spread the weights take over (SmoothQuant, Xiao et al. 2022); tried .5 to .95."""
OUTLIERS = re.compile(r"layer\.[01]\.output\.dense")
"""Products that stay in float: BERT's outlier features arise here, and 8 bit would cost .013 of the least cosine."""


def quantized(original: Any, limit: int) -> Any:
    """Return the whole sentence-transformers model, pooling and normalisation included, in 8 bit.

    The graph takes `input_ids` and `attention_mask`, (n, tokens) of int64, and gives (n, dimension) of unit length.
    """
    graph = _quantize(_convert(original), _tokens(original, calibration_texts(), limit))
    _rename(graph)
    return graph


def fidelity(original: Any, exported: Part, limit: int) -> float:
    """Least cosine between exported and original vectors, to four places."""
    texts = judging_texts()
    original.max_seq_length = limit
    before: Vectors = original.encode(texts, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False)
    return round(float((exported.encode(texts) * before).sum(axis=1).min()), 4)


@contextmanager
def quiet() -> Iterator[None]:
    """Without the progress bars and warnings of the libraries, which nobody can act on."""
    import nncf
    from transformers.utils import logging as transformers_logging

    nncf.set_log_level(logging.ERROR)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        yield


def _convert(original: Any) -> Any:
    """Return the whole model, pooling and normalisation included, as an OpenVINO graph of any batch and length."""
    import openvino as ov
    import torch

    class Whole(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.original = original

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            found = self.original({"input_ids": input_ids, "attention_mask": attention_mask})
            return torch.nn.functional.normalize(found["sentence_embedding"], dim=1)

    example = {name: torch.ones((2, 16), dtype=torch.int64) for name in ("input_ids", "attention_mask")}
    shapes = [(name, [-1, -1], ov.Type.i64) for name in example]
    with torch.no_grad():
        return ov.convert_model(Whole(), example_input=example, input=shapes)


def _quantize(model: Any, samples: list[dict[str, Any]]) -> Any:
    import nncf

    products = (op.get_friendly_name() for op in model.get_ops() if op.get_type_name() == "MatMul")
    return nncf.quantize(
        model,
        nncf.Dataset(samples),
        preset=nncf.QuantizationPreset.MIXED,
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(samples),
        fast_bias_correction=True,
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            smooth_quant_alphas=nncf.AdvancedSmoothQuantParameters(matmul=SMOOTHING)
        ),
        ignored_scope=nncf.IgnoredScope(names=[name for name in products if OUTLIERS.search(name)]),
    )


def _rename(model: Any) -> None:
    """Number the operations from 0, for OpenVINO numbers them on from those of earlier models of the process."""
    model.set_friendly_name("encoder")
    for number, operation in enumerate(model.get_ordered_ops()):
        operation.set_friendly_name(f"{operation.get_type_name()}_{number}")


def _tokens(original: Any, texts: Sequence[str], limit: int) -> list[dict[str, Any]]:
    """One batch of one text each, as the graph takes it."""
    found = (original.tokenizer(text, truncation=True, max_length=limit, return_tensors="np") for text in texts)
    return [{name: np.asarray(one[name], dtype=np.int64) for name in ("input_ids", "attention_mask")} for one in found]
