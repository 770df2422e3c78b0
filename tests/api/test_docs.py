"""docs/api.md names every code that the API can answer with."""

import re
from pathlib import Path

from api.errors import _STATUSES
from dispatch.intake import FileRefused

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs/api.md").read_text()


def codes_in_source():
    """Codes that api/ writes itself, wherever it does."""
    found = set()
    for path in ROOT.glob("api/*.py"):
        text = path.read_text()
        found |= set(re.findall(r'ApiError\(\s*\d+,\s*"([a-z-]+)"', text))
        found |= set(
            re.findall(r'problem\(\s*(?:\d+|status|error\.status_code), "([a-z-]+)"', text)
        )
        found |= {f"{what}-unknown" for what in re.findall(r'not_found\("([a-z]+)"', text)}
        found |= set(re.findall(r'ItemsRefused\("([a-z-]+)"', text))
        found |= set(re.findall(r'code="([a-z-]+)"', text))
    return found


def test_every_code_is_in_the_table():
    codes = {error.code for error in _STATUSES if hasattr(error, "code")} | codes_in_source()
    assert len(codes) > 30
    assert {code for code in codes if f"`{code}`" not in DOCS} == set()


def test_the_file_codes_are_in_their_own_reference():
    files = (ROOT / "docs/files.md").read_text()
    for kind in FileRefused.__subclasses__():
        assert f"`{kind.code}`" in files
