"""Registry, fleet, keys and kept answers through the real server."""

import asyncio
from datetime import UTC, datetime

import pytest

from dispatch import operations
from dispatch.access import Role, digest_of
from dispatch.events import FleetChanged, RegistryChanged, decode
from dispatch.fleet import CourierId
from dispatch.households import CollectionPoint, Household, HouseholdId, PointId
from dispatch.ids import IdMalformed
from dispatch.operations import (
    AnswerDiffers,
    BudgetOutOfRange,
    FleetMissing,
    KeptAnswer,
    RegistryChange,
    StillRunning,
)
from routing.places import Place

AT = datetime(2026, 11, 11, 8, tzinfo=UTC)


def household(number, **facts):
    facts = {"village": "东风村", "name": "孙寒"} | facts
    return Household(household_id=HouseholdId(f"h{number}"), **facts)


async def change(store, day, households, points=()):
    return await operations.change_registry(store, day.scope, households, points, by="t", at=AT)


async def test_the_registry_counts_what_is_new_changed_and_as_before(store, crewed):
    point = CollectionPoint(
        point_id=PointId("p1"), village="东风村", name="小卖部", place=Place(118.0, 33.9)
    )
    many = [household(number) for number in range(1100)]
    assert await change(store, crewed, many, [point]) == RegistryChange(1101, 0, 0)
    moved = household(7, place=Place(118.0, 33.9))
    assert await change(store, crewed, [moved, household(8)], [point]) == RegistryChange(0, 1, 2)
    found = await operations.read_registry(store, crewed.scope)
    assert (len(found.households), found.households["h7"]) == (1100, moved)
    assert found.points == {"p1": point}
    told = [decode(body) for _, body in await store.history(crewed, after="0-0", limit=100)]
    changes = [each for each in told if isinstance(each, RegistryChanged)]
    assert sum(each.households for each in changes) == 1101
    assert sum(each.points for each in changes) == 1


async def test_the_same_fleet_twice_is_told_once(store, crewed, fleet):
    await operations.replace_fleet(store, crewed.scope, fleet, by="t", at=AT)
    await operations.replace_fleet(store, crewed.scope, fleet, by="t", at=AT)
    assert await operations.read_fleet(store, crewed.scope) == fleet
    told = [decode(body) for _, body in await store.history(crewed, after="0-0", limit=100)]
    assert sum(isinstance(each, FleetChanged) for each in told) <= 1
    assert await operations.list_depots(store, crewed.company_id) == ("shaji",)


async def test_a_fleet_of_another_depot_is_refused(store, day, fleet):
    other = type(day.scope)(day.company_id, "weitang")
    with pytest.raises(operations.FleetOfAnotherDepot):
        await operations.replace_fleet(store, other, fleet, by="t", at=AT)


async def test_a_depot_without_a_fleet_says_so(store, day):
    with pytest.raises(FleetMissing):
        await operations.read_fleet(store, day.scope)
    with pytest.raises(FleetMissing):
        await operations.request_plan(store, None, day, budget_s=1, seed=1, by="t", at=AT)


@pytest.mark.parametrize("budget_s", [0, -1, 3601, float("nan"), float("inf")])
async def test_an_impossible_budget_is_refused(store, crewed, budget_s):
    with pytest.raises(BudgetOutOfRange):
        await operations.request_plan(store, None, crewed, budget_s=budget_s, seed=1, by="t", at=AT)


async def test_a_key_is_known_by_its_secret_until_it_is_revoked(store, day):
    secret = await operations.create_key(
        store,
        company_id=day.company_id,
        role=Role.COURIER,
        depot_id=day.depot_id,
        subject=CourierId("k1"),
        note="phone",
    )
    assert secret.startswith("cl_")
    identity = await operations.identify(store, secret)
    assert (identity.company_id, identity.role, identity.subject) == (
        day.company_id,
        "courier",
        "k1",
    )
    assert await operations.identify(store, secret + "x") is None
    assert not await operations.revoke_key(store, "another", identity.key_id)
    assert await operations.identify(store, secret) == identity
    assert await operations.revoke_key(store, day.company_id, identity.key_id)
    assert await operations.identify(store, secret) is None
    assert not await operations.revoke_key(store, day.company_id, identity.key_id)


async def test_a_secret_with_the_same_key_id_is_not_enough(store, day):
    secret = await operations.create_key(store, company_id=day.company_id, role=Role.DASHBOARD)
    digest = digest_of(secret)
    assert await store.companies.identity(digest) is not None
    assert await store.companies.identity(digest[:16] + "0" * 48) is None


async def test_the_secret_is_nowhere_on_the_server(store, day, server):
    secret = await operations.create_key(store, company_id=day.company_id, role=Role.DASHBOARD)
    written = b"".join(path.read_bytes() for path in (server.folder / "appendonlydir").iterdir())
    assert digest_of(secret).encode() in written
    assert secret.encode() not in written


async def test_a_request_is_carried_out_once_and_answered_the_same(store, day):
    company = day.company_id
    assert await operations.reserve_answer(store, company, "k", body_hash="aa") is None
    with pytest.raises(StillRunning):
        await operations.reserve_answer(store, company, "k", body_hash="aa")
    with pytest.raises(AnswerDiffers):
        await operations.reserve_answer(store, company, "k", body_hash="bb")
    answer = KeptAnswer(
        body_hash="aa", status=200, body=b'{"a":"\n"}', headers={"content-type": "application/json"}
    )
    await operations.remember_answer(store, company, "k", answer)
    assert await operations.reserve_answer(store, company, "k", body_hash="aa") == answer
    assert await operations.recall_answer(store, company, "k", body_hash="aa") == answer
    with pytest.raises(AnswerDiffers):
        await operations.reserve_answer(store, company, "k", body_hash="bb")
    assert await operations.reserve_answer(store, "other", "k", body_hash="bb") is None


async def test_of_many_that_claim_a_key_at_once_one_runs(store, day):
    async def claim():
        try:
            return await operations.reserve_answer(store, day.company_id, "k", body_hash="a")
        except StillRunning:
            return "later"

    outcomes = await asyncio.gather(*(claim() for _ in range(20)))
    assert sorted(outcomes, key=str) == [None, *["later"] * 19]


async def test_a_released_key_may_be_claimed_again(store, day):
    await operations.reserve_answer(store, day.company_id, "k", body_hash="a")
    await operations.release_answer(store, day.company_id, "k")
    assert await operations.reserve_answer(store, day.company_id, "k", body_hash="b") is None
    with pytest.raises(IdMalformed):
        await operations.reserve_answer(store, day.company_id, "", body_hash="b")
