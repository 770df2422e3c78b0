"""Questions through real workers: answered once, whoever is killed, and of no trace in any day."""

import asyncio
import os
import signal
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from dispatch import operations
from dispatch.days import CompanyId, DepotId
from dispatch.ids import IdMalformed, new_question_id
from dispatch.jobs import JobQueue
from dispatch.operations import AnswerFailed, NoWorker, QuestionRefused, QuestionUnknown
from dispatch.plan import Figures, Plan, plan_id_of
from dispatch.question_worker import STARTS_MAX
from dispatch.questions import Verdict, WhatIf
from dispatch.server import EmbeddedServer
from dispatch.store import Store
from routing.places import Place
from tests.dispatch.workers import AT, LEASE_S, children_of, peopled, worker_process, working


@pytest.fixture(scope="session")
def roads(grid_network):
    return grid_network


@pytest.fixture
async def village(store, crewed, fleet):
    return await peopled(store, crewed, fleet)


@pytest.fixture
async def queue(server):
    async with JobQueue.open(server.url) as queue:
        yield queue


async def a_question(store, day, *, budget_s=0.5, **inputs):
    """How would the day be planned as it is, or with other `inputs`, beside a plan of nothing?"""
    read = await operations.read_inputs(store, day, at=AT)
    nothing = Plan(
        plan_id=plan_id_of(day, 1),
        day=day,
        version=1,
        based_on=0,
        made_at=AT,
        seed=0,
        budget_s=1,
        turnaround_s=0,
        depot_name="",
        depot_place=Place(118.1, 33.9),
        network="",
        attribution="",
        synthetic=True,
        routes=(),
        unserved=(),
        figures=Figures(
            orders=0, served=0, stops=0, couriers=0, distance_m=0, duration_s=0, cost_fen=0
        ),
    )
    return WhatIf(
        inputs=replace(read, **inputs), plan=nothing, budget_s=budget_s, seed=1, made_at=AT
    )


async def ask(store, queue, day, **more):
    asked = await a_question(store, day, **more)
    return await operations.ask(store, queue, day.company_id, asked, depot_id=day.depot_id)


async def answer_to(store, queue, day, question_id, within_s=60):
    return await operations.await_answer(
        store, queue, day.company_id, question_id, within_s=within_s
    )


def served_in(answer):
    return msgspec.json.decode(answer)["after"]["served"]


def is_begun(store, day, question_id):
    async def is_begun():
        starts, _ = await store.questions.standing(day.company_id, question_id)
        return starts > 0

    return is_begun


async def test_a_worker_without_roads_says_so_in_place_of_an_answer(server, store, queue, village):
    async with working(redis_url=server.url, roads=None):
        question_id = await ask(store, queue, village)
        with pytest.raises(AnswerFailed, match="CUNLU_ROADS") as failed:
            await answer_to(store, queue, village, question_id)
    assert failed.value.reason == "roads-missing"


async def test_the_answer_is_that_of_the_planner_and_can_be_read_again(
    server, store, queue, village, roads
):
    last = await store.last_id(village)
    async with working(redis_url=server.url, roads=roads):
        question_id = await ask(store, queue, village)
        answer = await answer_to(store, queue, village, question_id)
    assert served_in(answer) == 40
    assert await operations.read_answer(store, village.company_id, question_id) == answer
    assert await store.last_id(village) == last, "no event"
    assert await operations.list_plans(store, village) == (), "no draft"
    assert await store.next_version(village) == 1, "no version used"


async def test_without_a_worker_the_caller_is_told_so_after_the_bound_and_nobody_answers_later(
    server, store, queue, village, roads
):
    question_id = await ask(store, queue, village)
    with pytest.raises(NoWorker, match="cunlu worker"):
        await answer_to(store, queue, village, question_id, within_s=0.3)
    with pytest.raises(QuestionUnknown):
        await operations.read_answer(store, village.company_id, question_id)
    async with working(redis_url=server.url, roads=roads):
        another = await ask(store, queue, village)
        assert served_in(await answer_to(store, queue, village, another)) == 40
    with pytest.raises(QuestionUnknown):
        await operations.read_answer(store, village.company_id, question_id)


async def test_an_answer_that_takes_longer_is_read_later(
    server, store, queue, village, roads, wait_until
):
    async with working(redis_url=server.url, roads=roads):
        question_id = await ask(store, queue, village, budget_s=2)
        await wait_until(is_begun(store, village, question_id))
        assert await answer_to(store, queue, village, question_id, within_s=0.1) is None
        assert await answer_to(store, queue, village, question_id) is not None


async def test_a_question_without_an_answer_is_refused_by_the_name_of_its_error(
    server, store, queue, village, fleet, roads
):
    lost = replace(fleet, depot=replace(fleet.depot, place=Place(118.5, 33.88)))
    async with working(redis_url=server.url, roads=roads):
        question_id = await ask(store, queue, village, fleet=lost)
        with pytest.raises(QuestionRefused, match="nobody can leave") as refused:
            await answer_to(store, queue, village, question_id)
    assert refused.value.reason == "depot-off-road"


async def test_a_planner_that_dies_fails_its_question_and_the_next_one_is_answered(
    server, store, queue, village, roads, wait_until
):
    async with working(redis_url=server.url, roads=roads):
        question_id = await ask(store, queue, village, budget_s=120)
        await wait_until(is_begun(store, village, question_id))
        for planner in children_of(os.getpid(), "dispatch.planner"):
            os.killpg(planner, signal.SIGKILL)
        with pytest.raises(AnswerFailed) as failed:
            await answer_to(store, queue, village, question_id)
        assert failed.value.reason == "planner-died"
        another = await ask(store, queue, village)
        assert served_in(await answer_to(store, queue, village, another)) == 40


async def test_a_question_that_outlives_every_worker_is_given_up(
    server, store, queue, village, roads
):
    question_id = await ask(store, queue, village)
    for _ in range(STARTS_MAX):
        await operations.start_question(store, village.company_id, question_id)
    async with working(redis_url=server.url, roads=roads):
        with pytest.raises(AnswerFailed) as failed:
            await answer_to(store, queue, village, question_id)
    assert failed.value.reason == "question-given-up"


async def test_a_stopped_worker_hands_its_question_on(
    server, store, queue, village, roads, wait_until
):
    async with working(redis_url=server.url, roads=roads):
        question_id = await ask(store, queue, village, budget_s=2)
        await wait_until(is_begun(store, village, question_id))
    assert await operations.read_answer(store, village.company_id, question_id) is None
    async with working(redis_url=server.url, roads=roads):
        assert served_in(await answer_to(store, queue, village, question_id)) == 40


async def test_kill_9_of_a_worker_gives_its_question_to_another(day, fleet, roads, wait_until):
    with (
        tempfile.TemporaryDirectory(prefix="cunlu-") as folder,
        EmbeddedServer(Path(folder)) as server,
    ):
        async with (
            Store.open(server.url) as store,
            JobQueue.open(server.url) as queue,
            worker_process(folder, roads) as first,
        ):
            village = await peopled(store, day, fleet)
            question_id = await ask(store, queue, village, budget_s=2)
            await wait_until(is_begun(store, village, question_id))
            async with worker_process(folder, roads) as second:
                await asyncio.sleep(0)  # it starts while the first still works
                first.kill()
                answer = await answer_to(
                    store, queue, village, question_id, within_s=2 + LEASE_S + 30
                )
                assert second.returncode is None
            assert await store.next_version(village) == 1
    assert served_in(answer) == 40


async def test_kill_9_of_the_server_does_not_end_a_question(day, fleet, roads, wait_until):
    with (
        tempfile.TemporaryDirectory(prefix="cunlu-") as folder,
        EmbeddedServer(Path(folder)) as server,
    ):
        async with (
            Store.open(server.url) as store,
            JobQueue.open(server.url) as queue,
            working(data_dir=folder, roads=roads),
        ):
            village = await peopled(store, day, fleet)
            question_id = await ask(store, queue, village, budget_s=2)
            await wait_until(is_begun(store, village, question_id))
            os.kill(server.pid, signal.SIGKILL)
            answer = await answer_to(store, queue, village, question_id)
    assert served_in(answer) == 40


async def test_the_first_answer_counts(store, queue, village):
    company, question_id = village.company_id, await ask(store, queue, village)
    assert await operations.keep_answer(store, company, question_id, b'"first"')
    assert not await operations.keep_answer(store, company, question_id, b'"second"')
    assert not await operations.keep_objection(
        store, company, question_id, verdict=Verdict.FAILED, code="late", message="late"
    )
    assert await operations.read_answer(store, company, question_id) == b'"first"'
    assert await operations.start_question(store, company, question_id) is None


async def test_questions_and_answers_are_forgotten_by_themselves(
    server, store, queue, village, wait_until, monkeypatch
):
    kept = "dispatch.operations.questions.QUESTION_KEPT"
    monkeypatch.setattr(kept, timedelta(seconds=1))
    asked, answered = [await ask(store, queue, village) for _ in range(2)]
    assert await operations.keep_answer(store, village.company_id, answered, b"1")
    for question_id in (asked, answered):

        async def is_forgotten(question_id=question_id):
            return await store.questions.standing(village.company_id, question_id) is None

        await wait_until(is_forgotten)
        assert not await operations.keep_answer(store, village.company_id, question_id, b"1")
    async with Redis.from_url(server.url) as client:
        assert [key async for key in client.scan_iter(f"*{village.company_id}*:question:*")] == []


async def test_a_question_is_nobody_else_s(store, queue, village):
    question_id = await ask(store, queue, village)
    with pytest.raises(QuestionUnknown):
        await operations.read_answer(store, CompanyId("stranger"), question_id)
    for bad in ("q1", f"{question_id}0", f"not one.{new_question_id(None)}", "", "{x}"):
        with pytest.raises(IdMalformed):
            await operations.read_answer(store, village.company_id, bad)


@pytest.mark.parametrize("depot_id", [None, DepotId("shaji")])
async def test_a_question_may_be_about_a_depot_or_about_none(store, queue, village, depot_id):
    asked = await a_question(store, village)
    question_id = await operations.ask(store, queue, village.company_id, asked, depot_id=depot_id)
    assert question_id.startswith("q" if depot_id is None else "shaji.q")
    assert await operations.keep_answer(store, village.company_id, question_id, b"1")
    assert await operations.read_answer(store, village.company_id, question_id) == b"1"
