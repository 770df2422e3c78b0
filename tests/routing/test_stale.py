"""A compiled loop is forgotten when any file of the package has changed, not only its own."""

import os
import subprocess
import sys
from pathlib import Path

from routing.stale import forget_stale_kernels

CALLER = """
from numba import njit
from pack.called import called
@njit(cache=True)
def caller():
    return called()
"""
CALLED = """
from numba import njit
@njit(cache=True)
def called():
    return {}
"""
RUN = """
from pathlib import Path
from routing.stale import forget_stale_kernels
forget_stale_kernels(Path("pack"))
from pack.caller import caller
print(caller())
"""


def test_a_loop_runs_what_its_callee_has_become(tmp_path: Path) -> None:
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "caller.py").write_text(CALLER)
    for said in ("1", "22", "333"):
        (package / "called.py").write_text(CALLED.format(said))
        for _ in range(2):
            assert ran(tmp_path) == said
    without = RUN.replace("forget_stale_kernels(", "(")
    (package / "called.py").write_text(CALLED.format("4444"))
    assert ran(tmp_path, without) == "333", "numba itself would not have seen it"


def ran(folder: Path, script: str = RUN) -> str:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(root), str(folder)))}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_nothing_is_forgotten_while_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "one.py").write_text("")
    forget_stale_kernels(tmp_path)
    kept = tmp_path / "__pycache__" / "one.f.nbi"
    kept.touch()
    forget_stale_kernels(tmp_path)
    assert kept.exists()
    (tmp_path / "two.py").write_text("")
    forget_stale_kernels(tmp_path)
    assert not kept.exists()
