"""Plans through the real server: versions, one winner, routes as stored bytes."""

import asyncio
import json
import secrets
from datetime import timedelta

import pytest

from dispatch import operations
from dispatch.events import PlanDrafted, PlanPublished, decode
from dispatch.fleet import CourierId
from dispatch.households import CollectionPoint, Household, HouseholdId, PointId
from dispatch.ids import IdMalformed
from dispatch.jobs import JobFenced, JobState
from dispatch.operations import EtagMismatch, JobUnknown, PlanStale, PlanUnknown, RouteMissing
from dispatch.orders import Order, OrderId
from dispatch.plan import PlanId
from dispatch.store import Store
from routing.places import Place
from tests.dispatch.plans import AT, plan_of


class Nobody:
    """A queue that keeps no task: these tests are the worker."""

    async def put(self, day, job_id):
        pass


class Impatient:
    """A queue whose worker begins a job the moment it is queued, and again until it is recorded."""

    def __init__(self, store, head_start):
        self.store, self.head_start, self.beginning = store, head_start, None

    async def put(self, day, job_id):
        self.beginning = asyncio.create_task(self.begin(day, job_id))
        for _ in range(self.head_start):
            await asyncio.sleep(0)

    async def begin(self, day, job_id):
        while True:
            try:
                return await operations.start_job(self.store, day, job_id, run="r")
            except JobUnknown:
                await asyncio.sleep(0)


async def draft(store, day, **facts):
    """Ask, run and end a job as a worker would, with a plan made by hand."""
    job = await operations.request_plan(store, Nobody(), day, budget_s=1.0, seed=1, by="t", at=AT)
    run = secrets.token_hex(4)
    await operations.start_job(store, day, job.job_id, run=run)
    plan = plan_of(day, job.based_on, **facts)
    return await operations.draft_plan(
        store, plan, job_id=job.job_id, run=run, state=JobState.SUCCEEDED, by="worker", at=AT
    )


async def publish(store, day, plan, etag=None):
    stored = await operations.read_plan(store, day.company_id, plan.plan_id)
    return await operations.publish_plan(
        store, day.company_id, plan.plan_id, expected_etags={etag or stored.etag}, by="t", at=AT
    )


@pytest.fixture
async def registered(store, crewed):
    household = Household(
        household_id=HouseholdId("h1"), village="东风村", name="孙寒", phone="13912345678"
    )
    point = CollectionPoint(
        point_id=PointId("p1"), village="东风村", name="村口小卖部", place=Place(118.0, 33.9)
    )
    await operations.change_registry(store, crewed.scope, [household], [point], by="t", at=AT)
    return crewed


async def events_of(store, day, kind):
    entries = await store.history(day, after="0-0", limit=10_000)
    return [event for _, body in entries if isinstance(event := decode(body), kind)]


async def test_a_draft_gets_its_version_and_ends_its_job(store, crewed):
    plan = await draft(store, crewed)
    assert plan.plan_id == f"shaji.{crewed.day}.1"
    stored = await operations.read_plan(store, crewed.company_id, plan.plan_id)
    assert stored.plan == plan
    assert not stored.published
    (told,) = await events_of(store, crewed, PlanDrafted)
    job = await operations.read_job(store, crewed.company_id, told.job_id)
    assert (job.state, job.plan_id) == (JobState.SUCCEEDED, plan.plan_id)


async def test_drafts_made_at_once_get_different_versions(store, crewed):
    plans = await asyncio.gather(*(draft(store, crewed) for _ in range(8)))
    assert sorted(each.version for each in plans) == list(range(1, 9))
    listed = await operations.list_plans(store, crewed)
    assert [each.version for each in listed] == list(range(1, 9))
    assert not any(each.published for each in listed)


async def test_publishing_swaps_the_plan_and_writes_the_routes(store, registered):
    plan = await draft(store, registered)
    published = await publish(store, registered, plan)
    assert published.published
    assert (await operations.current_plan(store, registered)).plan == plan
    (told,) = await events_of(store, registered, PlanPublished)
    assert (told.version, told.previous) == (1, 0)
    full = await operations.read_route(store, registered, CourierId("k1"), masked=False)
    hidden = await operations.read_route(store, registered, CourierId("k1"), masked=True)
    assert full.etag != hidden.etag
    document = json.loads(full.body)
    assert document["courier"] == {"id": "k1", "name": "王小明", "phone": "13800001234"}
    assert document["contacts"]["h1"] == {"name": "孙寒", "phone": "13912345678"}
    assert document["contacts"]["p1"]["name"] == "村口小卖部"
    assert len(document["route"]["trips"][0]["stops"]) == 2
    masked = json.loads(hidden.body)
    assert masked["contacts"]["h1"] == {"name": "孙*", "phone": "139******78"}
    assert b"13912345678" not in hidden.body
    assert b"13800001234" not in hidden.body


async def test_a_courier_who_is_no_longer_planned_loses_the_route(store, crewed):
    await publish(store, crewed, await draft(store, crewed))
    await publish(store, crewed, await draft(store, crewed, couriers=("k1",)))
    assert (await operations.read_route(store, crewed, CourierId("k1"), masked=False)).body
    with pytest.raises(RouteMissing):
        await operations.read_route(store, crewed, CourierId("k2"), masked=False)


async def test_a_late_publisher_is_told_which_version_won(store, crewed):
    first, second = await draft(store, crewed), await draft(store, crewed)
    await publish(store, crewed, second)
    with pytest.raises(PlanStale) as refused:
        await publish(store, crewed, first)
    assert (refused.value.winner, refused.value.winner_version) == (second.plan_id, 2)
    assert (await operations.current_plan(store, crewed)).plan == second


async def test_of_publishers_at_the_same_time_exactly_one_wins(server, crewed):
    async with Store.open(server.url) as store:
        plans = [await draft(store, crewed) for _ in range(6)]

    async def try_to_publish(plan):
        # A connection of its own, as another process would have.
        async with Store.open(server.url) as other:
            try:
                await publish(other, crewed, plan)
            except PlanStale as stale:
                return stale.winner
            return plan.plan_id

    winners = await asyncio.gather(*(try_to_publish(each) for each in plans))
    async with Store.open(server.url) as store:
        current = await operations.current_plan(store, crewed)
        assert set(winners) == {current.plan.plan_id}
        assert len(await events_of(store, crewed, PlanPublished)) == 1


async def test_publishing_the_current_plan_again_changes_nothing(store, crewed):
    plan = await draft(store, crewed)
    first = await publish(store, crewed, plan)
    again = await publish(store, crewed, plan)
    assert again == first
    assert len(await events_of(store, crewed, PlanPublished)) == 1


async def test_a_publisher_who_saw_another_plan_is_refused(store, crewed):
    plan = await draft(store, crewed)
    with pytest.raises(EtagMismatch):
        await publish(store, crewed, plan, etag="0" * 32)
    assert await operations.current_plan(store, crewed) is None


@pytest.mark.parametrize(
    "plan_id", ["", "x", "shaji.2026-11-11", "shaji.2026-13-11.1", "a.2026-11-11.0"]
)
async def test_a_plan_id_that_is_none_is_refused(store, day, plan_id):
    with pytest.raises(IdMalformed):
        await operations.read_plan(store, day.company_id, PlanId(plan_id))


async def test_a_plan_of_another_company_is_unknown(store, crewed):
    plan = await draft(store, crewed)
    with pytest.raises(PlanUnknown):
        await operations.read_plan(store, f"{crewed.company_id}x", plan.plan_id)


async def test_the_board_shows_the_published_plan(store, crewed):
    assert (await operations.read_board(store, crewed, now=AT)).plan_id is None
    plan = await draft(store, crewed)
    await publish(store, crewed, plan)
    board = await operations.read_board(store, crewed, now=AT)
    assert (board.plan_id, board.figures.routes) == (plan.plan_id, 2)
    newer = await draft(store, crewed, couriers=("k1",))
    await publish(store, crewed, newer)
    board = await operations.read_board(store, crewed, now=AT)
    assert (board.version, board.figures.routes) == (2, 1)


async def test_a_point_sees_who_comes_and_when(store, crewed):
    await publish(store, crewed, await draft(store, crewed))
    place = Place(118.1, 33.9)
    point = CollectionPoint(point_id=PointId("p1"), village="", name="", place=place)
    arrivals = (await operations.read_point(store, crewed, point, now=AT)).arrivals
    assert [(each.courier_name, each.seq) for each in arrivals] == [("王小明", 2), ("李四", 2)]
    assert arrivals[0].planned_at == AT + timedelta(minutes=20)
    other = CollectionPoint(point_id=PointId("p9"), village="", name="", place=place)
    assert (await operations.read_point(store, crewed, other, now=AT)).arrivals == ()


async def test_only_the_run_that_holds_the_job_may_end_it(store, crewed):
    job = await operations.request_plan(
        store, Nobody(), crewed, budget_s=1.0, seed=1, by="t", at=AT
    )
    await operations.start_job(store, crewed, job.job_id, run="dead")
    await operations.start_job(store, crewed, job.job_id, run="alive")

    async def end(run):
        plan = plan_of(crewed, 0)
        return await operations.draft_plan(
            store, plan, job_id=job.job_id, run=run, state=JobState.SUCCEEDED, by="w", at=AT
        )

    with pytest.raises(JobFenced):
        await end("dead")
    await end("alive")
    with pytest.raises(JobFenced):
        await end("alive")
    assert len(await operations.list_plans(store, crewed)) == 1
    assert await operations.start_job(store, crewed, job.job_id, run="third") is None


async def test_a_waiting_job_that_is_cancelled_never_starts(store, crewed):
    job = await operations.request_plan(
        store, Nobody(), crewed, budget_s=1.0, seed=1, by="t", at=AT
    )
    cancelled = await operations.cancel_job(store, crewed.company_id, job.job_id, by="t", at=AT)
    assert (cancelled.state, cancelled.code) == (JobState.CANCELLED, "cancelled")
    assert await operations.start_job(store, crewed, job.job_id, run="r") is None


async def test_inputs_hold_only_open_orders(store, crewed):
    orders = [Order(order_id=OrderId(f"o{number}")) for number in range(3)]
    await operations.create_orders(store, crewed, orders, by="t", at=AT)
    await operations.cancel_order(store, crewed, OrderId("o1"), reason="", by="t", at=AT)
    inputs = await operations.read_inputs(store, crewed, at=AT)
    assert [each.order_id for each in inputs.orders] == ["o0", "o2"]
    assert inputs.fleet.depot.name == "沙集网点"


async def test_a_worker_faster_than_the_record_never_takes_a_new_job_for_one_that_is_over(
    store, crewed
):
    for number in range(300):
        queue = Impatient(store, head_start=number % 30)
        asked = await operations.request_plan(
            store, queue, crewed, budget_s=1, seed=1, by="t", at=AT
        )
        begun = await asyncio.wait_for(queue.beginning, 10)
        assert begun is not None, "dropped for ever"
        assert (begun.job_id, begun.state) == (asked.job_id, JobState.RUNNING)
