"""Parts of a release, each loaded once: what a newer release keeps is kept."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from warehouse import artifacts
from warehouse.artifacts import Artifact, made_by
from warehouse.errors import ArtifactDamaged, TicketlakeError
from warehouse.releases import Release

T = TypeVar("T")
Loaded = Mapping[str, tuple[str, Any]]
"""By artifact its digest and what was loaded from it."""


class Loading:
    """Reads the artifacts of one release."""

    def __init__(
        self,
        release: Release,
        before: Loaded,
        faults: dict[str, TicketlakeError] | None = None,
        root: Path | None = None,
    ) -> None:
        """`before` is loaded already. `faults` gains what is wrong with an artifact; without it that is raised.

        `root` is the lake's: what is left of a damaged artifact is looked for there.
        """
        self.release, self._before, self._faults, self._root = release, before, faults, root
        self.loaded: dict[str, tuple[str, Any]] = {}

    @property
    def faults(self) -> Mapping[str, TicketlakeError]:
        """What is wrong with artifacts, by name, as far as that was noticed."""
        return self._faults or {}

    def place(self, name: str) -> Path | None:
        """Where an artifact lies, sound or not; None where the release has none, or it is not known where."""
        digest = self.release.manifest.artifacts.get(name)
        return None if digest is None or self._root is None else artifacts.place(self._root, name, digest)

    def part(self, name: str, load: Callable[[Artifact], T]) -> T | None:
        """What `load` makes of the artifact; None where the release has none, or it cannot be read."""
        if name not in self.release.artifacts:
            return None
        artifact = self.release.artifact(name)
        held = self._before.get(name)
        if held is None or held[0] != artifact.digest:
            try:
                held = (artifact.digest, _read(artifact, load))
            except TicketlakeError as error:
                if self._faults is None:
                    raise
                self._faults[name] = error
                return None
        self.loaded[name] = held
        found: T = held[1]
        return found


def _read(artifact: Artifact, load: Callable[[Artifact], T]) -> T:
    try:
        return load(artifact)
    except TicketlakeError:
        raise
    except Exception as error:  # whatever a library says of a file that it cannot read
        found = f"{artifact.name} {artifact.digest} cannot be loaded: {type(error).__name__}: {error}"
        raise ArtifactDamaged(f"{found}. Delete {artifact.path} and run `{made_by(artifact.name)}`.") from error
