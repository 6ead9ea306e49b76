"""The simulator's truth is for evaluation alone."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALLOWED = ("simulator/", "ml/evaluate/", "tests/", "benchmarks/", "cli/simulate.py")


def test_nothing_but_the_simulator_and_the_evaluation_speaks_of_the_truth_files():
    files = subprocess.run(["git", "ls-files", "*.py", "*.sql"], cwd=ROOT, capture_output=True, text=True, check=True)
    named = re.compile(r"\.truth\b|simulator[.]truth|/truth\b")
    found = [name for name in files.stdout.split() if named.search((ROOT / name).read_text(encoding="utf-8"))]
    assert [name for name in found if not name.startswith(ALLOWED)] == []
    assert any(name.startswith("simulator/") for name in found)
