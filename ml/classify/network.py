"""A neural network as it is served: arrays made by NumPy, logits by OpenVINO, whichever library trained it."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ml.classify.calibration import softmax
from ml.classify.learner import MEANING, Inputs, Probabilities, Reason, shown
from ml.classify.preparation import FIRST_WORD, PAD, Arrays, Preparation
from warehouse.errors import ContractBroken

if TYPE_CHECKING:
    from openvino import Model

FORMAT = 1
GRAPH, WEIGHTS, SETTINGS = "network.xml", "network.bin", "network.json"
REASONS = 20
THREADS = 2
_ROWS = 256


class _Settings(msgspec.Struct, frozen=True):
    format: int
    family: str
    classes: list[str]
    preparation: Preparation


class Network:
    """Fitted by `keras_train` or `torch_train`. Safe to call from several threads."""

    def __init__(self, family: str, classes: list[str], preparation: Preparation, model: "Model") -> None:
        """`model` reads `tokens`, `vectors`, `table` and gives logits, (n, classes)."""
        from openvino import Core

        self.family = family
        self.classes = classes
        self.preparation = preparation
        self._model = model
        hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": THREADS, "INFERENCE_PRECISION_HINT": "f32"}
        self._compiled = Core().compile_model(model, "CPU", hints)
        self._names = [port.get_any_name() for port in self._compiled.inputs]

    def logits(self, arrays: Arrays) -> NDArray[np.float64]:
        """Return one row per ticket, (n, classes), before the softmax."""
        rows = len(arrays["tokens"])
        found = np.empty((rows, len(self.classes)))
        request = self._compiled.create_infer_request()
        for start in range(0, rows, _ROWS):
            part = slice(start, start + _ROWS)
            fed = {name: _filled(arrays[name][part]) for name in self._names}
            found[part] = request.infer(fed)[self._compiled.output(0)][: rows - start]
        return found

    def predict_proba(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        return softmax(self.logits(self.preparation.arrays(inputs)))

    def explain(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """What the log odds of the class lose when a word, the vector or a feature is left out.

        Strongest first. Occlusion (Zeiler, Fergus, 2014); a vector or a feature gives way to its mean in training.
        """
        return [self._explain_one(inputs.take(np.array([at])), wanted) for at, wanted in enumerate(classes)]

    def _explain_one(self, ticket: Inputs, wanted: int) -> list[Reason]:
        arrays = self.preparation.arrays(ticket)
        said = np.unique(self.preparation.tokens(ticket))
        words = said[said >= FIRST_WORD]
        groups = self.preparation.groups()
        vector = int(self.preparation.vectors > 0)
        changed = {name: np.repeat(array, 1 + len(words) + vector + len(groups), 0) for name, array in arrays.items()}
        names: list[tuple[str, str | None]] = []
        for word in words:
            names.append((self.preparation.words[int(word) - FIRST_WORD], None))
            row = changed["tokens"][len(names)]
            row[row == word] = PAD
        if vector:
            names.append((MEANING, None))
            changed["vectors"][len(names)] = self.preparation.usual_vector
        for name, columns in groups:
            names.append((name, shown(ticket.table[name][0])))
            changed["table"][len(names), columns] = self.preparation.usual_row[columns]
        odds = _log_odds(self.logits(changed), wanted)
        weights = odds[0] - odds[1:]
        strongest = np.argsort(-np.abs(weights), kind="stable")[:REASONS]
        return [Reason(names[at][0], float(weights[at]), names[at][1]) for at in strongest if weights[at] != 0]

    def save(self, folder: Path) -> None:
        """Write the graph, its weights (fp32) and `network.json`."""
        from openvino import save_model

        save_model(self._model, folder / GRAPH, compress_to_fp16=False)
        settings = _Settings(FORMAT, self.family, self.classes, self.preparation)
        (folder / SETTINGS).write_bytes(msgspec.json.encode(settings))

    @classmethod
    def load(cls, folder: Path) -> "Network":
        """Read what `save` wrote. Raises `ContractBroken` for another format, a missing or a damaged file."""
        try:
            settings = msgspec.json.decode((folder / SETTINGS).read_bytes(), type=_Settings)
        except (OSError, msgspec.MsgspecError) as broken:
            raise ContractBroken(f"{folder.name}/{SETTINGS} cannot be read ({broken}). Train it again.") from broken
        if settings.format != FORMAT:
            raise ContractBroken(
                f"{folder.name} has network format {settings.format}, expected {FORMAT}. Train it again."
            )
        return cls(settings.family, settings.classes, settings.preparation, _read(folder))


def exported(write: Any) -> "Model":
    """The graph that `write(path)` puts into a file, read into memory; nothing stays on disk."""
    with TemporaryDirectory() as folder:
        write(Path(folder) / GRAPH)
        return _read(Path(folder))


def _read(folder: Path) -> "Model":
    from openvino import Core, Tensor

    try:
        graph, weights = (folder / GRAPH).read_bytes(), (folder / WEIGHTS).read_bytes()
        return Core().read_model(graph, Tensor(np.frombuffer(weights, np.uint8)))
    except (OSError, RuntimeError) as broken:
        raise ContractBroken(f"{folder.name}/{GRAPH} cannot be read ({broken}). Train it again.") from broken


def _filled(array: NDArray[Any]) -> NDArray[Any]:
    """With rows of zeros up to a power of two: OpenVINO compiles for each shape that it meets, and keeps it."""
    missing = (1 << (len(array) - 1).bit_length()) - len(array)
    return np.ascontiguousarray(np.pad(array, ((0, missing), *((0, 0),) * (array.ndim - 1))))


def _log_odds(logits: NDArray[np.float64], wanted: int) -> NDArray[np.float64]:
    from scipy.special import logsumexp

    others = np.delete(logits, wanted, axis=1)
    found: NDArray[np.float64] = logits[:, wanted] - logsumexp(others, axis=1)
    return found
