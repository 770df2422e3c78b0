"""
Write the lock files: exact versions with hashes for Python 3.11 to 3.13, and no address in them.

Needs `uv` on the PATH (development only). Run by `make lock`; pass names to upgrade only those.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ROOT / "locks"

# What each lock is compiled from. dev.txt holds runtime.txt too, so that both agree in one .venv.
SOURCES = {
    "pip.txt": ["--group", "installer"],
    "runtime.txt": ["pyproject.toml", "--group", "build"],
    "dev.txt": ["pyproject.toml", "--group", "build", "--group", "dev"],
}


def main(upgrades: list[str]) -> None:
    LOCKS.mkdir(exist_ok=True)
    flags = [flag for name in upgrades for flag in ("--upgrade-package", name)]
    # The widest first: the others then take its versions as constraints.
    for name in sorted(SOURCES, key=lambda each: -len(SOURCES[each])):
        constraint = [] if name == "dev.txt" else ["--constraint", str(LOCKS / "dev.txt")]
        command = ["uv", "pip", "compile", *SOURCES[name], "--universal", "--generate-hashes"]
        command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
        # One version for all Pythons where there is one, so that all are checked alike.
        command += ["--fork-strategy", "fewest"]
        command += ["--python-version", "3.11", "--output-file", str(LOCKS / name)]
        subprocess.run([*command, *constraint, *flags, "--quiet"], check=True, cwd=ROOT)
        text = (LOCKS / name).read_text()
        if "://" in text or "--index-url" in text:
            sys.exit(f"{name} holds an address: it must not be committed")


if __name__ == "__main__":
    main(sys.argv[1:])
