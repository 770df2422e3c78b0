"""A simulated day on a server that runs by itself, at the pace of its clock."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from api.commands.simulate import ServerInUse, _server
from api.simulating.days import Draw, PolicyName, demo_village, draw_day, simulate
from api.simulating.ours import Planning
from dispatch.settings import Settings
from dispatch.simulation.rates import read_rates
from dispatch.worker import run_worker


@pytest.mark.timeout(200)
async def test_a_running_server_plays_a_day_once(server, company, served, tmp_path):
    village = await asyncio.to_thread(demo_village, tmp_path, households=60, couriers=2, seed=1)
    draw = Draw(day=date(2026, 11, 11), orders=20, seed=1, known_share=0.7)
    truth = draw_day(village, draw, replace(read_rates(), closures_mean=0.0))
    clock = {
        "clock_start": truth.scene.clock.moment(7 * 3600),
        "clock_started": datetime.now(UTC),
        "clock_speed": 1800,
        "roads": village.roads,
        "data_dir": tmp_path,
    }
    planning = Planning(budget_s=0.1, morning_budget_s=0.2, every_s=10_800)
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(Settings(redis_url=server.url, **clock), stop=stop))

    def play(url):
        with _server(url, company.keys["dispatcher"], village) as service:
            return simulate(
                village,
                truth,
                PolicyName.OURS,
                planning=planning,
                hindsight=None,
                service=service,
            )

    async with served(**clock) as (url, _):
        outcome, _ = await asyncio.to_thread(play, url)
        assert sum(outcome.kpis.fates.values()) == 20
        assert (
            outcome.kpis.fates["delivered"] > 5
        )  # an hour takes two seconds, however slow the machine is
        with pytest.raises(ServerInUse):
            await asyncio.to_thread(play, url)
    stop.set()
    await working
