"""Parcels between villages over HTTP: taken in, planned, compared and exported; what a running day does with them."""

from datetime import UTC, datetime

import pytest

DAY = "day=2026-11-11"
SENT = {"order_id": "sent", "household_id": "h3", "pieces": 2, "weight_g": 4000}


@pytest.fixture
def clock_settings():
    """Half past seven of the day when the test begins, before anybody leaves."""
    starts_at = datetime(2026, 11, 10, 23, 30, tzinfo=UTC)
    return {"clock_start": starts_at, "clock_started": datetime.now(UTC)}


async def send(village, *orders):
    answer = await village.call("POST", f"/v1/orders?{DAY}", json={"orders": orders})
    assert answer.status_code == 200, answer.text
    return {each["id"]: each for each in answer.json()["results"]}


async def planned(village):
    answer = await village.call("POST", f"/v1/plans?{DAY}", json={"budget_s": 1, "seed": 1})
    path = answer.headers["location"]
    await village.call("GET", f"{path}/events", timeout=200)
    job = (await village.call("GET", path)).json()
    assert job["state"] == "succeeded", job
    return (await village.call("GET", f"/v1/plans/{job['plan_id']}")).json()


def ends_of(plan, order_id):
    """Courier, trip and number of the stop where it is picked up, and of that where it is dropped."""
    picked, dropped = [], []
    for route in plan["routes"]:
        for number, trip in enumerate(route["trips"]):
            for stop in trip["stops"]:
                at = (route["courier_id"], number, stop["seq"])
                picked += [at] * stop["order_ids"].count(order_id)
                dropped += [at for each in stop["dropped"] if each["order_id"] == order_id]
    return picked, dropped


async def refused_so(village, path, body=None, **headers):
    answer = await village.call("POST", path, json=body or {}, headers=headers)
    assert answer.status_code == 409, answer.text
    return answer.json()["code"]


async def test_a_parcel_goes_from_door_to_door_in_one_trip(village, worker):
    drop = {"household_id": "h16", "windows": [], "service_s": 120, "note": "侧门"}
    told = await send(village, SENT | {"drop": drop})
    assert told["sent"]["outcome"] == "created"
    assert (await send(village, SENT | {"drop": drop}))["sent"]["outcome"] == "unchanged"
    assert (await send(village, SENT))["sent"]["outcome"] == "conflict"
    plan = await planned(village)
    assert plan["unserved"] == []
    assert (plan["figures"]["served"], plan["figures"]["dropped"]) == (21, 1)
    (picked,), (dropped,) = ends_of(plan, "sent")
    assert picked[:2] == dropped[:2]
    assert picked[2] < dropped[2]
    (route,) = [each for each in plan["routes"] if each["courier_id"] == picked[0]]
    trip = route["trips"][picked[1]]
    (stop,) = [each for each in trip["stops"] if each["seq"] == dropped[2]]
    assert (stop["household_ids"], stop["notes"]) == (["h16"], ["侧门"])
    assert stop["dropped"][0]["amount"] == {"pieces": 2, "weight_g": 4000, "volume_ml": 0}
    loads = [each["on_board"]["pieces"] for each in trip["stops"]]
    assert loads[-1] == trip["pieces"]
    assert sum(each["orders"] for each in plan["departures"]) == 20

    path = f"/v1/plans/{plan['plan_id']}"
    table = await village.call("GET", f"{path}/export?format=csv")
    (line,) = [each for each in table.text.splitlines() if each.startswith("sent,")]
    assert stop["title"] in line
    features = (await village.call("GET", f"{path}/export?format=geojson")).json()["features"]
    told = [each["properties"].get("dropped_order_ids") for each in features]
    assert ["sent"] in told

    what_if = {"budget_s": 0.5, "orders": {"change": [{"order_id": "sent", "pieces": 3}]}}
    answer = (await village.call("POST", f"{path}/what-if", json=what_if, timeout=200)).json()
    assert answer["newly_unserved"] == []
    (picked,), (dropped,) = ends_of(answer["plan"], "sent")
    assert picked[:2] == dropped[:2]
    assert picked[2] < dropped[2]

    assert await refused_so(village, f"{path}/publish", **{"If-Match": "*"}) == "plan-has-drops"
    commands = {"commands": [{"do": "lock", "order_ids": ["o001"]}]}
    assert await refused_so(village, f"{path}/moves", commands) == "plan-has-drops"
    assert await refused_so(village, f"{path}/reoptimise", {"level": "all"}) == "plan-has-drops"
    trips = [[stop["seq"] for stop in trip["stops"]] for trip in route["trips"]]
    body = {"courier_id": route["courier_id"], "trips": trips}
    checked = (await village.call("POST", f"{path}/check", json=body)).json()
    assert (checked["fits"], checked["left"], checked["joined"]) == (True, [], [])
    told = [each["dropped"] for trip in checked["trips"] for each in trip["stops"]]
    assert told.count(["sent"]) == 1
    body["trips"][picked[1]].reverse()
    answer = await village.call("POST", f"{path}/check", json=body)
    assert answer.status_code == 422
    assert [each["code"] for each in answer.json()["problems"]] == ["drop-before-pickup"]


@pytest.mark.parametrize(
    ("facts", "column", "code"),
    [
        ({"drop": {"household_id": "nobody"}}, "/drop/household_id", "household-unknown"),
        ({"drop": {"point_id": "nowhere"}}, "/drop/point_id", "point-unknown"),
        ({"drop": {"household_id": "h3"}}, "/drop/household_id", "drop-where-picked-up"),
        (
            {"drop": {"household_id": "h4"}, "cut_off_at": "2026-11-11T12:30:00+08:00"},
            "/cut_off_at",
            "drop-with-cut-off",
        ),
        ({"drop": {"household_id": "h4"}, "points": ["p1"]}, "/points", "drop-with-points"),
        ({"drop": {"household_id": "h4"}, "joint": {"joint_id": "j"}}, "/joint", "drop-with-joint"),
        (
            {
                "ready_at": "2026-11-11T12:00:00+08:00",
                "drop": {
                    "household_id": "h4",
                    "windows": [
                        {
                            "earliest_at": "2026-11-11T09:00:00+08:00",
                            "latest_at": "2026-11-11T10:00:00+08:00",
                        }
                    ],
                },
            },
            "/drop/windows",
            "drop-before-pickup",
        ),
        ({"drop": {}}, "/drop", "not-valid"),
        ({"drop": {"house": "h4"}}, "/drop/house", "unknown-field"),
    ],
)
async def test_a_drop_that_cannot_be_is_refused_and_stops_no_other_order(
    village, facts, column, code
):
    told = await send(village, SENT | facts, {"order_id": "good", "household_id": "h5"})
    assert (told["sent"]["column"], told["sent"]["code"]) == (column, code)
    assert told["good"]["outcome"] == "created"


async def test_a_what_if_holds_drops_to_the_same_rules(village, worker):
    plan = await planned(village)
    path = f"/v1/plans/{plan['plan_id']}/what-if"
    add = [
        SENT | {"drop": {"household_id": "nobody"}},
        SENT | {"order_id": "other", "drop": {"household_id": "h3"}},
    ]
    answer = await village.call("POST", path, json={"orders": {"add": add}}, timeout=200)
    assert answer.status_code == 422
    assert {(each["pointer"], each["code"]) for each in answer.json()["problems"]} == {
        ("/orders/add/0/drop/household_id", "household-unknown"),
        ("/orders/add/1/drop/household_id", "drop-where-picked-up"),
    }


@pytest.mark.parametrize(
    ("trips", "problem"),
    [
        ([["o001", "sent", "o002", "sent"]], None),
        ([["o001", "sent"]], ("/trips/0/1", "order-is-dropped")),
        ([["sent"], ["sent"]], ("/trips/1/0", "duplicate-id")),
        ([["sent", "sent", "sent"]], ("/trips/0/2", "duplicate-id")),
        ([["o001", "o001"]], ("/trips/0/0", "duplicate-id")),
    ],
)
async def test_a_check_by_hand_names_an_order_again_where_it_is_dropped(
    village, worker, trips, problem
):
    plan = await planned(village)
    await send(village, SENT | {"drop": {"household_id": "h16"}})
    body = {"courier_id": "c1", "trips": trips}
    answer = await village.call("POST", f"/v1/plans/{plan['plan_id']}/check", json=body)
    if problem is None:
        assert answer.status_code == 200, answer.text
        (trip,) = answer.json()["trips"]
        assert [each["pieces"] for each in trip["stops"]] == [1, 3, 4, 2]
        assert answer.json()["joined"] == ["sent"]
    else:
        assert answer.status_code == 422
        told = [(each["pointer"], each["code"]) for each in answer.json()["problems"]]
        assert problem in told


async def test_a_running_day_takes_in_nothing_that_is_dropped_and_leaves_the_rest_alone(
    village, worker
):
    plan = await planned(village)
    # Before any plan is in force it is taken in, and a plan that was made earlier knows nothing of it.
    told = await send(village, SENT | {"drop": {"household_id": "h16"}})
    assert told["sent"]["outcome"] == "created"
    path = f"/v1/plans/{plan['plan_id']}/publish"
    answer = await village.call("POST", path, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    later = SENT | {"order_id": "later", "drop": {"household_id": "h16"}}
    told = await send(village, later, {"order_id": "plain", "household_id": "h5"})
    assert (told["later"]["outcome"], told["later"]["code"]) == ("refused", "drop-in-running-day")
    assert "without drop" in told["later"]["detail"]
    assert told["plain"]["outcome"] == "created"
    orders = (await village.call("GET", f"/v1/orders/later?{DAY}")).status_code
    assert orders == 404
    again = await planned(village)
    (left,) = again["unserved"]
    assert (left["order_id"], left["reason"]) == ("sent", "drop-in-running-day")
    assign = {"commands": [{"do": "assign", "order_ids": ["sent"], "courier_id": "c1"}]}
    answer = None
    while answer is None or answer.json()["code"] == "plan-stale":  # the day goes on meanwhile
        current = (await village.call("GET", f"/v1/plans/current?{DAY}")).json()["plan_id"]
        answer = await village.call("POST", f"/v1/plans/{current}/moves", json=assign)
    assert answer.status_code == 422, answer.text
    assert "drop-in-running-day" in answer.text


async def test_notes_about_a_drop_are_not_for_screens_on_walls(village):
    await send(village, SENT | {"drop": {"household_id": "h16", "note": "张三收"}})
    for role, note in (("dispatcher", "张三收"), ("dashboard", "")):
        record = await village.call("GET", f"/v1/orders/sent?{DAY}", role=role)
        assert record.json()["order"]["drop"]["note"] == note
