"""Versions of a running day through the real server: kept as what they change, and read as a whole."""

import json
import random
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from dispatch import operations
from dispatch.fleet import CourierId
from dispatch.households import Household, HouseholdId
from dispatch.operations import PlanStale, RouteMissing
from dispatch.orders import OrderId
from dispatch.plan import ExpectedRoute, Promise, Why
from dispatch.shortfalls import Unserved
from dispatch.store import Store
from dispatch.store.keys import DayKeys
from dispatch.store.store import CHANGES_MAX
from dispatch.versions import PlanChange, change_between, changed, numbered, read_version
from tests.dispatch.plans import AT, plan_of


def edited(plan, chance):
    """The next version: one route, some promises, expected routes or orders left out are others; now and then a courier comes or goes."""
    expected = {each.courier_id: each for each in plan.expected}
    waits = CourierId(f"k{chance.randrange(4)}")
    expected[waits] = ExpectedRoute(
        courier_id=waits, trips=((OrderId(f"o{chance.randrange(30)}"), OrderId("\x00e")),)
    )
    if chance.random() < 0.4:
        del expected[chance.choice(sorted(expected))]
    routes = {each.courier_id: each for each in plan.routes}
    touched = chance.choice(sorted(routes))
    routes[touched] = replace(routes[touched], cost_fen=chance.randrange(10_000))
    if chance.random() < 0.1:
        new = CourierId(f"k{chance.randrange(100)}")
        routes[new] = replace(routes[touched], courier_id=new)
    if chance.random() < 0.1 and len(routes) > 1:
        del routes[chance.choice(sorted(routes))]
    told = {each.order_id: each for each in plan.promises}
    for _ in range(chance.randrange(3)):
        order_id = OrderId(f"o{chance.randrange(30)}")
        if order_id in told and chance.random() < 0.5:
            del told[order_id]
            continue
        begins = AT + timedelta(minutes=chance.randrange(600))
        told[order_id] = Promise(
            order_id=order_id,
            courier_id=touched,
            earliest_at=begins,
            latest_at=begins + timedelta(minutes=30),
        )
    promises = list(told.values())
    chance.shuffle(promises)
    left = (Unserved(order_id=OrderId("z"), reason="no-room-today", detail="", place=None),)
    return replace(
        plan,
        based_on=plan.version,
        routes=tuple(routes[each] for each in sorted(routes)),
        promises=tuple(promises),
        expected=tuple(expected.values()),
        unserved=chance.choice([(), left]),
        why=(chance.choice(list(Why)),),
        made_at=plan.made_at + timedelta(minutes=1),
    )


@pytest.fixture
def first(crewed):
    return plan_of(crewed, 0, couriers=("k1", "k2", "k3"))


@pytest.mark.parametrize("seed", range(20))
def test_a_change_makes_the_next_version_of_the_one_before(first, seed):
    chance = random.Random(seed)
    before = first
    for version in range(1, 20):
        after = numbered(edited(before, chance), version)
        told = msgspec.json.encode(change_between(before, after))
        again = changed(before, msgspec.json.decode(told, type=PlanChange))
        assert again == after
        assert msgspec.json.encode(again) == msgspec.json.encode(after)
        before = after


def test_a_change_says_only_what_is_another(first):
    after = replace(first, routes=(replace(first.routes[0], cost_fen=7), *first.routes[1:]))
    change = change_between(first, after)
    assert [each.courier_id for each in change.plan.routes] == [first.routes[0].courier_id]
    assert all(
        a is b for a, b in zip(changed(first, change).routes[1:], first.routes[1:], strict=True)
    )


async def rows_of(store, day, versions):
    return [await store.version(day, each) for each in versions]


async def test_a_day_of_versions_is_kept_as_changes_and_read_as_plans(store, server, crewed, first):
    chance = random.Random(7)
    plan = (await operations.publish_revision(store, first, by="t", at=AT)).plan
    made = [plan]
    async with Store.open(server.url) as reader:
        for _ in range(3 * CHANGES_MAX):
            after = edited(plan, chance)
            stored = await operations.publish_revision(
                store, after, by="t", at=AT, all_routes=chance.random() < 0.3
            )
            plan = stored.plan
            made.append(plan)
            if chance.random() < 0.3:  # another process follows, some versions behind
                assert (await reader.daybook.read(crewed)).plan == plan
    rows = await rows_of(store, crewed, [each.version for each in made])
    whole = [number for number, row in enumerate(rows) if not row.onto]
    assert whole == [0, CHANGES_MAX + 1, 2 * (CHANGES_MAX + 1)]
    async with Store.open(server.url) as stranger:
        for each in made:
            found = await operations.read_plan(stranger, crewed.company_id, each.plan_id)
            assert (found.plan, found.published) == (each, each is plan)
        assert (await stranger.daybook.read(crewed)).plan == plan
        known, _ = await read_version(stranger, crewed, plan.version, known=made[-2])
        assert known == plan
    etags = [row.etag for row in rows]
    assert len(set(etags)) == len(etags)


async def test_every_courier_finds_the_version_in_force(store, crewed, first):
    plan = (await operations.publish_revision(store, first, by="t", at=AT)).plan
    before = await operations.read_route(store, crewed, CourierId("k2"), masked=False)
    other = replace(
        plan,
        based_on=plan.version,
        routes=(replace(plan.routes[0], cost_fen=7), *plan.routes[1:]),
    )
    # Written again with all routes, or left as it was: the same document but for the version.
    for all_routes in (True, False):
        stored = await operations.publish_revision(
            store,
            replace(other, based_on=plan.version),
            by="t",
            at=AT,
            all_routes=all_routes,
        )
        plan = stored.plan
        for courier_id, route in zip(("k1", "k2"), plan.routes, strict=False):
            found = await operations.read_route(store, crewed, CourierId(courier_id), masked=True)
            told = json.loads(found.body)
            assert (told["plan_id"], told["version"]) == (plan.plan_id, plan.version)
            assert told["route"]["cost_fen"] == route.cost_fen
        after = await operations.read_route(store, crewed, CourierId("k2"), masked=False)
        assert after.etag != before.etag
        assert json.loads(after.body) == json.loads(before.body) | {
            "plan_id": plan.plan_id,
            "version": plan.version,
        }


async def test_names_in_routes_that_stay_are_of_when_they_were_written(store, crewed, first):
    async def name_of(courier_id):
        found = await operations.read_route(store, crewed, CourierId(courier_id), masked=False)
        return json.loads(found.body)["contacts"]["h1"]["name"]

    async def renamed(name):
        household = Household(household_id=HouseholdId("h1"), village="东风村", name=name, phone="")
        await operations.change_registry(store, crewed.scope, [household], [], by="t", at=AT)

    await renamed("孙寒")
    plan = (await operations.publish_revision(store, first, by="t", at=AT)).plan
    await renamed("孙暖")
    for all_routes, name in ((False, "孙寒"), (True, "孙暖")):
        other = replace(
            plan,
            based_on=plan.version,
            routes=(replace(plan.routes[0], cost_fen=plan.version), *plan.routes[1:]),
        )
        stored = await operations.publish_revision(
            store, other, by="t", at=AT, all_routes=all_routes
        )
        plan = stored.plan
        assert await name_of("k1") == "孙暖"
        assert await name_of("k2") == name


async def test_who_has_no_route_any_more_finds_none(store, crewed, first):
    plan = (await operations.publish_revision(store, first, by="t", at=AT)).plan
    fewer = replace(plan, based_on=plan.version, routes=plan.routes[1:])
    await operations.publish_revision(store, fewer, by="t", at=AT, all_routes=False)
    with pytest.raises(RouteMissing):
        await operations.read_route(store, crewed, CourierId("k1"), masked=False)
    assert (await operations.read_route(store, crewed, CourierId("k2"), masked=False)).body


async def test_a_stale_change_is_not_kept(store, crewed, first):
    plan = (await operations.publish_revision(store, first, by="t", at=AT)).plan
    for others in (plan, None):
        after = replace(plan, based_on=plan.version, why=(Why.COST,))
        if others is None:
            with pytest.raises(PlanStale) as refused:
                await operations.publish_revision(store, after, by="t", at=AT)
            assert refused.value.winner_version == 2
        else:
            await operations.publish_revision(store, after, by="t", at=AT)
    assert await store.version(crewed, 3) is None
    current = await operations.current_plan(store, crewed)
    assert (current.plan.version, current.plan.why) == (2, (Why.COST,))


async def test_a_change_of_a_version_that_is_not_kept_is_kept_whole(store, crewed, first):
    """As after a store was restored without it: nothing hangs on what is not there."""
    plan = (await operations.publish_revision(store, first, by="t", at=AT)).plan
    await store._client.delete(DayKeys(crewed).plan(plan.version))
    after = replace(plan, based_on=plan.version, why=(Why.COST,))
    await operations.publish_revision(store, after, by="t", at=AT)
    assert (await operations.current_plan(store, crewed)).plan.why == (Why.COST,)
    assert (await store.version(crewed, 2)).onto == 0


async def test_a_route_that_an_earlier_build_wrote_is_missing_until_the_plan_is_published_again(
    store, crewed, first
):
    plan = (await operations.publish_revision(store, first, by="t", at=AT)).plan
    await store._client.hdel(DayKeys(crewed).routes, "version")
    with pytest.raises(RouteMissing):
        await operations.read_route(store, crewed, CourierId("k1"), masked=False)
    after = replace(plan, based_on=plan.version, why=(Why.COST,))
    await operations.publish_revision(store, after, by="t", at=AT)
    assert (await operations.read_route(store, crewed, CourierId("k1"), masked=False)).body
