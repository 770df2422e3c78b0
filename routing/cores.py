"""Rows shared out to the cores: for loops that let go of the interpreter, as numpy's and compiled ones do."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def on_all_cores(work: Callable[[range], None], rows: range) -> None:
    """Have `work` done on all `rows`, a stretch of them on each core that this process may use; raises what it raises."""
    cores = len(os.sched_getaffinity(0))
    length = max(1, -(-len(rows) // cores))
    stretches = [rows[first : first + length] for first in range(0, len(rows), length)]
    with ThreadPoolExecutor(cores, thread_name_prefix="rows") as pool:
        for _ in pool.map(work, stretches):
            pass
