"""Closures through the real server: kept with their event in one step, for one depot alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dispatch import operations
from dispatch.closures import ClosureId
from dispatch.days import DepotId
from dispatch.events import RoadsClosed, RoadsReopened, decode
from dispatch.operations import ClosureOver, ClosuresTooMany, ClosureUnknown
from dispatch.operations.closures import CLOSURES_MAX
from routing.places import Place
from routing.roads.closures import Closure

AT = datetime(2026, 11, 11, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
LANE = Closure(
    line=(Place(118.1, 33.9), Place(118.2, 33.9)),
    profiles=frozenset({"van", "trike"}),
    duration_factor=2.5,
)


async def add(store, scope, *, at=AT, from_at=None, until_at=None, closure=LANE):
    return await operations.add_closure(
        store,
        scope,
        closure,
        roads=2,
        network="v1",
        from_at=from_at,
        until_at=until_at,
        reason="桥面积水",
        by="dispatcher:k",
        at=at,
    )


async def read(store, scope, at=AT):
    return await operations.read_closures(store, scope, at=at)


async def told(store, day):
    return [decode(body) for _, body in await store.history(day, after="0-0", limit=1000)]


async def test_a_closure_is_kept_as_it_was_told_with_its_event(store, crewed):
    added = await add(store, crewed.scope, until_at=AT + HOUR)
    assert await read(store, crewed.scope) == (added,)
    assert (added.closure, added.from_at, added.reason) == (LANE, AT, "桥面积水")
    assert await told(store, crewed) == [
        RoadsClosed(
            at=AT,
            by="dispatcher:k",
            closure_id=added.closure_id,
            roads=2,
            from_at=AT,
            until_at=AT + HOUR,
        )
    ]


async def test_a_closure_is_read_until_it_is_over_and_in_force_once_it_has_begun(store, crewed):
    added = await add(store, crewed.scope, from_at=AT + HOUR, until_at=AT + 2 * HOUR)
    for hours, waits, holds in ((0, 1, 0), (1, 1, 1), (2, 0, 0)):
        at = AT + hours * HOUR
        assert await read(store, crewed.scope, at) == (added,) * waits
        in_force = await operations.closures_in_force(
            store, crewed.company_id, crewed.depot_id, at=at
        )
        assert in_force == (added,) * holds


async def test_those_that_are_over_leave_the_store_with_the_next_one(store, crewed):
    await add(store, crewed.scope, until_at=AT + HOUR)
    stays = await add(store, crewed.scope)
    assert len(await store.depots.closures(crewed.scope)) == 2
    later = await add(store, crewed.scope, at=AT + HOUR)
    assert len(await store.depots.closures(crewed.scope)) == 2
    assert await read(store, crewed.scope) == (stays, later)


async def test_a_depot_without_room_keeps_its_closures_and_tells_nothing(store, crewed):
    closures = [await add(store, crewed.scope) for _ in range(CLOSURES_MAX)]
    with pytest.raises(ClosuresTooMany):
        await add(store, crewed.scope)
    assert len(await read(store, crewed.scope)) == CLOSURES_MAX
    assert len(await told(store, crewed)) == CLOSURES_MAX
    await operations.remove_closure(store, crewed.scope, closures[0].closure_id, by="t", at=AT)
    await add(store, crewed.scope)


@pytest.mark.parametrize(
    ("from_at", "until_at"),
    [(None, AT), (None, AT - HOUR), (AT + HOUR, AT + HOUR), (AT - 3 * HOUR, AT - HOUR)],
)
async def test_a_closure_that_never_holds_is_refused(store, crewed, from_at, until_at):
    with pytest.raises(ClosureOver):
        await add(store, crewed.scope, from_at=from_at, until_at=until_at)
    assert await store.depots.closures(crewed.scope) == []


async def test_a_closure_is_taken_back_once(store, crewed):
    added, other = await add(store, crewed.scope), await add(store, crewed.scope)
    removed = await operations.remove_closure(store, crewed.scope, added.closure_id, by="t", at=AT)
    assert removed == added
    with pytest.raises(ClosureUnknown):
        await operations.remove_closure(store, crewed.scope, added.closure_id, by="t", at=AT)
    assert await read(store, crewed.scope) == (other,)
    reopened = [each for each in await told(store, crewed) if isinstance(each, RoadsReopened)]
    assert [each.closure_id for each in reopened] == [added.closure_id]


async def test_a_depots_closures_are_its_own_and_a_companys_those_of_all_its_depots(
    store, crewed, fleet
):
    second = replace(crewed.scope, depot_id=DepotId("weiji"))
    depot = replace(fleet.depot, depot_id=second.depot_id)
    await operations.replace_fleet(store, second, replace(fleet, depot=depot), by="t", at=AT)
    mine, theirs = await add(store, crewed.scope), await add(store, second)
    with pytest.raises(ClosureUnknown):
        await operations.remove_closure(
            store, crewed.scope, ClosureId(theirs.closure_id), by="t", at=AT
        )
    assert await read(store, crewed.scope) == (mine,)
    company_id = crewed.company_id
    for depot_id, expected in (
        (crewed.depot_id, {mine.closure_id}),
        (second.depot_id, {theirs.closure_id}),
        (None, {mine.closure_id, theirs.closure_id}),
    ):
        found = await operations.closures_in_force(store, company_id, depot_id, at=AT)
        assert {each.closure_id for each in found} == expected


async def test_inputs_of_a_plan_hold_the_closures_that_are_not_over(store, crewed):
    await add(store, crewed.scope, until_at=AT + HOUR)
    stays = await add(store, crewed.scope)
    inputs = await operations.read_inputs(store, crewed, at=AT + HOUR)
    assert inputs.closures == (stays,)
