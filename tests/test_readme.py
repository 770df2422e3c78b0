"""Every shell and Python snippet of the README and of docs/roads.md runs as it stands, in order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
ROADS = (ROOT / "docs/roads.md").read_text()
SNIPPETS = re.findall(r"^```(sh|python)\n(.*?)^```", README + ROADS, re.MULTILINE | re.DOTALL)


def test_the_readme_names_the_two_commands_and_shows_the_board():
    assert "make demo" in README
    assert "make test" in README
    for image in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / image).is_file()


def test_every_link_of_the_docs_leads_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.timeout(600)
def test_every_snippet_runs_as_it_stands(tmp_path):
    assert len(SNIPPETS) >= 3
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path}
    for language, snippet in SNIPPETS:
        program = ["bash", "-euo", "pipefail"] if language == "sh" else [sys.executable, "-"]
        result = subprocess.run(
            program,
            input=snippet,
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{snippet}\n{result.stdout}\n{result.stderr}"
