"""A lake with champions, learned once."""

import shutil

import pytest

from warehouse.delta import Lake


@pytest.fixture(scope="session")
def learned_root(built_once, run, tmp_path_factory):
    root = tmp_path_factory.mktemp("learned") / "lake"
    shutil.copytree(built_once[0], root, symlinks=True)
    done = run(root, "build", "--learn", "--json")
    assert done.returncode in (0, 3), done.stderr
    return root


@pytest.fixture
def learned(learned_root, tmp_path):
    """A copy that a test may change."""
    shutil.copytree(learned_root, tmp_path / "lake", symlinks=True)
    return Lake(tmp_path / "lake")
