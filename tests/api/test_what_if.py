"""What-if through HTTP and a real worker: compared with the plan, and of no trace in the day."""

import asyncio
import json

import pytest

from dispatch.settings import Settings
from dispatch.worker import run_worker

DAY = "day=2026-11-11"


@pytest.fixture
def fleet_json(fleet_json):
    """With prices: a day that costs nothing is never dearer."""
    fleet = json.loads(fleet_json)
    for model in fleet["vehicle_models"]:
        model |= {"fixed_cost_yuan": 20, "cost_per_km_yuan": 1, "cost_per_hour_yuan": 25}
    return json.dumps(fleet, ensure_ascii=False)


@pytest.fixture
async def plan(village, worker):
    answer = await village.call("POST", f"/v1/plans?{DAY}", json={"budget_s": 1, "seed": 1})
    path = answer.headers["location"]
    await village.call("GET", f"{path}/events", timeout=200)
    job = (await village.call("GET", path)).json()
    return (await village.call("GET", f"/v1/plans/{job['plan_id']}")).json()


async def what_if(village, plan, **changes):
    path = f"/v1/plans/{plan['plan_id']}/what-if"
    return await village.call(
        "POST", path, json={"budget_s": 0.5, "seed": 1} | changes, timeout=200
    )


async def told(village, plan, **changes):
    answer = await what_if(village, plan, **changes)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def everything(village):
    """All that a day has to show."""
    paths = (f"/v1/status?{DAY}", f"/v1/plans?{DAY}", f"/v1/orders?{DAY}", "/v1/fleet")
    seen = [(await village.call("GET", path)).json() for path in paths]
    seen[0].pop("now_at", None)
    return seen


async def test_without_changes_it_is_no_dearer_and_touches_nothing(village, plan):
    before = await everything(village)
    answer = await told(village, plan)
    assert 0 < answer["after"]["cost_fen"] <= plan["figures"]["cost_fen"]
    assert answer["before"] == plan["figures"]
    assert answer["after"]["served"] == 20
    assert (answer["newly_served"], answer["newly_unserved"], answer["gone"]) == ([], [], [])
    assert await everything(village) == before


async def test_the_new_plan_comes_whole_and_cannot_be_published(village, plan):
    answer = await told(village, plan, orders={"cancel": ["o003"]})
    other = answer["plan"]
    assert other.keys() == plan.keys()
    assert other["figures"] == answer["after"]
    assert other["routes"][0]["trips"][0]["stops"][0]["leg"]["polyline6"]
    assert (other["plan_id"], other["version"]) == ("shaji.2026-11-11.what-if", 0)
    path = f"/v1/plans/{other['plan_id']}/publish"
    answer = await village.call("POST", path, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (422, "id-malformed")


async def test_the_differences_are_those_of_the_two_plans(village, plan):
    orders = {
        "cancel": ["o003"],
        "add": [
            {"order_id": "new", "household_id": "h7"},
            {"order_id": "cold", "household_id": "h7", "handling": ["cold"]},
        ],
    }
    answer = await told(village, plan, orders=orders)
    before, after = answer["before"], answer["after"]
    for name in ("cost_fen", "distance_m", "duration_s", "couriers", "stops", "served"):
        assert answer["difference"][name] == after[name] - before[name], name
    assert answer["difference"]["unserved"] == 1
    assert answer["newly_served"] == ["new"]
    assert answer["gone"] == ["o003"]
    (left,) = answer["newly_unserved"]
    assert (left["order_id"], left["reason"]) == ("cold", "skill-missing")


def carriers(plan):
    return {
        order: route["courier_id"]
        for route in plan["routes"]
        for trip in route["trips"]
        for stop in trip["stops"]
        for order in stop["order_ids"]
    }


async def test_orders_of_a_courier_who_stays_away_change_courier(village, plan):
    absent = plan["routes"][0]["courier_id"]
    (other,) = {"c1", "c2"} - {absent}
    answer = await told(village, plan, couriers={"remove": [absent]})
    was, would = carriers(plan), carriers(answer["plan"])
    assert set(would.values()) == {other}
    assert {each["order_id"] for each in answer["moved"]} == {
        each for each in would if was.get(each, other) != other
    }
    assert all(
        (each["from_courier"], each["to_courier"]) == (absent, other) for each in answer["moved"]
    )


async def test_earlier_trucks_and_shorter_shifts_hold(village, plan):
    answer = await told(
        village,
        plan,
        departures=["08:40"],
        couriers={
            "change": [{"id": "c1", "shift": "08:10-18:30"}],
            "add": [{"id": "c9", "name": "新人", "vehicle_model": "trike", "shift": "07:00-18:00"}],
        },
    )
    routes = answer["plan"]["routes"]
    assert routes
    for route in routes:
        starts = {"c1": "08:10", "c2": "08:00", "c9": "07:00"}[route["courier_id"]]
        assert route["trips"][0]["leave_at"] >= f"2026-11-11T{starts}:00+08:00"
        assert route["trips"][-1]["back_at"] <= "2026-11-11T08:40:00+08:00"


async def test_a_changed_order_keeps_what_was_not_said_of_it(village, plan):
    place = {"lon": 118.1125, "lat": 33.8902}
    changes = [
        {"order_id": "o001", "pieces": 7},
        {"order_id": "o019", "place": place},
        {"order_id": "o002", "ready_at": "2026-11-11T15:00:00+08:00"},
    ]
    answer = await told(village, plan, orders={"change": changes})
    stops = {
        order: stop
        for route in answer["plan"]["routes"]
        for trip in route["trips"]
        for stop in trip["stops"]
        for order in stop["order_ids"]
    }
    assert (stops["o001"]["pieces"], stops["o001"]["weight_g"]) == (7, 3000)
    assert (stops["o019"]["kind"], stops["o019"]["point_id"]) == ("place", None)
    assert stops["o002"]["begin_at"] >= "2026-11-11T15:00:00+08:00"


async def test_an_order_that_would_be_late_says_which_departure_it_takes(village, plan):
    impossible = {"order_id": "o003", "cut_off_at": "2026-11-11T08:01:00+08:00"}
    answer = await told(village, plan, orders={"change": [impossible]})
    assert [each["order_id"] for each in answer["newly_unserved"]] == ["o003"]
    answer = await told(village, plan, orders={"change": [{**impossible, "late_cost_fen": 100}]})
    (stop,) = [
        stop
        for route in answer["plan"]["routes"]
        for trip in route["trips"]
        for stop in trip["stops"]
        if "o003" in stop["order_ids"]
    ]
    (late,) = stop["late"]
    assert late["cost_fen"] == 100 * late["departures"]
    assert answer["difference"]["late"] == answer["after"]["late"] == 1
    assert sum(each["late"] for each in answer["plan"]["departures"]) == 1


BAD = [
    ({"orders": {"cancel": ["nobody"]}}, "/orders/cancel/0", "order-unknown"),
    ({"orders": {"cancel": ["o001", "o001"]}}, "/orders/cancel/1", "duplicate-id"),
    ({"orders": {"change": [{"order_id": "nobody"}]}}, "/orders/change/0", "order-unknown"),
    (
        {"orders": {"change": [{"order_id": "o001", "household_id": "nobody"}]}},
        "/orders/change/0/household_id",
        "household-unknown",
    ),
    (
        {"orders": {"change": [{"order_id": "o001", "ready_at": "2026-11-13T09:00:00+08:00"}]}},
        "/orders/change/0/ready_at",
        "not-this-day",
    ),
    (
        {"orders": {"change": [{"order_id": "o001", "pieces": None}]}},
        "/orders/change/0/pieces",
        "not-valid",
    ),
    (
        {
            "orders": {
                "add": [
                    {
                        "order_id": "new",
                        "household_id": "h1",
                        "ready_at": "2026-11-11T12:00:00+08:00",
                        "cut_off_at": "2026-11-11T11:00:00+08:00",
                    }
                ]
            }
        },
        "/orders/add/0/ready_at",
        "ready-after-cut-off",
    ),
    (
        {"orders": {"add": [{"order_id": "o001", "household_id": "h9"}]}},
        "/orders/add/0",
        "order-differs",
    ),
    ({"couriers": {"remove": ["c7"]}}, "/couriers/remove/0", "fleet-invalid"),
    ({"couriers": {"remove": ["c1", "c2"]}}, "/couriers/remove", "fleet-invalid"),
    (
        {"couriers": {"change": [{"id": "c1", "shift": "late"}]}},
        "/couriers/change/0/shift",
        "fleet-invalid",
    ),
    (
        {"couriers": {"change": [{"id": "c1", "vehicle_model": "tank"}]}},
        "/couriers/change/0/vehicle_model",
        "fleet-invalid",
    ),
    (
        {"couriers": {"change": [{"id": "c1", "shfit": "08:00-09:00"}]}},
        "/couriers/change/0/shfit",
        "fleet-invalid",
    ),
    ({"couriers": {"add": [{"id": "c1"}]}}, "/couriers/add/0/name", "fleet-invalid"),
    (
        {
            "couriers": {
                "add": [{"id": "c1", "name": "", "vehicle_model": "trike", "shift": "8:00-9:00"}]
            }
        },
        "/couriers/add/0/id",
        "fleet-invalid",
    ),
    ({"departures": []}, "/departures", "fleet-invalid"),
]


async def test_every_bad_change_is_named_by_its_pointer_and_code(village, plan):
    for changes, pointer, code in BAD:
        answer = await what_if(village, plan, **changes)
        assert (answer.status_code, answer.json()["code"]) == (422, "changes-refused"), changes
        found = {(each["pointer"], each["code"]) for each in answer.json()["problems"]}
        assert (pointer, code) in found, (changes, found)


async def test_all_bad_changes_are_told_at_once(village, plan):
    changes = {
        "orders": {"cancel": ["x"], "change": [{"order_id": "y"}]},
        "couriers": {"remove": ["z"]},
    }
    problems = (await what_if(village, plan, **changes)).json()["problems"]
    assert len(problems) == 3


async def test_a_collected_order_can_change_no_more(village, plan):
    event = {
        "kind": "collected",
        "event_id": "e1",
        "courier_id": "c1",
        "order_ids": ["o001"],
        "at": "2026-11-11T09:00:00+08:00",
    }
    await village.call("POST", f"/v1/events?{DAY}", json={"events": [event]})
    for changes in ({"cancel": ["o001"]}, {"change": [{"order_id": "o001", "pieces": 2}]}):
        (found,) = (await what_if(village, plan, orders=changes)).json()["problems"]
        assert (found["code"], found["id"]) == ("order-closed", "o001")
    assert (await told(village, plan))["gone"] == ["o001"]


async def test_to_cancel_what_is_cancelled_changes_nothing(village, plan):
    await village.call("POST", f"/v1/orders/o001/cancel?{DAY}", json={})
    answer = await told(village, plan, orders={"cancel": ["o001"]})
    assert answer["gone"] == ["o001"]


async def test_a_misspelt_change_is_refused_by_name(village, plan):
    answer = await what_if(village, plan, order={})
    assert answer.json()["errors"][0]["pointer"] == "/order"


async def test_a_plan_of_another_company_is_unknown(stranger, village, plan):
    answer = await what_if(stranger, plan)
    assert (answer.status_code, answer.json()["code"]) == (404, "plan-unknown")


async def test_an_answer_that_takes_longer_is_read_where_it_says(
    village, stranger, plan, monkeypatch
):
    monkeypatch.setattr("dispatch.operations.GRACE_S", -1.0)
    answer = await what_if(village, plan, budget_s=1)
    assert (answer.status_code, answer.json()["detail"][:16]) == (202, "all workers are ")
    path = answer.headers["location"]
    assert (await stranger.call("GET", path)).json()["code"] == "question-unknown"
    while (answer := await village.call("GET", path)).status_code == 202:  # noqa: ASYNC110 (asks as a client would)
        await asyncio.sleep(0.1)
    assert answer.json()["plan"]["version"] == 0


async def test_without_a_worker_it_says_so(village, monkeypatch, server):
    monkeypatch.setattr("dispatch.operations.GRACE_S", 0.0)
    stop = asyncio.Event()
    settings = Settings(redis_url=server.url, roads=village.client.app.state.settings.roads)
    running = asyncio.create_task(run_worker(settings, stop=stop))
    job = await village.call("POST", f"/v1/plans?{DAY}", json={"budget_s": 0.5})
    path = job.headers["location"]
    await village.call("GET", f"{path}/events", timeout=200)
    stop.set()
    await running
    plan = (await village.call("GET", path)).json()
    answer = await what_if(village, plan)
    assert (answer.status_code, answer.json()["code"]) == (503, "no-worker")
    assert "cunlu worker" in answer.json()["detail"]
