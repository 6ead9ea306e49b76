"""The arithmetic of success, as its page says it."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "models" / "success.md"


def test_every_number_on_the_page_is_what_the_code_computes():
    found = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)

    assert found.attempted > 15
    assert found.failed == 0
