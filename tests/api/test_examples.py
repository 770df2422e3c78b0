"""
The examples of the API's description are answers of a real day, and stay like them.

After an answer has changed, record them anew: CUNLU_RECORD=1 pytest tests/api/test_examples.py
"""

import asyncio
import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from redis.exceptions import ConnectionError as RedisConnectionError

from api import (
    addresses,
    amounts,
    closures,
    departures,
    etas,
    isochrones,
    moves,
    orders,
    plans,
    points,
    positions,
    questions,
    registry,
    reoptimising,
    road,
    route_check,
    running,
    stream,
    waves,
    webhooks,
    what_if,
)
from api.auth import MAY
from api.errors import _store_away
from dispatch.days import DepotDay, DepotId
from dispatch.webhooks import DeadLetter

EXAMPLES = Path(__file__).parents[2] / "api" / "examples.json"
DAY = "day=2026-11-11"
PARTS = (
    addresses,
    amounts,
    closures,
    etas,
    departures,
    isochrones,
    moves,
    orders,
    plans,
    points,
    positions,
    questions,
    registry,
    reoptimising,
    road,
    route_check,
    running,
    stream,
    waves,
    webhooks,
    what_if,
)
LISTED = 2
"""Items of a list that an example shows."""


JOINT = {"joint_id": "L-7", "rules": ["same-trip", "all-or-nothing"]}


BY_ID = {"cursors", "fates", "contacts", "couriers", "models", "counts"}
"""Members whose own members are as many as there are ids."""


def short(value, name=""):
    """`value` with its lists of records cut, so that a reader sees its shape."""
    if isinstance(value, list):
        # Numbers belong together: bounds, a position. Results differ: one of each outcome.
        numbers = all(isinstance(each, int | float) for each in value)
        shown = value if numbers or name == "results" else value[:LISTED]
        return [short(each) for each in shown]
    if isinstance(value, dict):
        shown = list(value.items())[: LISTED if name in BY_ID - {"counts"} else None]
        return {key: short(each, key) for key, each in shown}
    return value


def same(example, answer, path=""):
    """Paths at which two shapes differ; empty lists and None say nothing of what they may hold."""
    if example is None or answer is None or [] in (example, answer) or {} in (example, answer):
        return
    if isinstance(example, dict) and isinstance(answer, dict):
        if path.rpartition("/")[2] in BY_ID:
            yield from same(next(iter(example.values())), next(iter(answer.values())), path + "/*")
            return
        for key in example.keys() | answer.keys():
            if (key in example) != (key in answer):
                yield f"{path}/{key}"
            else:
                yield from same(example[key], answer[key], f"{path}/{key}")
    elif isinstance(example, list) and isinstance(answer, list):
        yield from same(example[0], answer[0], path + "/0")
    elif isinstance(example, int | float) != isinstance(answer, int | float) or (
        isinstance(example, str) != isinstance(answer, str)
    ):
        yield path


def beginning(text):
    """The first lines of a text, a stream's to the end of an event."""
    return "\n".join(text.splitlines()[:12]) + "\n"


async def first_lines(address, path, key):
    """The first lines of an endless answer, by media type."""
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx.AsyncClient(timeout=10) as client,
        client.stream("GET", f"{address}{path}", headers=headers) as answer,
    ):
        lines = answer.aiter_lines()
        text = "\n".join([await anext(lines) for _ in range(12)]) + "\n"
        return {answer.headers["content-type"].partition(";")[0]: text}


async def problems(company, collected):
    """A problem of every status that every operation may answer with."""
    answers = [
        await company.client.get("/v1/me"),
        await company.call("GET", "/v1/orders", role="courier"),
        await company.call("GET", f"/v1/orders/nobody?{DAY}"),
        await company.call("POST", f"/v1/orders/{collected}/cancel?{DAY}", json={}),
        await company.call("GET", "/v1/orders?day=someday"),
    ]
    told = {str(each.status_code): each.json() for each in answers}
    away = await _store_away(None, RedisConnectionError())
    return told | {str(away.status_code): json.loads(away.body)}


async def a_dead_letter(company, path):
    """What is answered of a message that was put aside a day ago; nobody can wait for one here."""
    day = DepotDay(company.company_id, DepotId("shaji"), date(2026, 11, 11))
    at = datetime(2026, 11, 11, 2, tzinfo=UTC)
    letter = DeadLetter(
        message_id="shaji.2026-11-11.1794362400000-0",
        day=day.day,
        stream_id="1794362400000-0",
        kind="collected",
        tries=28,
        first_at=at,
        dead_at=at + timedelta(days=1),
        why="answered 500",
    )
    store = company.client.app.state.deps.store
    await store.webhooks.settle(
        day,
        path.rpartition("/")[2],
        before="0-0",
        after="1794362400000-0",
        dead=(letter.message_id, msgspec.json.encode(letter)),
    )
    listed = await company.call("GET", f"{path}/dead-letters")
    again = await company.call("POST", f"{path}/dead-letters/{letter.message_id}/resend")
    assert again.status_code == 202
    return ({"application/json": short(each.json())} for each in (listed, again))


async def a_day(company, fleet_json, served):
    """Every operation once, with its answer by media type."""
    told = {}

    async def call(operation, method, path, **more):
        answer = await company.call(method, path, **more)
        assert answer.status_code in (200, 201, 202), f"{operation}: {answer.text}"
        media_type = answer.headers["content-type"].partition(";")[0]
        is_json = media_type.endswith("json")
        value = short(answer.json()) if is_json else beginning(answer.text)
        told.setdefault(operation, {})[media_type] = value
        return answer

    household = {"household_id": "h90", "village": "东风", "name": "赵小九", "address": "7组"}
    await call("change_households", "POST", "/v1/households", json={"households": [household]})
    where = {"place": {"lon": 118.112, "lat": 33.889}}
    await call("place_household", "PUT", "/v1/households/h90/place", json=where)
    await call("list_households", "GET", "/v1/households")
    point = {"point_id": "p2", "name": "兴国代收点", "place": {"lon": 118.115, "lat": 33.895}}
    await call("change_points", "POST", "/v1/points", json={"points": [point]})
    await call("list_points", "GET", "/v1/points")
    await call("read_fleet", "GET", "/v1/fleet")
    await call("replace_fleet", "PUT", "/v1/fleet", content=fleet_json)
    while not company.client.app.state.deps.roads.is_loaded:  # noqa: ASYNC110 (loading offers no event)
        await asyncio.sleep(0.01)
    lane = [{"lon": 118.106, "lat": 33.885}, {"lon": 118.109, "lat": 33.885}]
    closure = {"line": lane, "until_at": "2099-11-11T18:00:00+08:00", "reason": "桥面积水"}
    added = (await call("add_closure", "POST", "/v1/closures", json=closure)).json()
    await call("list_closures", "GET", "/v1/closures")
    await call("remove_closure", "DELETE", f"/v1/closures/{added['closure_id']}")
    orders = [
        {"order_id": "o900", "household_id": "h1", "pieces": 2},
        {"order_id": "o901", "address": "东风村桥头修车铺"},
        {"order_id": "o902", "household_id": "nobody"},
        {"order_id": "o903", "household_id": "h2", "joint": JOINT},
        {"order_id": "o904", "household_id": "h4", "joint": {"joint_id": "L-7"}},
    ]
    await call("create_orders", "POST", f"/v1/orders?{DAY}", json={"orders": orders})
    await call("list_addresses", "GET", f"/v1/addresses?{DAY}")
    answer = {"household_id": "h3"}
    await call("place_order", "PUT", f"/v1/orders/o901/place?{DAY}", json=answer)
    await call("list_orders", "GET", f"/v1/orders?{DAY}")
    await call("read_order", "GET", f"/v1/orders/o900?{DAY}")
    more = {"pieces": 3, "weight_g": 4000}
    await call("restate_amount", "PUT", f"/v1/orders/o900/amount?{DAY}", json=more)
    option = {"code": "later-truck", "at": "2026-11-11T18:30:00+08:00"}
    await call("take_option", "POST", f"/v1/orders/o900/take?{DAY}", json=option)
    await call("cancel_order", "POST", f"/v1/orders/o900/cancel?{DAY}", json={"reason": "sold"})
    wish = {"budget_s": 1, "seed": 1}
    job = (await call("request_plan", "POST", f"/v1/plans?{DAY}", json=wish)).json()
    await call("follow_job", "GET", f"/v1/jobs/{job['job_id']}/events", timeout=200)
    ended = (await call("read_job", "GET", f"/v1/jobs/{job['job_id']}")).json()
    await call("cancel_job", "POST", f"/v1/jobs/{job['job_id']}/cancel")
    async with served() as (address, _):
        path = f"/v1/events/stream?{DAY}&after=0"
        key = company.keys["dispatcher"]
        told["follow_events"] = await first_lines(address, path, key)
    path = f"/v1/plans/{ended['plan_id']}"
    plan = await call("read_plan", "GET", path)
    firsts = [s["order_ids"][0] for s in plan.json()["routes"][0]["trips"][0]["stops"]]
    whose = plan.json()["routes"][0]["courier_id"]
    moved = {"do": "move", "order_ids": firsts[-1:], "courier_id": whose, "before": firsts[0]}
    await call("make_moves", "POST", f"{path}/moves", json={"commands": [moved], "dry_run": True})
    part = {"level": "all", "couriers": [whose], "budget_s": 0.5}
    await call("reoptimise_plan", "POST", f"{path}/reoptimise", json=part)
    match = {"headers": {"If-Match": plan.headers["etag"]}}
    await call("publish_plan", "POST", f"{path}/publish", **match)
    await call("read_current_plan", "GET", f"/v1/plans/current?{DAY}")
    await call("list_plans", "GET", f"/v1/plans?{DAY}")
    route = plan.json()["routes"][0]
    courier, stop = route["courier_id"], route["trips"][0]["stops"][0]
    changes = {
        "budget_s": 0.5,
        "orders": {"cancel": ["o003"], "add": [{"order_id": "o950", "household_id": "h7"}]},
        "couriers": {"change": [{"id": "c1", "shift": "07:00-18:30"}]},
        "departures": ["12:30", "17:30"],
    }
    asked = await call("ask_what_if", "POST", f"{path}/what-if", json=changes, timeout=200)
    await call("read_question", "GET", asked.headers["content-location"])
    await call("decide_wave", "POST", "/v1/waves/decide", json=waves.EXAMPLE, timeout=200)
    seqs = [each["seq"] for each in route["trips"][0]["stops"]]
    made = {
        "courier_id": courier,
        "trips": [seqs[::-1]],
        "leave_at": "2026-11-11T18:00:00+08:00",
    }
    await call("check_route", "POST", f"{path}/check", json=made)
    for wanted in ("geojson", "csv", f"gpx&courier={courier}"):
        await call("export_plan", "GET", f"{path}/export?format={wanted}")
    await call("read_route", "GET", f"/v1/couriers/{courier}/route?{DAY}")
    event = {
        "kind": "collected",
        "event_id": "7f9c6c1e",
        "courier_id": courier,
        "order_ids": stop["order_ids"],
        "at": stop["depart_at"],
    }
    await call("record_events", "POST", f"/v1/events?{DAY}", json={"events": [event]})
    await call("read_shift", "GET", f"/v1/couriers/{courier}/progress?{DAY}")
    scan = {"event_id": "s-0412", "order_ids": ["o019"], "at": "2026-11-11T09:05:10+08:00"}
    await call("record_scans", "POST", f"/v1/points/p1/scans?{DAY}", json={"scans": [scan]})
    await call("say_full", "POST", f"/v1/points/p1/full?{DAY}", json={"pieces_left": 3})
    shut = {"from_at": "2026-11-11T12:00:00+08:00", "until_at": "2099-11-11T14:00:00+08:00"}
    await call("say_closed", "POST", f"/v1/points/p1/closed?{DAY}", json=shut)
    await call("read_arrivals", "GET", f"/v1/points/p1/arrivals?{DAY}")
    await call("say_open", "POST", f"/v1/points/p1/open?{DAY}")
    await call("read_etas", "GET", f"/v1/etas?{DAY}")
    ahead = route["trips"][0]["stops"][1]["order_ids"][0]
    await call("read_eta", "GET", f"/v1/orders/{ahead}/eta?{DAY}")
    where = {"lon": 118.112, "lat": 33.889}
    tracked = {"courier_id": courier, "at": stop["depart_at"], "accuracy_m": 12} | where
    await call("keep_positions", "POST", f"/v1/positions?{DAY}", json={"positions": [tracked]})
    await call("read_positions", "GET", f"/v1/positions?{DAY}")
    await call("nearest_couriers", "GET", f"/v1/positions/nearest?{DAY}&lon=118.11&lat=33.889")
    early = {"leaves_at": "2026-11-11T12:05:00+08:00"}
    await call("change_departure", "PUT", f"/v1/departures/12:30?{DAY}", json=early)
    await call("list_departures", "GET", f"/v1/departures?{DAY}")
    await call("read_status", "GET", f"/v1/status?{DAY}")
    out = {"reason": "breakdown", "place": {"lon": 118.112, "lat": 33.889}}
    await call("hand_over", "POST", f"/v1/couriers/{courier}/handover?{DAY}", json=out)
    second = (await call("request_plan", "POST", f"/v1/plans?{DAY}", json=wish)).json()
    await call("follow_job", "GET", f"/v1/jobs/{second['job_id']}/events", timeout=200)
    ended = (await call("read_job", "GET", f"/v1/jobs/{second['job_id']}")).json()
    await call("diff_plans", "GET", f"/v1/plans/{ended['plan_id']}/diff")
    await call("take_back", "POST", f"/v1/couriers/{courier}/back?{DAY}")
    hook = {"url": "https://shop.example.org/cunlu", "kinds": ["collected", "plan-published"]}
    made = (await call("add_webhook", "POST", "/v1/webhooks", json=hook)).json()
    path = f"/v1/webhooks/{made['webhook_id']}"
    await call("replay_webhook", "POST", f"{path}/replay?{DAY}", json={"after": "0"})
    await call("list_webhooks", "GET", "/v1/webhooks")
    told["list_dead_letters"], told["resend_letter"] = await a_dead_letter(company, path)
    await call("remove_webhook", "DELETE", path)
    await call("read_me", "GET", "/v1/me")
    where = "profile=van&lon=118.112&lat=33.889&minutes=1,2"
    await call("read_isochrones", "GET", f"/v1/isochrones?{where}")
    told["problems"] = await problems(company, stop["order_ids"][0])
    return told


@pytest.mark.timeout(300)
async def test_every_example_is_like_the_answer_of_today(village, worker, fleet_json, served):
    answers = await a_day(village, fleet_json, served)
    if os.environ.get("CUNLU_RECORD"):
        EXAMPLES.write_text(
            json.dumps(answers, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        )
    examples = json.loads(EXAMPLES.read_text())
    assert examples.keys() == answers.keys() == MAY.keys() | {"problems"}
    differing = [
        f"{operation}{path}"
        for operation, by_type in answers.items()
        for media_type, answer in by_type.items()
        for path in same(examples[operation].get(media_type), answer)
    ]
    assert differing == []
    assert all(examples[each].keys() == answers[each].keys() for each in answers)


@pytest.fixture
def described(client):
    """Every operation under /v1 as OpenAPI describes it, by its id."""
    return {
        operation["operationId"]: operation
        for path, operations in client.app.openapi()["paths"].items()
        for operation in operations.values()
        if path.startswith("/v1/")
    }


async def test_every_operation_shows_what_it_answers(described):
    assert described.keys() == MAY.keys()
    for name, operation in described.items():
        answer = next(each for code, each in operation["responses"].items() if code < "300")
        assert answer["content"], name
        for media_type, content in answer["content"].items():
            assert {"schema", "example"} <= content.keys(), (name, media_type)
            assert content["schema"], (name, media_type)


async def test_every_problem_that_an_operation_may_have_is_shown(described):
    for name, operation in described.items():
        shown = {
            code: each["content"]["application/problem+json"]["example"]
            for code, each in operation["responses"].items()
            if code >= "400"
        }
        assert shown.keys() >= {"401", "403", "404", "409", "422", "503"}, name
        assert all(str(each["status"]) == code and each["code"] for code, each in shown.items())


def test_every_json_example_is_one_of_its_operations_model():
    examples = json.loads(EXAMPLES.read_text())
    models = {
        route.operation_id: route.response_model
        for part in PARTS
        for route in part.router.routes
        if isinstance(route, APIRoute) and route.response_model is not None
    }
    no_model = {"export_plan", "follow_events", "follow_job"}
    assert models.keys() >= MAY.keys() - no_model
    for name in MAY.keys() - no_model:
        example = json.dumps(examples[name]["application/json"])
        TypeAdapter(models[name]).validate_json(example)


async def test_a_stream_says_which_kinds_of_events_it_has(described):
    for name in ("follow_events", "follow_job"):
        (content,) = described[name]["responses"]["200"]["content"].values()
        told = content["schema"]["description"]
        assert "plan-published" in told
        assert "collected" in told
