"""Planners of plans and looks let those of new orders go first."""

import os
from pathlib import Path

from dispatch.planner_process import PlannerProcess


def session_gives_way(pid: int, niceness: int) -> bool:
    session = Path(f"/proc/{pid}/autogroup")
    return not session.exists() or session.read_text().endswith(f" nice {niceness}\n")


async def test_a_planner_gives_way_and_so_does_its_session(wait_until):
    planner = await PlannerProcess.start(niceness=7)
    own = os.getpriority(os.PRIO_PROCESS, 0)

    async def gives_way():
        return os.getpriority(os.PRIO_PROCESS, planner.pid) == own + 7 and session_gives_way(
            planner.pid, 7
        )

    try:
        await wait_until(gives_way)
    finally:
        await planner.kill()
