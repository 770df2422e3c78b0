"""A route checked through HTTP, in the process that was asked: no worker, no trace."""

import asyncio

import pytest

from dispatch.settings import Settings
from dispatch.worker import run_worker

DAY = "day=2026-11-11"


@pytest.fixture
async def plan(village, server, roads, tmp_path):
    """A plan; the worker that made it is gone."""
    stop = asyncio.Event()
    settings = Settings(redis_url=server.url, roads=roads, data_dir=tmp_path)
    running = asyncio.create_task(run_worker(settings, stop=stop))
    answer = await village.call("POST", f"/v1/plans?{DAY}", json={"budget_s": 0.5, "seed": 1})
    path = answer.headers["location"]
    await village.call("GET", f"{path}/events", timeout=200)
    job = (await village.call("GET", path)).json()
    stop.set()
    await running
    return (await village.call("GET", f"/v1/plans/{job['plan_id']}")).json()


@pytest.fixture
async def roads_are_loaded(client):
    while not client.app.state.deps.roads.is_loaded:  # noqa: ASYNC110 (loading offers no event)
        await asyncio.sleep(0.01)


@pytest.fixture
async def check(village, plan, roads_are_loaded):
    async def check(company=village, **body):
        return await company.call("POST", f"/v1/plans/{plan['plan_id']}/check", json=body)

    return check


def planned(route):
    return [[stop["seq"] for stop in trip["stops"]] for trip in route["trips"]]


async def test_a_planned_route_fits_by_its_stops_and_by_its_orders(village, plan, check):
    for route in plan["routes"]:
        courier = route["courier_id"]
        orders = [
            [order for stop in trip["stops"] for order in stop["order_ids"]]
            for trip in route["trips"]
        ]
        by_stops = await check(courier_id=courier, trips=planned(route))
        by_orders = await check(courier_id=courier, trips=orders)
        assert by_stops.status_code == 200, by_stops.text
        told = by_stops.json()
        assert told == by_orders.json()
        assert told["fits"]
        assert told["change"] == {"distance_m": 0, "duration_s": 0, "cost_fen": 0, "orders": 0}
        stop = told["trips"][0]["stops"][0]
        assert stop["arrive_at"] == route["trips"][0]["stops"][0]["arrive_at"]


async def test_a_route_that_cannot_be_driven_is_an_answer(village, plan, check):
    route = plan["routes"][0]
    leave = {"leave_at": "2026-11-11T18:00:00+08:00"}
    told = await check(courier_id=route["courier_id"], trips=planned(route), **leave)
    assert told.status_code == 200
    assert not told.json()["fits"]
    rules = {each["rule"] for each in told.json()["violations"]}
    assert rules >= {"shift", "due"}


async def test_a_check_leaves_no_trace(village, plan, check):
    before = (await village.call("GET", f"/v1/status?{DAY}")).json()["as_of"]
    await check(courier_id="c1", trips=[["o001"]])
    after = (await village.call("GET", f"/v1/status?{DAY}")).json()["as_of"]
    assert before == after


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"courier_id": "c7", "trips": []}, "/courier_id", "courier-unknown"),
        ({"courier_id": "c1", "trips": [["nobody"]]}, "/trips/0/0", "order-unknown"),
        ({"courier_id": "c1", "trips": [["o001"], ["o002", "o001"]]}, "/trips/1/1", "duplicate-id"),
        ({"courier_id": "c1", "trips": [[99]]}, "/trips/0/0", "stop-unknown"),
        (
            {"courier_id": "c1", "trips": [], "leave_at": "2026-11-13T09:00:00+08:00"},
            "/leave_at",
            "not-this-day",
        ),
    ],
)
async def test_what_is_not_there_is_named_by_its_pointer(check, body, pointer, code):
    answer = await check(**body)
    assert (answer.status_code, answer.json()["code"]) == (422, "route-refused")
    (found,) = answer.json()["problems"]
    assert (found["pointer"], found["code"]) == (pointer, code)


async def test_a_plan_of_another_company_is_unknown(check, stranger):
    answer = await check(stranger, courier_id="c1", trips=[])
    assert (answer.status_code, answer.json()["code"]) == (404, "plan-unknown")


async def test_no_courier_and_no_dashboard_may_ask(village, plan):
    for role in ("courier", "dashboard", "point"):
        for what in ("check", "what-if"):
            path = f"/v1/plans/{plan['plan_id']}/{what}"
            answer = await village.call("POST", path, role=role, json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "role-not-allowed")
