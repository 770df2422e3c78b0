"""Jobs through real workers: planned, cancelled, handed on when a worker or the server is killed."""

import asyncio
import os
import re
import signal
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from redis.exceptions import RedisError

from dispatch import operations
from dispatch.events import PlanDrafted, PlanRequested, SearchProgressed, decode, encode
from dispatch.ids import new_job_id
from dispatch.jobs import Job, JobQueue, JobState
from dispatch.operations import JobUnknown
from dispatch.server import EmbeddedServer
from dispatch.store import Store
from dispatch.worker import STARTS_MAX
from tests.dispatch.workers import (
    AT,
    LEASE_S,
    children_of,
    is_running,
    peopled,
    worker_process,
    working,
)


@pytest.fixture(scope="session")
def roads(grid_network):
    return grid_network


@pytest.fixture
async def village(store, crewed, fleet):
    return await peopled(store, crewed, fleet)


async def request(store, url, day, *, budget_s, **more):
    async with JobQueue.open(url) as queue:
        return await operations.request_plan(
            store, queue, day, budget_s=budget_s, seed=1, by="t", at=AT, **more
        )


def reaches(store, day, job, *states):
    async def has_reached():
        with suppress(RedisError):
            now = await operations.read_job(store, day.company_id, job.job_id)
            return now.state in states
        return False

    return has_reached


def searches(store, day, job):
    async def has_progress():
        now = await operations.read_job(store, day.company_id, job.job_id)
        return now.progress is not None

    return has_progress


OVER = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


async def events_of(store, day, kind):
    entries = await store.history(day, after="0-0", limit=10_000)
    return [event for _, body in entries if isinstance(event := decode(body), kind)]


async def test_a_job_becomes_a_draft_and_tells_how_far_it_is(
    server, store, village, roads, wait_until
):
    async with working(redis_url=server.url, roads=roads):
        job = await request(store, server.url, village, budget_s=3)
        assert job.state is JobState.QUEUED
        await wait_until(reaches(store, village, job, *OVER))
    ended = await operations.read_job(store, village.company_id, job.job_id)
    assert (ended.state, ended.code, ended.message) == (JobState.SUCCEEDED, "", "")
    stored = await operations.read_plan(store, village.company_id, ended.plan_id)
    assert stored.plan.figures.served == 40
    assert (stored.plan.version, stored.plan.based_on) == (1, 0)
    steps = await events_of(store, village, SearchProgressed)
    assert 1 <= len(steps) <= 5, "at most one a second"
    assert len(await events_of(store, village, PlanDrafted)) == 1


async def test_a_job_that_a_worker_hears_of_before_it_is_recorded_is_run(
    server, store, village, roads, wait_until
):
    async with working(redis_url=server.url, roads=roads), JobQueue.open(server.url) as queue:
        job_id = new_job_id(village)
        await queue.put(village, job_id)

        async def is_taken():
            running = (await queue.docket.snapshot()).running
            return job_id in {each.key for each in running}

        await wait_until(is_taken)
        record = Job(
            job_id=job_id,
            day=village,
            state=JobState.QUEUED,
            requested_at=AT,
            budget_s=0.5,
            seed=1,
            by="t",
            based_on=0,
        )
        asked = PlanRequested(at=AT, by="t", job_id=job_id, budget_s=0.5)
        row = await store.create_job(village, job_id, msgspec.json.encode(record), encode(asked))
        assert row.state in (JobState.QUEUED, JobState.RUNNING)  # the worker may be quick
        await wait_until(reaches(store, village, record, *OVER))
    ended = await operations.read_job(store, village.company_id, job_id)
    assert ended.state is JobState.SUCCEEDED


async def test_a_job_that_nobody_recorded_is_dropped_and_holds_no_other_up(
    server, store, village, roads, wait_until, monkeypatch
):
    monkeypatch.setattr("dispatch.worker.RECORD_WITHIN_S", 0.3)
    async with working(redis_url=server.url, roads=roads), JobQueue.open(server.url) as queue:
        await queue.put(village, new_job_id(village))
        job = await request(store, server.url, village, budget_s=0.5)
        await wait_until(reaches(store, village, job, *OVER))
    ended = await operations.read_job(store, village.company_id, job.job_id)
    assert ended.state is JobState.SUCCEEDED


async def test_a_second_plan_is_based_on_the_one_published_before(
    server, store, village, roads, wait_until
):
    async with working(redis_url=server.url, roads=roads):
        for version in (1, 2):
            job = await request(store, server.url, village, budget_s=0.5)
            await wait_until(reaches(store, village, job, *OVER))
            ended = await operations.read_job(store, village.company_id, job.job_id)
            stored = await operations.read_plan(store, village.company_id, ended.plan_id)
            assert (stored.plan.version, stored.plan.based_on) == (version, version - 1)
            await operations.publish_plan(
                store,
                village.company_id,
                ended.plan_id,
                expected_etags={stored.etag},
                by="t",
                at=AT,
            )
    route = await operations.read_route(
        store, village, stored.plan.routes[0].courier_id, masked=True
    )
    assert stored.plan.plan_id.encode() in route.body


async def test_a_cancelled_search_keeps_its_best_so_far(server, store, village, roads, wait_until):
    async with working(redis_url=server.url, roads=roads):
        job = await request(store, server.url, village, budget_s=120)
        await wait_until(searches(store, village, job))
        asked_s = time.monotonic()
        asked = await operations.cancel_job(store, village.company_id, job.job_id, by="t", at=AT)
        assert asked.cancelling
        await wait_until(reaches(store, village, job, *OVER))
    assert time.monotonic() - asked_s < 20
    ended = await operations.read_job(store, village.company_id, job.job_id)
    assert (ended.state, ended.cancelling) == (JobState.CANCELLED, False)
    stored = await operations.read_plan(store, village.company_id, ended.plan_id)
    assert stored.plan.figures.served > 0
    assert not stored.published


async def test_a_worker_without_roads_says_so(server, store, village, wait_until):
    async with working(redis_url=server.url, roads=None):
        job = await request(store, server.url, village, budget_s=1)
        await wait_until(reaches(store, village, job, *OVER))
    ended = await operations.read_job(store, village.company_id, job.job_id)
    assert (ended.state, ended.code) == (JobState.FAILED, "roads-missing")


async def test_a_job_that_would_move_too_many_promises_fails_and_says_how_many(
    server, store, running, fleet, roads, wait_until
):
    inputs = await operations.read_inputs(store, running.day, at=AT)
    told = [each for each in (await running.plan()).promises if each.courier_id == "k1"]
    alone = replace(inputs.fleet, couriers={"k2": fleet.couriers["k2"]})
    await operations.replace_fleet(store, running.day.scope, alone, by="t", at=AT)
    async with working(redis_url=server.url, roads=roads):
        job = await request(store, server.url, running.day, budget_s=2, promises_moved_max=0)
        await wait_until(reaches(store, running.day, job, *OVER))
    ended = await operations.read_job(store, running.day.company_id, job.job_id)
    assert (ended.state, ended.code) == (JobState.FAILED, "promises-moved")
    found = re.search(r"at most 0 promises: the best found moves (\d+) ", ended.message)
    assert int(found[1]) >= len(told) > 0


async def test_a_job_that_outlives_every_worker_is_given_up(
    server, store, village, roads, wait_until
):
    job = await request(store, server.url, village, budget_s=1)
    for number in range(STARTS_MAX):
        await operations.start_job(store, village, job.job_id, run=f"killed {number}")
    async with working(redis_url=server.url, roads=roads):
        await wait_until(reaches(store, village, job, *OVER))
    ended = await operations.read_job(store, village.company_id, job.job_id)
    assert (ended.state, ended.code) == (JobState.FAILED, "job-given-up")


async def test_a_damaged_network_is_reported_by_name(server, store, village, tmp_path, wait_until):
    damaged = tmp_path / "damaged.network"
    damaged.write_bytes(b"nothing of ours")
    async with working(redis_url=server.url, roads=damaged):
        job = await request(store, server.url, village, budget_s=1)
        await wait_until(reaches(store, village, job, *OVER))
    ended = await operations.read_job(store, village.company_id, job.job_id)
    assert (ended.state, ended.code) == (JobState.FAILED, "network-unreadable")


async def test_a_planner_that_dies_fails_its_job_and_the_next_one_runs(
    server, store, village, roads, wait_until
):
    async with working(redis_url=server.url, roads=roads):
        job = await request(store, server.url, village, budget_s=120)
        await wait_until(searches(store, village, job))
        for planner in children_of(os.getpid(), "dispatch.planner"):
            os.killpg(planner, signal.SIGKILL)
        await wait_until(reaches(store, village, job, *OVER))
        ended = await operations.read_job(store, village.company_id, job.job_id)
        assert (ended.state, ended.code) == (JobState.FAILED, "planner-died")
        again = await request(store, server.url, village, budget_s=0.5)
        await wait_until(reaches(store, village, again, JobState.SUCCEEDED))


async def test_a_stopped_worker_hands_its_job_on(server, store, village, roads, wait_until):
    async with working(redis_url=server.url, roads=roads):
        job = await request(store, server.url, village, budget_s=3)
        await wait_until(searches(store, village, job))
    left = await operations.read_job(store, village.company_id, job.job_id)
    assert left.state is JobState.RUNNING
    async with working(redis_url=server.url, roads=roads):
        await wait_until(reaches(store, village, job, *OVER))
    ended = await operations.read_job(store, village.company_id, job.job_id)
    assert ended.state is JobState.SUCCEEDED


async def test_kill_9_of_a_worker_gives_its_job_to_another_once(day, fleet, roads, wait_until):
    with (
        tempfile.TemporaryDirectory(prefix="cunlu-") as folder,
        EmbeddedServer(Path(folder)) as server,
    ):
        async with (
            Store.open(server.url) as store,
            worker_process(folder, roads) as first,
        ):
            village = await peopled(store, day, fleet)
            job = await request(store, server.url, village, budget_s=3)
            await wait_until(searches(store, village, job))
            planners = children_of(first.pid, "dispatch.planner")
            offspring = [each for pid in planners for each in children_of(pid)]
            async with worker_process(folder, roads) as second:
                await asyncio.sleep(0)  # it starts while the first still works
                killed_s = time.monotonic()
                first.kill()
                await wait_until(reaches(store, village, job, *OVER))
                took_s = time.monotonic() - killed_s
                assert second.returncode is None
            ended = await operations.read_job(store, village.company_id, job.job_id)
            drafts = await events_of(store, village, PlanDrafted)
            listed = await operations.list_plans(store, village)
    assert ended.state is JobState.SUCCEEDED
    assert (len(drafts), len(listed)) == (1, 1)
    assert planners
    assert not any(is_running(pid) for pid in [*planners, *offspring])
    # Lease, two seconds to look, the search again, and a process that loads everything anew.
    assert took_s < LEASE_S + 2 + 3 + 15


async def test_kill_9_of_the_server_does_not_end_a_job(day, fleet, roads, wait_until):
    with (
        tempfile.TemporaryDirectory(prefix="cunlu-") as folder,
        EmbeddedServer(Path(folder)) as server,
    ):
        async with (
            Store.open(server.url) as store,
            working(data_dir=folder, roads=roads),
        ):
            village = await peopled(store, day, fleet)
            job = await request(store, server.url, village, budget_s=4)
            await wait_until(searches(store, village, job))
            os.kill(server.pid, signal.SIGKILL)
            await wait_until(reaches(store, village, job, *OVER))
            ended = await operations.read_job(store, village.company_id, job.job_id)
            drafts = await events_of(store, village, PlanDrafted)
    assert ended.state is JobState.SUCCEEDED
    assert len(drafts) == 1


async def test_a_job_nobody_asked_for_is_unknown(store, day):
    with pytest.raises(JobUnknown):
        await operations.read_job(store, day.company_id, "shaji.2026-11-11.j00000000")
    with pytest.raises(JobUnknown):
        await operations.cancel_job(
            store, day.company_id, "shaji.2026-11-11.j00000000", by="t", at=AT + timedelta()
        )
