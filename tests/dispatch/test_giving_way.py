"""Planners of plans and looks let those of new orders go first."""

import asyncio
import os
from pathlib import Path

from dispatch.planner_process import PlannerProcess


async def test_a_planner_gives_way_and_so_does_its_session():
    planner = await PlannerProcess.start(niceness=7)
    own, session = os.getpriority(os.PRIO_PROCESS, 0), Path(f"/proc/{planner.pid}/autogroup")
    try:
        async with asyncio.timeout(60):
            while os.getpriority(os.PRIO_PROCESS, planner.pid) != own + 7:
                await asyncio.sleep(0.05)
            while session.exists() and not session.read_text().endswith("nice 7\n"):
                await asyncio.sleep(0.05)
    finally:
        await planner.kill()
