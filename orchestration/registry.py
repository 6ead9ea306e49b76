"""MLflow as a mirror: a run and a registered version for each model of a release. Nothing reads it to serve."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ml.study.tuning import Tried
from warehouse.artifacts import Artifact, write_durably
from warehouse.releases import Release

FOLDER = "mlflow"
CHAMPION = "champion"
SAME = "ticketlake.digest"
MIRRORED = "MIRRORED"
"""Names the release that was mirrored last, so that nothing new costs no import of MLflow."""
LONGEST = 500


def address(lake_root: Path) -> str:
    """Where the runs are kept: an SQLite file, no server."""
    folder = lake_root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'mlflow.db'}"


def mirror(lake_root: Path, release: Release) -> dict[str, str]:
    """Bring runs, registered versions and the alias `champion` up to this release; versions by model.

    A model that is there already is recognised by its digest; after a rollback the alias points to the older version.
    """
    noted = lake_root / FOLDER / MIRRORED
    if noted.exists() and noted.read_text(encoding="utf-8").strip() == release.id:
        return {}
    client = _client(lake_root)
    versions = {
        part.name: _registered(client, lake_root, part, release.id)
        for part in release.artifacts.values()
        if part.name.startswith("models/")
    }
    write_durably(noted, f"{release.id}\n")
    return versions


def trials(lake_root: Path) -> Callable[[str, Tried], None]:
    """What takes a target and a trial and makes a run of it, in one experiment a target."""
    client = _client(lake_root)

    def heard(target: str, tried: Tried) -> None:
        experiment = experiment_id(client, lake_root, f"study/{target}")
        run_id = client.create_run(experiment, run_name=tried.family, tags={"family": tried.family}).info.run_id
        measures = {"seconds": tried.seconds, "weighted_f1": tried.score}
        log(client, run_id, {"method": tried.family, "parameters": tried.parameters, "measures": measures})
        client.set_terminated(run_id, "KILLED" if tried.score is None else "FINISHED")

    return heard


def _client(lake_root: Path) -> Any:
    from mlflow import MlflowClient

    for library in ("alembic", "mlflow"):
        logging.getLogger(library).setLevel(logging.WARNING)
    return MlflowClient(tracking_uri=address(lake_root))


def _registered(client: Any, lake_root: Path, part: Artifact, release: str) -> str:
    """The version of this model, made where it is missing, and called champion."""
    name = part.name.removeprefix("models/")
    known = {found.name for found in client.search_registered_models(f"name = '{name}'")}
    if name not in known:
        client.create_registered_model(name, description=str(part.card.get("method", "")))
    same = [one for one in client.search_model_versions(f"name = '{name}'") if one.tags.get(SAME) == part.digest]
    if same:
        version = str(same[0].version)
    else:
        run_id = _logged(client, lake_root, part, release)
        made = client.create_model_version(name, str(part.path), run_id, tags={SAME: part.digest, "release": release})
        version = str(made.version)
    client.set_registered_model_alias(name, CHAMPION, version)
    return version


def _logged(client: Any, lake_root: Path, part: Artifact, release: str) -> str:
    """A run with the card's parameters and measures, and the card itself."""
    experiment = experiment_id(client, lake_root, part.name)
    tags = {SAME: part.digest, "release": release, "verdict": str(part.card.get("verdict", ""))[:LONGEST]}
    run = client.create_run(experiment, run_name=part.digest[:12], tags=tags)
    log(client, run.info.run_id, part.card)
    client.log_dict(run.info.run_id, dict(part.card), "card.json")
    client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def experiment_id(client: Any, lake_root: Path, name: str) -> str:
    """The experiment of that name, made where it is missing; its files lie below the lake."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    place = (lake_root / FOLDER / "artifacts" / name).resolve()
    return str(client.create_experiment(name, artifact_location=place.as_uri()))


def log(client: Any, run_id: str, card: Mapping[str, Any]) -> None:
    """A card's parameters and every number among its measures, named by their path."""
    from mlflow.entities import Metric, Param

    told = {"method": card.get("method"), "seed": card.get("seed"), **flat(card.get("parameters", {}))}
    params = [Param(name, str(value)[:LONGEST]) for name, value in told.items() if value is not None]
    numbers = (
        (name, value) for name, value in flat(card.get("measures", {})).items() if isinstance(value, int | float)
    )
    metrics = [Metric(name, float(value), 0, 0) for name, value in numbers]
    for batch in _batches(metrics):
        client.log_batch(run_id, metrics=batch)
    client.log_batch(run_id, params=params)


def flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots; characters that MLflow's names do not allow become underscores."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{above}.{key}" if above else str(key)
        if isinstance(value, Mapping):
            found |= flat(value, name)
        elif not isinstance(value, list | tuple):
            found["".join(c if c.isascii() and (c.isalnum() or c in "._-/ ") else "_" for c in name)] = value
    return found


def _batches(metrics: list[Any]) -> Iterator[Iterable[Any]]:
    for start in range(0, len(metrics), LONGEST):
        yield metrics[start : start + LONGEST]
