"""A running day through real workers: whatever happens, the plan's next version is there seconds later."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from dispatch import operations
from dispatch.clock import ScaledClock
from dispatch.events import OutReason, PlanPublished, decode
from dispatch.jobs import JobQueue
from dispatch.orders import Order, OrderId
from dispatch.plan import Why
from dispatch.planning import plan_day
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.workers import AT, SOUTH, STEP, WEST, carrier, peopled, working


async def test_a_day_on_which_nothing_happens_keeps_its_plan(running):
    assert await running.keep() is None
    assert (await running.plan()).version == 1


async def test_a_new_order_is_in_the_next_version(running):
    running.at = AT + timedelta(minutes=40)
    route = (await running.plan()).routes[0]
    await running.collect(route.stops[:2], route.courier_id)
    await running.create("new")
    plan = await running.keep()
    assert plan.version == 2
    assert Why.NEW_ORDERS in plan.why
    assert carrier(plan, "new")
    assert await running.keep() is None


async def test_a_cancelled_order_is_in_no_route(running):
    before = await running.plan()
    gone = before.routes[-1].stops[-1].order_ids[0]
    running.at = AT + timedelta(minutes=1)
    await operations.cancel_order(
        running.store, running.day, gone, reason="", by="t", at=running.at
    )
    plan = await running.keep()
    assert Why.ORDERS_GONE in plan.why
    assert carrier(plan, gone) is None
    assert await running.keep() is None


async def test_who_is_late_is_planned_anew_and_then_late_no_more(running):
    before = await running.plan()
    # Nobody has reported anything for an hour and a half since the first leaving.
    running.at = before.routes[0].trips[0].leave_at + timedelta(minutes=90)
    plan = await running.keep()
    assert Why.LATE in plan.why
    assert await running.keep() is None


async def test_a_plan_that_keeps_time_is_searched_again_now_and_then(running):
    plan = await running.plan()
    figures = replace(plan.figures, expected=3)
    hoping = replace(plan, based_on=plan.version, figures=figures)
    await operations.publish_revision(running.store, hoping, by="t", at=AT)
    searched_at = []
    for seconds in (890, 900, 910):
        running.at = AT + timedelta(seconds=seconds)
        await running.keep()
        searched_at.append(running.worker.searched.get(running.day.scope))
    then = AT + timedelta(seconds=900)
    assert searched_at == [None, then, then]


async def test_parcels_of_a_broken_vehicle_are_fetched_where_it_stands(running):
    before = await running.plan()
    route = before.routes[0]
    done = route.trips[0].stops[:2]
    running.at = done[-1].depart_at + timedelta(minutes=1)
    await running.collect(done, route.courier_id)
    asked = [
        await operations.hand_over(
            running.store,
            running.day,
            route.courier_id,
            reason=OutReason.BREAKDOWN,
            place=None,
            by="t",
            at=running.at,
        )
        for _ in range(2)
    ]
    assert asked[0] == asked[1]
    held = asked[0]
    assert set(held.order_ids) == {each for stop in done for each in stop.order_ids}
    assert held.order.place == done[-1].place
    assert held.order.pieces == sum(stop.pieces for stop in done)
    plan = await running.keep()
    assert {Why.COURIERS, Why.NEW_ORDERS} <= set(plan.why)
    assert carrier(plan, held.order.order_id) not in (None, route.courier_id)
    still = {each.order_id for stop in done for each in await _orders(running, stop)}
    out = next(each for each in plan.routes if each.courier_id == route.courier_id)
    assert {each for stop in out.stops for each in stop.order_ids} == still
    await operations.take_back(
        running.store, running.day, route.courier_id, by="t", at=running.at + timedelta(minutes=5)
    )
    running.at += timedelta(minutes=6)
    assert Why.COURIERS in (await running.keep()).why


async def test_parcels_of_a_broken_vehicle_leave_with_a_later_truck_rather_than_stay(running):
    fleet = await operations.read_fleet(running.store, running.day.scope)
    noon, evening = time(12, 30), fleet.depot.departures[-1]
    depot = replace(fleet.depot, departures=(noon, evening))
    await operations.replace_fleet(
        running.store, running.day.scope, replace(fleet, depot=depot), by="t", at=running.at
    )
    noon_at = datetime.combine(running.day.day, noon, depot.zone)
    await running.create("due", cut_off_at=noon_at)
    running.at += timedelta(minutes=1)
    route = next(each for each in (await running.keep()).routes if carries(each, "due"))
    stop = next(each for each in route.stops if "due" in each.order_ids)
    await running.collect([stop], route.courier_id)
    running.at = noon_at - timedelta(minutes=1)

    async def hand_over():
        return await operations.hand_over(
            running.store,
            running.day,
            route.courier_id,
            reason=OutReason.BREAKDOWN,
            place=stop.place,
            by="t",
            at=running.at,
        )

    held = await hand_over()
    assert held.order.cut_off_at == noon_at
    assert await hand_over() == held
    running.at += timedelta(minutes=20)
    assert await hand_over() == held  # by now it would have been at the depot
    plan = await running.keep()
    assert carrier(plan, held.order.order_id) not in (None, route.courier_id)


async def test_who_drops_out_with_nothing_on_board_hands_nothing_over_however_often_it_is_said(
    running,
):
    courier_id = (await running.plan()).routes[0].courier_id
    told = []
    for _ in range(2):
        running.at += timedelta(minutes=1)
        told.append(
            await operations.hand_over(
                running.store,
                running.day,
                courier_id,
                reason=OutReason.SICK,
                place=None,
                by="t",
                at=running.at,
            )
        )
    assert told[0] == told[1]
    assert (told[0].order, told[0].order_ids) == (None, ())


def carries(route, order_id):
    return any(order_id in each.order_ids for each in route.stops)


async def _orders(running, stop):
    records = await operations.read_some_orders(running.store, running.day, stop.order_ids)
    return [each.order for each in records]


async def test_a_version_that_comes_second_is_made_again(running, monkeypatch):
    await running.create("new")
    first = await running.plan()
    publish = operations.publish_revision
    met = []

    async def late(store, plan, **how):
        if not met:
            met.append(plan)
            other = replace(first, based_on=first.version, seed=99)
            await publish(store, other, by="other", at=running.at)
        return await publish(store, plan, **how)

    monkeypatch.setattr(operations, "publish_revision", late)
    plan = await running.keep()
    assert plan.based_on > first.version
    assert carrier(plan, "new")


async def test_a_cheaper_plan_alone_is_published_only_if_it_is_worth_it(running):
    plan = await running.keep(search=True)
    assert plan is None or plan.why == (Why.COST,)
    while plan is not None:
        plan = await running.keep(search=True)


async def test_a_look_is_asked_for_before_the_fact_is_recorded(store, day, server):
    async with JobQueue.open(server.url) as queue:
        with pytest.raises(asyncio.CancelledError):
            async with queue.keeping(day):
                raise asyncio.CancelledError  # as if killed before the fact is there
        waiting = (await queue.quick.snapshot()).future
        assert [each.args[1:3] for each in waiting if each.args[0] == day.company_id] == [
            (day.depot_id, day.day.isoformat())
        ]


async def test_a_worker_takes_the_day_from_the_queue(
    store, crewed, fleet, roads, server, wait_until
):
    day = await peopled(store, crewed, fleet)
    clock = ScaledClock(AT, datetime.now(UTC), 1.0)
    inputs = await operations.read_inputs(store, day, at=AT)
    network = RoadNetwork.load(roads)
    plan = plan_day(inputs, network, budget_s=20, iterations=50, seed=1, made_at=AT)
    await operations.publish_revision(store, plan, by="t", at=AT)
    order = Order(order_id=OrderId("new"), place=Place(WEST + 1.4 * STEP, SOUTH + 2.3 * STEP))
    async with (
        working(
            redis_url=server.url,
            roads=roads,
            clock_start=clock.starts_at,
            clock_started=clock.started_real,
        ),
        JobQueue.open(server.url) as queue,
    ):
        await operations.create_orders(store, day, (order,), by="t", at=clock.now())
        await queue.put_keeping(day)
        await queue.put_keeping(day)

        async def has_version_2():
            return (await operations.current_plan(store, day)).plan.version == 2

        await wait_until(has_version_2)
    entries = await store.history(day, after="0-0", limit=10_000)
    published = [e for _, body in entries if isinstance(e := decode(body), PlanPublished)]
    assert [each.why for each in published] == [(), (Why.NEW_ORDERS,)]
