"""The models of one release, loaded once and tried once; what a newer release keeps is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ml.answers import answer
from ml.card import fits
from ml.classify import decisions
from ml.classify.baseline import NAME as BASELINE
from ml.classify.champion import Champion
from ml.classify.decisions import Policy, Thresholds
from ml.classify.learner import Inputs
from ml.classify.linear import CategoryModel
from ml.duration import RESOLUTION_TIME, ResolutionTime
from ml.features import model_table
from ml.inputs import encoded
from ml.targets import TARGETS
from ml.text.encoder import Joined
from ml.text.encoder import load as load_encoder
from service.loading import Loading
from service.shadow import Shadow
from warehouse.artifacts import Artifact
from warehouse.contracts.ticket_features import TICKETS

ENCODER = "models/encoder"
NOTHING_TO_LEARN = "nothing to learn"
Failed = Callable[[str, str, Exception], object]


@dataclass(frozen=True)
class Judge:
    """What decides about a target's answers: the version of the model, its thresholds, and the audit's verdict."""

    name: str
    digest: str
    thresholds: Thresholds
    silent: str | None
    """Why nothing is answered, where the audit found nothing to learn."""


@dataclass(frozen=True)
class Models:
    """Everything that a release predicts with; a part that it does not have is None or not there."""

    encoder: Joined | None
    champions: Mapping[str, Champion]
    judges: Mapping[str, Judge]
    policy: Policy | None
    resolution_time: ResolutionTime | None
    baseline: CategoryModel | None
    baseline_digest: str
    shadow: Shadow | None = None
    """Challengers that answer beside the champions, unseen; None where that is not wanted, or there is none."""

    @classmethod
    def load(cls, loading: Loading, failed: Failed, shadows: Path | None = None) -> "Models":
        """Load what changed, and answer once with it; with `shadows`, the lake's root, challengers too."""
        release, part = loading.release, loading.part
        encoder = part(ENCODER, lambda artifact: load_encoder(artifact.path, threads=1))
        champions = {}
        for target in TARGETS:
            name = f"models/{target.name}"
            found = part(name, lambda artifact: Champion.load(artifact.path))
            if found is not None and encoder is not None and fits(release.artifact(name).card, encoder.digest):
                champions[target.name] = found
        time = part(f"models/{RESOLUTION_TIME}", lambda artifact: ResolutionTime.load(artifact.path))
        baseline = part(BASELINE, lambda artifact: CategoryModel.load(artifact.path))
        digest = release.manifest.artifacts.get(BASELINE, "")
        policy = part(decisions.NAME, lambda artifact: Policy.load(artifact.path))
        judges = {name: _judge(release.artifact(f"models/{name}"), policy) for name in champions}
        beside = None
        if shadows is not None and encoder is not None:
            beside = Shadow.load(shadows, release.manifest, encoder.digest, failed)
        timed = time if encoder is not None else None
        models = cls(encoder, champions, judges, policy, timed, baseline, digest, beside)
        models.warm_up(failed)
        one_thread()
        return models

    def warm_up(self, failed: Failed) -> None:
        """Answer one made-up ticket, so that the first real one finds everything compiled."""
        if self.encoder is None:
            return
        nobody = pl.DataFrame([{}], schema=TICKETS.schema)
        said = pl.DataFrame({"subject": ["warm up"], "description": ["The export of the report is empty."]})
        texts = encoded(said)
        inputs = Inputs(texts, self.encoder.encode(texts.to_list()), model_table(nobody))
        for name, given in answer(self.champions, inputs, failed).items():
            champion = self.champions[name]
            given.member.explain(inputs, given.best.tolist(), full=False)
            if champion.unknown is not None:
                champion.unknown.judge(inputs)
        if self.resolution_time is not None:
            self.resolution_time.predict(inputs)


def one_thread() -> None:
    """Multiply with one thread from now on: what one request multiplies is small, and many requests share the cores."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, "blas")


def _judge(artifact: Artifact, policy: Policy | None) -> Judge:
    audited = artifact.card.get("learnability") or {}
    silent = audited.get("reason") if audited.get("verdict") == NOTHING_TO_LEARN else None
    thresholds = policy.thresholds.get(artifact.name.removeprefix("models/"), {}) if policy is not None else {}
    return Judge(artifact.name, artifact.digest, thresholds, silent)
