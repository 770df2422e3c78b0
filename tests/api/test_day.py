"""A whole day through HTTP: files in, a plan by a real worker, the road, the board, the stream."""

import json
from datetime import datetime

import pytest

DAY = "day=2026-11-11"


async def planned(company, **wish):
    """Ask for a plan and wait for its job to end, by the job's own stream."""
    answer = await company.call(
        "POST", f"/v1/plans?{DAY}", json={"budget_s": 1.5, "seed": 1} | wish
    )
    assert answer.status_code == 202, answer.text
    path = answer.headers["location"]
    events = (await company.call("GET", f"{path}/events", timeout=200)).text
    job = (await company.call("GET", path)).json()
    assert job["state"] == "succeeded", job
    return job, events


@pytest.mark.timeout(300)
async def test_a_day_from_orders_to_the_last_pickup(village, worker):
    job, told = await planned(village)
    assert "event: plan-drafted" in told

    # The draft is seen, then published as it was seen.
    plan_path = f"/v1/plans/{job['plan_id']}"
    draft = await village.call("GET", plan_path)
    assert draft.headers["cunlu-published"] == "false"
    plan = draft.json()
    assert plan["figures"]["served"] == 20
    wrong = await village.call("POST", f"{plan_path}/publish", headers={"If-Match": '"other"'})
    assert wrong.json()["code"] == "etag-mismatch"
    publish = {"headers": {"If-Match": draft.headers["etag"]}}
    assert (await village.call("POST", f"{plan_path}/publish", **publish)).status_code == 200
    current = await village.call("GET", f"/v1/plans/current?{DAY}")
    assert current.content == draft.content
    unchanged = await village.call(
        "GET", plan_path, headers={"If-None-Match": draft.headers["etag"]}
    )
    assert (unchanged.status_code, unchanged.content) == (304, b"")

    # A courier reads its route; a dashboard reads it masked.
    courier = plan["routes"][0]["courier_id"]
    path = f"/v1/couriers/{courier}/route?{DAY}"
    route = await village.call("GET", path)
    assert (
        await village.call("GET", path, headers={"If-None-Match": route.headers["etag"]})
    ).status_code == 304
    contacts = route.json()["contacts"]
    stop = route.json()["route"]["trips"][0]["stops"][0]
    masked = (await village.call("GET", path, role="dashboard")).json()["contacts"]
    assert {each["phone"] for each in contacts.values()}.isdisjoint(
        each["phone"] for each in masked.values() if each["phone"]
    )

    # It reports; twice is once; the board knows.
    before = (await village.call("GET", f"/v1/status?{DAY}")).json()
    events = [
        {
            "kind": kind,
            "event_id": f"{kind}-{stop['seq']}",
            "courier_id": courier,
            "order_ids": stop["order_ids"],
            "at": stop["begin_at"] if kind == "arrived" else stop["depart_at"],
        }
        for kind in ("collected", "arrived")
    ]
    for outcome in ("recorded", "duplicate"):
        answer = await village.call("POST", f"/v1/events?{DAY}", json={"events": events})
        assert answer.json()["counts"] == {outcome: 2}
    board = (await village.call("GET", f"/v1/status?{DAY}")).json()
    assert board["figures"]["stops_done"] == before["figures"]["stops_done"] + 1
    assert board["figures"]["orders_collected"] == len(stop["order_ids"])
    order = (await village.call("GET", f"/v1/orders/{stop['order_ids'][0]}?{DAY}")).json()
    assert order["status"] == "collected"
    taken = await village.call("POST", f"/v1/orders/{stop['order_ids'][0]}/cancel?{DAY}", json={})
    assert (taken.status_code, taken.json()["code"]) == (409, "order-closed")

    # So does a second phone of the courier.
    path = f"/v1/couriers/{courier}/progress?{DAY}"
    shift = (await village.call("GET", path)).json()
    assert shift["fates"].keys() == set(stop["order_ids"])
    assert shift["route"]["stops_done"] == 1
    own = await village.call("GET", f"/v1/couriers/me/progress?{DAY}", role="courier")
    drives = "c1" in {each["courier_id"] for each in plan["routes"]}
    assert own.status_code == (200 if drives else 404)
    foreign = await village.call("GET", f"/v1/couriers/c2/progress?{DAY}", role="courier")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "route-unknown")

    # The keeper of the point knows who comes.
    arrivals = (await village.call("GET", f"/v1/points/p1/arrivals?{DAY}", role="point")).json()
    assert [each["order_ids"] for each in arrivals["arrivals"]] == [["o019"]]

    # Exports carry the day away.
    export = f"{plan_path}/export?format="
    geojson = (await village.call("GET", f"{export}geojson")).json()
    kinds = [each["properties"]["kind"] for each in geojson["features"]]
    assert kinds.count("stop") == plan["figures"]["stops"]
    gpx = await village.call("GET", f"{export}gpx&courier={courier}")
    assert gpx.text.startswith("<?xml")
    assert (await village.call("GET", f"{export}gpx")).json()["code"] == "courier-needed"
    assert "o000" in (await village.call("GET", f"{export}csv")).text

    # A second plan on the old state is stale once a third is published.
    second, _ = await planned(village, budget_s=0.2)
    third, _ = await planned(village, budget_s=0.2)
    for job, status in ((third, 200), (second, 409)):
        path = f"/v1/plans/{job['plan_id']}"
        etag = (await village.call("GET", path)).headers["etag"]
        answer = await village.call("POST", f"{path}/publish", headers={"If-Match": etag})
        assert answer.status_code == status
    assert answer.json()["winner"] == third["plan_id"]
    plans = (await village.call("GET", f"/v1/plans?{DAY}")).json()["plans"]
    assert [each["published"] for each in sorted(plans, key=lambda each: each["version"])] == [
        False,
        False,
        True,
    ]


async def test_a_cancelled_job_that_never_began_is_over(village):
    wish = {"json": {"budget_s": 5}}
    job = (await village.call("POST", f"/v1/plans?{DAY}", **wish)).json()
    path = f"/v1/jobs/{job['job_id']}"
    assert (await village.call("POST", f"{path}/cancel")).json()["state"] == "cancelled"
    told = (await village.call("GET", f"{path}/events")).text
    assert "planning-failed" in told
    last = told.rpartition("id: ")[2].partition("\n")[0]
    after = await village.call("GET", f"{path}/events", headers={"Last-Event-ID": last})
    assert "event:" not in after.text
    wrong = await village.call("GET", f"{path}/events", headers={"Last-Event-ID": "x"})
    assert wrong.json()["code"] == "stream-id-malformed"


async def test_a_key_knows_whom_it_speaks_for(village):
    me = (await village.call("GET", "/v1/me", role="courier")).json()
    assert (me["role"], me["subject"]) == ("courier", "c1")
    assert me["depots"][0]["name"] == "沙集网点"
    assert datetime.fromisoformat(me["now_at"]).tzinfo


async def test_a_board_without_a_plan_says_how_many_orders_wait(village):
    board = (await village.call("GET", f"/v1/status?{DAY}")).json()
    assert board["plan_id"] is None
    assert board["figures"]["orders_total"] == 20
    assert json.dumps(board)
