"""The lake as Dagster's steps see it: only the tables that a step declares, and results that say what was written."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg

from operations import drain
from operations.inbox import Inbox
from operations.incidents import IncidentStore
from operations.store import open_store
from orchestration import liveness
from warehouse import artifacts, pointers
from warehouse.artifacts import Artifact
from warehouse.delta import Lake
from warehouse.errors import ContractBroken, TicketlakeError
from warehouse.settings import settings
from warehouse.table import Table

RETRIES = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)
"""For what passes by itself: a lock held long, a disk that is full for a moment. Expected errors are not retried."""
Made = TypeVar("Made", bound=Artifact | None)
Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


class StepLake(Lake):
    """The lake, refusing every table that the step neither owns nor names in its `deps`."""

    def __init__(self, root: Path, declared: frozenset[str]) -> None:
        """`declared` holds the paths of the tables that may be opened."""
        super().__init__(root)
        self._declared = declared

    def exists(self, table: Table) -> bool:
        """Whether the table has ever been written; asking is already a use."""
        if table.path not in self._declared:
            raise ContractBroken(f"this step uses {table.path} without declaring it. Add it to its `deps`.")
        return super().exists(table)


class LakeResource(dg.ConfigurableResource[Lake]):
    """The lake below `LAKE_ROOT` and the inbox that belongs to it."""

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Note that the run lives, for as long as this process does."""
        if context.run_id is not None:
            liveness.hold(settings().lake_root, context.run_id)

    def whole(self) -> Lake:
        """Every table: for maintenance and checks."""
        return Lake(settings().lake_root)

    def of(self, context: dg.AssetExecutionContext) -> Lake:
        """The tables that this step declares."""
        assets = context.assets_def
        upstream = {key for keys in assets.asset_deps.values() for key in keys}
        return StepLake(settings().lake_root, frozenset("/".join(key.path) for key in {*assets.keys, *upstream}))

    def inbox(self) -> Inbox:
        """What the outside said and the lake may not know yet."""
        return Inbox(open_store(settings().database_url))

    def incidents(self) -> IncidentStore:
        """What the worker keeps of incidents."""
        return IncidentStore(open_store(settings().database_url))

    def drained(self) -> int:
        """The last batch of the inbox that is in bronze, of tickets and events alike."""
        progress = drain.progress(self.whole())
        return min(progress["ticket"], progress["event"])


class Artifacts(dg.ConfigurableIOManager):
    """Hands an artifact from the step that staged it to the step that publishes it, by name and digest."""

    def handle_output(self, context: dg.OutputContext, obj: Artifact | None) -> None:
        """Note which artifact the asset stands for now."""
        asset = "/".join(context.asset_key.path)
        pointers.point(settings().lake_root, asset, obj.name if obj else asset, obj.digest if obj else None)

    def load_input(self, context: dg.InputContext) -> Artifact | None:
        """The artifact that the asset stands for, after its digest was checked; None where it was never made."""
        pointer = pointers.pointed(settings().lake_root, "/".join(context.asset_key.path))
        with expected_errors():
            return artifacts.load(settings().lake_root, *pointer) if pointer else None


def artifact_ins(*names: str) -> dict[str, dg.AssetIn]:
    """A step's inputs: the artifact of each of these assets, under the last part of the asset's name."""
    return {name.split("/")[-1]: dg.AssetIn(key=name.split("/")) for name in names}


def artifact_result(name: str, artifact: Made, status: str) -> dg.MaterializeResult[Made]:
    """What the asset of this name stands for now, with its card; its digest is the data version."""
    metadata: dict[str, Any] = {"status": status}
    if artifact is not None:
        metadata |= {"digest": artifact.digest, "card": dg.MetadataValue.json(dict(artifact.card))}
    version = dg.DataVersion(metadata.get("digest", "none"))
    return dg.MaterializeResult(asset_key=name.split("/"), value=artifact, metadata=metadata, data_version=version)


def spec(table: Table, deps: Sequence[Sequence[str]] = ()) -> dg.AssetSpec:
    """The table as an asset: key, group, owners, kinds, grain and column schema, all from its one declaration."""
    declared = table.asset()
    columns = [
        dg.TableColumn(
            column.name,
            str(column.dtype),
            column.description,
            dg.TableColumnConstraints(
                nullable=column.name not in table.required, unique=table.primary_key == (column.name,)
            ),
        )
        for column in table.columns
    ]
    metadata = {**declared.pop("metadata"), "dagster/column_schema": dg.TableSchema(columns)}
    return dg.AssetSpec(**declared, metadata=metadata, deps=deps, description=table.grain)


def result(lake: Lake, table: Table, **more: int) -> dg.MaterializeResult[None]:
    """What the table holds now: rows, bytes, files, `more`; the version that last changed a row is the data version."""
    delta = lake.open(table)
    files = delta.get_add_actions(flatten=True)
    size = sum(files["size_bytes"].to_pylist()) if files.num_rows else 0
    metadata = {
        "dagster/row_count": delta.count(),
        "bytes": size,
        "files": files.num_rows,
        "delta_version": delta.version(),
        "uri": dg.MetadataValue.path(str(lake.path(table))),
        **more,
    }
    return dg.MaterializeResult(
        asset_key=table.key, metadata=metadata, data_version=dg.DataVersion(str(lake.data_version(table)))
    )


@contextmanager
def expected_errors() -> Iterator[None]:
    """Errors that trying again cannot mend end the step at once, with one readable line."""
    try:
        yield
    except TicketlakeError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
