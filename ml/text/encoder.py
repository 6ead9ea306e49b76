"""Texts as vectors: what an encoder is, and how one is read from its directory.

An encoder is one or several models side by side: each gives a block of columns, each block of each row has unit length.
The directory (asset `models/encoder`) holds `encoder.json`, which names the blocks with the digests of their files,
and one directory for each block that does not come inside a package. Reading it needs neither torch nor Dagster.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from typing import Literal, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from warehouse.errors import ArtifactDamaged, FormatMismatch, NotMaterialized

Vectors = NDArray[np.float32]
FORMAT = 1
MANIFEST = "encoder.json"
LIMIT_TOKENS = 256
"""What a model reads of a text; what comes later is not seen."""
LIMIT_CHARACTERS = 8_192
"""What a tokenizer is given of a text: more than 256 tokens of any prose, and a bound on the cost of 1 MB."""
THREADS = 2


class Encoder(Protocol):
    """Gives texts a place in space. Safe to call from several threads."""

    name: str
    """Its blocks, such as `all-MiniLM-L6-v2+use-multilingual-v3`."""
    dimension: int
    """Columns of all blocks."""
    blocks: Mapping[str, slice]
    """Which columns each model fills, by its name."""
    digest: str
    """Of everything that decides the vectors: two encoders of one digest give the same."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, (n, dimension); every block of every row has unit length."""
        ...

    def shared(self, vectors: Vectors) -> Vectors:
        """Return what texts are compared by, whatever their languages: (n, d), rows of unit length.

        One block, not a mixture. Of 2,448 complaints in eight languages, the nearest in another language says the same
        in 98 % by USE, 35 % by MiniLM, 96 % by both weighed 2 : 1, and the nearest of all in 96, 19 and 76 %.
        """
        ...


class Part(Protocol):
    """One model of an encoder."""

    name: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length per text, (n, dimension)."""
        ...


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A model as `encoder.json` describes it. `files` are digests by name; `folder` is empty for a packaged model."""

    kind: Literal["openvino", "universal"]
    name: str
    dimension: int
    languages: Literal["one", "many"]
    """Whether texts of several languages share its space."""
    tokens: int
    files: dict[str, str]
    folder: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`encoder.json`: what the directory holds, and what it was made from."""

    format: int
    recipe: str
    """Digest of the names, weights and code that it was exported from."""
    blocks: list[Block]
    fidelity: dict[str, float]
    """Least cosine between exported and original vectors, by block, on texts outside the calibration."""

    @property
    def digest(self) -> str:
        """Digest of what decides the vectors."""
        return blake2b(msgspec.json.encode(self.blocks, order="sorted"), digest_size=16).hexdigest()


class Joined:
    """Several models side by side: their vectors in blocks, in the order of the manifest."""

    def __init__(self, parts: Sequence[Part], manifest: Manifest) -> None:
        """`parts` in the order of the manifest's blocks."""
        self.name = "+".join(part.name for part in parts)
        self.dimension = sum(part.dimension for part in parts)
        self.blocks: Mapping[str, slice] = _slices(parts)
        self.digest = manifest.digest
        self.manifest = manifest
        self._parts = tuple(parts)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return (n, dimension). A text that occurs twice is encoded once; a blank one is encoded as the empty text."""
        readable = [_readable(text) for text in texts]
        places = {text: place for place, text in enumerate(dict.fromkeys(readable))}
        found = np.empty((len(places), self.dimension), dtype=np.float32)
        if places:
            for part, columns in zip(self._parts, self.blocks.values(), strict=True):
                found[:, columns] = part.encode(list(places))
        return found if len(places) == len(readable) else found[[places[text] for text in readable]]

    def shared(self, vectors: Vectors) -> Vectors:
        """Return the columns of the first block that many languages share; of the first block where none does."""
        return shared(vectors, self.manifest)


def shared(vectors: Vectors, manifest: Manifest) -> Vectors:
    """What texts are compared by, whatever their languages, of vectors of the encoder that `manifest` describes."""
    places = _slices(manifest.blocks)
    many = (block.name for block in manifest.blocks if block.languages == "many")
    return vectors[:, places[next(many, manifest.blocks[0].name)]]


def load(folder: Path, *, threads: int = THREADS) -> Joined:
    """Read an exported encoder. With more `threads` a text is sooner done, with one it wants least of all cores.

    Raises `NotMaterialized` where there is none, `FormatMismatch` for another format, and `ArtifactDamaged` for
    a file that is not what the manifest says.
    """
    from ml.text.minilm import Sentences
    from ml.text.universal import Universal

    manifest = read_manifest(folder)
    parts: list[Part] = []
    for block in manifest.blocks:
        if block.kind == "openvino":
            _check(folder / block.folder, block)
            parts.append(Sentences.load(folder / block.folder, block.name, block.dimension, block.tokens, threads))
        else:
            _check(Universal.resources(), block)
            parts.append(Universal(tokens=block.tokens, threads=threads))
    return Joined(parts, manifest)


def read_manifest(folder: Path) -> Manifest:
    """What the directory says it holds. Raises as `load` does."""
    place = folder / MANIFEST
    try:
        version = msgspec.json.decode(place.read_bytes(), type=dict[str, object]).get("format")
        if version != FORMAT:
            message = f"{place} has format {version}, expected {FORMAT}."
            raise FormatMismatch(f"{message} Run `ticketlake build` to export the encoder again.")
        return msgspec.json.decode(place.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise NotMaterialized("models/encoder") from None
    except msgspec.DecodeError as error:
        message = f"{place} is no manifest of an encoder: {error}."
        raise ArtifactDamaged(f"{message} Delete that directory and run `ticketlake build`.") from None


def file_digest(path: Path) -> str:
    """BLAKE2b (128 bit, hex) of a file's bytes."""
    return blake2b(path.read_bytes(), digest_size=16).hexdigest()


def _slices(parts: Sequence[Part | Block]) -> dict[str, slice]:
    """The columns of each part."""
    ends = list(accumulate(part.dimension for part in parts))
    return {part.name: slice(end - part.dimension, end) for part, end in zip(parts, ends, strict=True)}


def _check(folder: Path, block: Block) -> None:
    """Raise `ArtifactDamaged` unless every file is what the block says."""
    for name, expected in block.files.items():
        path = folder / name
        found = file_digest(path) if path.is_file() else "no such file"
        if found != expected:
            message = f"{block.name}: {path} has digest {found}, expected {expected}: truncated, changed or lost."
            raise ArtifactDamaged(f"{message} Delete the directory of models/encoder and run `ticketlake build`.")


def _readable(text: str) -> str:
    """The part of a text that models are given, without halves of surrogate pairs, which no encoding has."""
    cut = text[:LIMIT_CHARACTERS].strip()
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode("utf-8")
