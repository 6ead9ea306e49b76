"""`.env.example` lists every setting, with what holds where nothing is set."""

import re
from pathlib import Path

from dotenv import dotenv_values

from warehouse.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
NAMES = {field.upper() for field in Settings.model_fields}
FILES = {name for name in NAMES if name.endswith("_FILE")}


def test_the_example_lists_every_setting_and_no_other():
    assert set(dotenv_values(EXAMPLE)) == NAMES - FILES


def test_the_example_names_every_secret_that_may_come_from_a_file():
    assert set(re.findall(r"\b([A-Z_]+_FILE)=", EXAMPLE.read_text())) == FILES


def test_the_example_changes_nothing(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    assert Settings(_env_file=EXAMPLE) == Settings(lake_root="lake", _env_file=None)
