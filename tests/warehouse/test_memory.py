"""Memory does not grow with the file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TICKETLAKE = Path(sys.executable).with_name("ticketlake")
WORDS = "the export of a report ends with an empty page although rows were chosen "


@pytest.fixture
def write(make, tmp_path):
    """`write(count)`: a file with so many tickets of some two kilobytes each."""

    def file(count):
        path = tmp_path / f"{count}.json"
        with path.open("w") as stream:
            stream.write("[")
            for number in range(count):
                text = {"description": f"{number} " + WORDS * 16, "error_logs": f"{number * 7} {WORDS}" * 12}
                stream.write((",\n" if number else "") + json.dumps(make(number, **text)))
            stream.write("]")
        return path

    return file


def peak(file, root):
    """The most memory that `ticketlake ingest` of the file held."""
    child = subprocess.Popen(
        [TICKETLAKE, "ingest", file], env={**os.environ, "LAKE_ROOT": str(root)}, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_maxrss


def test_a_file_four_times_as_large_takes_little_more_memory(write, tmp_path):
    small, large = peak(write(12_500), tmp_path / "small"), peak(write(50_000), tmp_path / "large")
    assert large < small * 1.4, f"{small / 1024:.0f} MB, then {large / 1024:.0f} MB"
