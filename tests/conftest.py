"""What tests of several rooms share."""

import os

import pytest

from ml.text.minilm_export import load_or_export
from warehouse.settings import silence

silence()


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory):
    """The directory of the default encoder, exported once for all tests and workers of a session."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "encoder"
    load_or_export(folder)
    return folder
