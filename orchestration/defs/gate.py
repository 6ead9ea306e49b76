"""The gate between training and serving: a challenger serves only where it was shown to be better."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import polars as pl

from ml.card import fits
from ml.classify.champion import Champion
from ml.duration import RESOLUTION_TIME, ResolutionTime
from ml.features import FENCED
from ml.learning.judge import Bench, Judged, Model, judge_hours, judge_labels
from ml.learning.tables import row
from ml.targets import TARGETS
from ml.understand import Past
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.defs.models import serving
from orchestration.past import PAST, SEED, frozen, read_past
from orchestration.resources import RETRIES, LakeResource, artifact_ins, artifact_result, expected_errors, result, spec
from orchestration.standing import CHALLENGERS, NAMES
from warehouse import flagged, pins
from warehouse.artifacts import Artifact
from warehouse.contracts import audit
from warehouse.contracts.learning import JUDGEMENTS, NONE
from warehouse.delta import Lake
from warehouse.errors import ContractBroken
from warehouse.pointers import staged

_DEPS = [
    ENCODER.split("/"),
    *(table.key for table in PAST),
    audit.COLUMNS.key,
    *(path.split("/") for path in CHALLENGERS.values()),
]


def _spec(name: str, artifact: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        artifact.split("/"),
        deps=_DEPS,
        group_name="models",
        kinds={"python"},
        owners=["team:machine-learning"],
        description=f"What serves a ticket's {name.replace('_', ' ')}: the challenger where it was promoted.",
    ).with_io_manager_key("artifacts")


@dg.multi_asset(
    name="gate",
    specs=[spec(JUDGEMENTS, deps=_DEPS), *(_spec(name, artifact) for name, artifact in NAMES.items())],
    ins=artifact_ins(ENCODER),
    retry_policy=RETRIES,
)
def gate(
    context: dg.AssetExecutionContext, lake: LakeResource, encoder: Artifact
) -> Iterator[dg.MaterializeResult[Any]]:
    """Each new challenger against the champion: on the newest tickets that neither knows, and on the frozen ones."""
    tables, now = lake.of(context), datetime.now(UTC)  # noqa: TID251 the edge where it is decided
    with expected_errors():
        tables.ensure(JUDGEMENTS)
        served = Gate(tables, encoder, now).served(context.log.info)
    yield result(tables, JUDGEMENTS)
    for name, path in NAMES.items():
        artifact, status = served[name]
        yield artifact_result(path, artifact, status)


class Gate:
    """Decides what serves; tickets are read when there is somebody to judge."""

    def __init__(self, lake: Lake, encoder: Artifact, now: datetime) -> None:
        """`encoder` is what texts are read with from now on."""
        self._lake = lake
        self._encoder = encoder
        self._now = now
        self._past: Past | None = None

    def served(self, tell: Any) -> Mapping[str, tuple[Artifact | None, str]]:
        """By target the model that serves, and why, as people read it; judgements are written down."""
        held = pins.pinned(self._lake.root)
        found: dict[str, tuple[Artifact | None, str]] = {}
        for name, path in NAMES.items():
            champion, challenger = serving(self._lake, path), staged(self._lake.root, CHALLENGERS[name])
            artifact, status = champion, "up to date"
            if challenger is not None and (champion is None or challenger.digest != champion.digest):
                promoted, reasons = self._judgement(name, challenger, champion, found)
                artifact, status = (challenger if promoted else champion), "; ".join(reasons)
                if held is not None and path in held.models:
                    artifact, status = champion, f"held back: {held.told}"
                tell(f"{name}: {'promoted' if promoted else 'refused'}: {status}")
            found[name] = (artifact, status)
        return found

    def _judgement(
        self,
        name: str,
        challenger: Artifact,
        champion: Artifact | None,
        served: Mapping[str, tuple[Artifact | None, str]],
    ) -> tuple[bool, list[str]]:
        """What was decided before of these two, or is now."""
        keys = {"target": name, "challenger": challenger.digest, "champion": champion.digest if champion else NONE}
        known = self._lake.matching(JUDGEMENTS, pl.DataFrame([keys]))
        if known.is_empty():
            self._past = self._past or read_past(self._lake, self._encoder)
            judged = self._judge(name, challenger, self._asked(champion), served)
            column = next((target.column for target in TARGETS if target.name == name), "")
            said = row(
                judged,
                **keys,
                because=challenger.card.get("because", ""),
                annotators=self._past.annotators.get(column, {}),
                data=self._past.versions,
                now=self._now,
            )
            self._lake.merge(JUDGEMENTS, pl.DataFrame([said], schema=JUDGEMENTS.schema))
            return judged.verdict.promoted, judged.verdict.reasons
        return known["verdict"].item() == "promoted", known["reasons"].item().to_list()

    def _judge(
        self,
        name: str,
        challenger: Artifact,
        champion: Artifact | None,
        served: Mapping[str, tuple[Artifact | None, str]],
    ) -> Judged:
        assert self._past is not None  # noqa: S101 it was read before
        rows = frozen(self._lake).filter(pl.col("target") == name) if name != RESOLUTION_TIME else frozen(self._lake)
        target = next((one for one in TARGETS if one.name == name), None)
        bench = Bench(self._past, rows.unique("ticket_id"), self._afterwards(target.column if target else name), SEED)
        if target is None:
            return judge_hours(bench, _hours(challenger), _hours(champion) if champion else None)
        outer = served[target.within][0] if target.within else None
        above = Champion.load(outer.path) if outer is not None and self._asked(outer) else None
        return judge_labels(bench, target, _labels(challenger), _labels(champion) if champion else None, above)

    def _asked(self, champion: Artifact | None) -> Artifact | None:
        """The champion, if it may be asked today: its files are of today's format, it reads these vectors, and nobody
        that it learned from was erased: then it has to go, better or not.
        """
        if champion is None or champion.digest in flagged.models(self._lake.root):
            return None
        if not fits(champion.card, self._encoder.card["encoder"]):
            return None
        try:
            (ResolutionTime if champion.name.endswith(RESOLUTION_TIME) else Champion).load(champion.path)
        except ContractBroken:
            return None
        return champion

    def _afterwards(self, column: str) -> frozenset[str]:
        """Fields that are known only afterwards, and those that the audit found to leak this target."""
        if not self._lake.exists(audit.COLUMNS):
            return FENCED
        rows = self._lake.scan(audit.COLUMNS).filter((pl.col("target") == column) & pl.col("leaks"))
        return FENCED | set(rows.select("column").collect()["column"])


def _labels(artifact: Artifact) -> Model[Champion]:
    return Model(Champion.load(artifact.path), artifact.card)


def _hours(artifact: Artifact) -> Model[ResolutionTime]:
    return Model(ResolutionTime.load(artifact.path), artifact.card)
