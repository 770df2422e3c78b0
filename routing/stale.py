"""
Compiled loops that are older than what they call.

numba keeps a loop compiled as long as the file it stands in is the same, whatever has become of the
functions of other files that were compiled into it. After an upgrade the loop would run on with them.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Final

_STAMP: Final = "kernels"


def forget_stale_kernels(package: Path) -> None:
    """
    Have every loop of the package compiled anew if one of its files is not what it was.

    Where the package's folder cannot be written to, or numba keeps its files elsewhere
    (`NUMBA_CACHE_DIR`), nothing is done.
    """
    sources = sorted(package.rglob("*.py"))
    states = [(str(each.relative_to(package)), each.stat()) for each in sources]
    said = "\n".join(f"{name} {state.st_mtime_ns} {state.st_size}" for name, state in states)
    digest = hashlib.sha256(said.encode()).hexdigest()
    stamp = package / "__pycache__" / _STAMP
    with contextlib.suppress(OSError):
        if stamp.exists() and stamp.read_text(encoding="ascii") == digest:
            return
        for kept in package.rglob("__pycache__/*.nbi"):
            kept.unlink(missing_ok=True)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(digest, encoding="ascii")
