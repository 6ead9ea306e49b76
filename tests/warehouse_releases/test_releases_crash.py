import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from warehouse import releases
from warehouse.errors import Conflict

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SCRIPT = Path(__file__).with_name("publish_and_die.py")
REPOSITORY = Path(__file__).parents[2]


def _publish(root: Path, die_at: int) -> int:
    command = [sys.executable, str(SCRIPT), str(root), str(die_at)]
    return subprocess.run(command, cwd=REPOSITORY, env={"PYTHONPATH": str(REPOSITORY)}, check=False).returncode


def _visible(root: Path) -> tuple[str, dict[str, str], dict[str, int], int]:
    release = releases.open_release(root)
    digests = {name: artifact.digest for name, artifact in release.artifacts.items()}
    return release.id, digests, dict(release.manifest.tables), release.manifest.inbox_seq


def test_killed_before_any_change_the_next_publish_ends_as_if_undisturbed(lake, make_artifact, publish, tmp_path):
    old = publish(make_artifact())
    shutil.copytree(lake.root, tmp_path / "undisturbed")
    assert _publish(tmp_path / "undisturbed", 0) == 0
    expected = _visible(tmp_path / "undisturbed")

    step, code = 0, 9
    while code == 9:
        step += 1
        root = tmp_path / f"killed-{step}"
        shutil.copytree(lake.root, root)
        code = _publish(root, step)
        assert releases.open_release(root).id in (old.id, expected[0])
        assert _publish(root, 0) == 0
        assert _visible(root) == expected
        shutil.rmtree(root)

    assert step > 10


def test_of_publishers_at_once_one_wins_and_the_others_are_told(lake, make_artifact):
    parts = [make_artifact(str(number)) for number in range(8)]
    won, lost = [], []

    def race(part):
        try:
            won.append(releases.publish(lake, [part], {}, 0, expected=None, now=NOW))
        except Conflict as conflict:
            lost.append(conflict)

    threads = [threading.Thread(target=race, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(won), len(lost)) == (1, 7)
    assert releases.open_release(lake.root) == won[0]
