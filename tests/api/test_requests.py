"""What goes wrong by accident, and what each answer says of it."""

import json
from datetime import datetime

import pytest

from api import requests as api_requests
from dispatch import operations
from dispatch.access import Role
from dispatch.store import Store

DAY = "?day=2026-11-11"
ORDER = {"order_id": "o1", "household_id": "h1"}


async def put_orders(company, *orders, **more):
    body = json.dumps({"orders": list(orders)})  # as ASCII: httpx itself refuses half characters
    return await company.call("POST", f"/v1/orders{DAY}", content=body, **more)


async def test_the_same_orders_twice_add_nothing(village):
    first = await put_orders(village, ORDER)
    again = await put_orders(village, ORDER)
    other = await put_orders(village, ORDER | {"pieces": 2})
    assert [each.json()["counts"] for each in (first, again, other)] == [
        {"created": 1},
        {"unchanged": 1},
        {"conflict": 1},
    ]


@pytest.mark.parametrize(
    ("order", "code", "says"),
    [
        ({"order_id": "x", "household": "h1"}, "unknown-field", "did you mean household_id?"),
        ({"order_id": "x"}, "not-valid", "where shall it be picked up"),
        (ORDER | {"pieces": 0}, "not-valid", "/pieces"),
        (ORDER | {"weight_g": 10**30}, "not-valid", "/weight_g"),
        (ORDER | {"ready_at": "2026-11-11T10:00:00"}, "not-valid", "/ready_at"),
        (ORDER | {"handling": ["spiky"]}, "not-valid", "/handling"),
        (ORDER | {"joint": {"joint_id": "L", "rules": ["near"]}}, "not-valid", "/joint/rules"),
        (ORDER | {"joint": {"rules": []}}, "not-valid", "/joint/joint_id"),
        ({"order_id": "x", "place": {"lon": 33.9, "lat": 118.1}}, "not-valid", "/place/lat"),
        (
            ORDER
            | {
                "ready_at": "2026-11-11T13:00:00+08:00",
                "cut_off_at": "2026-11-11T12:30:00+08:00",
            },
            "ready-after-cut-off",
            "after its cut-off",
        ),
        (ORDER | {"ready_at": "2026-11-13T13:00:00+08:00"}, "not-this-day", "2026-11-11"),
        (ORDER | {"household_id": "nobody"}, "household-unknown", "registry first"),
        (ORDER | {"point_id": "nowhere"}, "point-unknown", "registry first"),
        ({"order_id": "x"}, "not-valid", "address"),
        (ORDER | {"place": {"lon": 118.1, "lat": 33.9}, "address": "x"}, "not-valid", "counts"),
        ("no object", "not-valid", "dictionary"),
        (ORDER | {"pieces": "3"}, "not-valid", "/pieces"),
        (ORDER | {"ready_at": 5}, "not-valid", "/ready_at"),
        (ORDER | {"ready_at": "9999-12-31T23:59:59-12:00"}, "not-valid", "/ready_at"),
        ({"order_id": "\ud800", "household_id": "h1"}, "not-valid", "/order_id"),
        ({"order_id": "a\nb", "household_id": "h1"}, "not-valid", "/order_id"),
    ],
)
async def test_a_bad_order_is_named_and_stops_no_good_one(village, order, code, says):
    answer = await put_orders(village, order, ORDER | {"order_id": "good"})
    assert answer.status_code == 200
    told = answer.json()
    assert told["counts"] == {"created": 1, "refused": 1}
    (refused,) = [each for each in told["results"] if each["outcome"] == "refused"]
    assert refused["code"] == code
    assert says in refused["detail"] + refused["advice"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "not-json"),
        (b'{"orders": 1}', 422, "not-valid"),
        (b'{"orders": [], "extra": 1}', 422, "not-valid"),
        (b"[" * 100_000, 400, "not-json"),
        (b"\xff\xfe", 400, "not-json"),
    ],
)
async def test_a_body_that_is_no_batch_is_refused_whole(village, body, status, code):
    answer = await village.call("POST", f"/v1/orders{DAY}", content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_misspelt_parameter_is_refused_and_never_means_its_default(village):
    for path in ("/v1/orders?dya=2026-11-11", "/v1/status?day=2026-11-11&Day=2026-11-12"):
        answer = await village.call("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (422, "parameter-unknown")
        assert "did you mean 'day'?" in answer.json()["detail"]


async def test_depot_and_day_may_be_named_on_every_request(village):
    answer = await village.call("GET", f"/v1/fleet{DAY}&depot=shaji")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("order", "advice"),
    [
        (ORDER | {"wieght_g": 1}, "did you mean weight_g?"),
        ({"order_id": "x", "place": {"lon": 118.1, "lat": 33.9, "csr": "gcj02"}}, "mean crs?"),
        (ORDER | {"windows": [{"earliest": "x"}]}, "mean earliest_at?"),
        (ORDER | {"zzzzzz": 1}, "leave it out"),
    ],
)
async def test_a_misspelt_field_is_told_what_it_may_mean_at_any_depth(village, order, advice):
    results = (await put_orders(village, order)).json()["results"]
    told = [each["advice"] for each in results if each["code"] == "unknown-field"]
    assert any(advice in each for each in told)


async def test_a_body_that_is_no_json_is_told_so_everywhere(village):
    headers = {"Content-Type": "application/json"}
    answer = await village.call("POST", f"/v1/plans{DAY}", content=b"{", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "not-json")


@pytest.mark.parametrize("media_type", ["", "application/x-www-form-urlencoded", "text/plain"])
async def test_a_body_that_does_not_say_it_is_json_is_told_how_to(village, media_type):
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await village.call("POST", f"/v1/plans{DAY}", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "media-type-unknown")
    assert "curl --json" in answer.json()["detail"]


async def test_an_unknown_media_type_is_told_which_are_read(village):
    answer = await village.call(
        "POST", f"/v1/orders{DAY}", content=b"x", headers={"Content-Type": "application/xml"}
    )
    assert answer.status_code == 415
    assert "text/csv" in answer.json()["detail"]


async def test_orders_come_as_lines_and_as_the_company_s_own_csv(village):
    lines = "\n".join(json.dumps(ORDER | {"order_id": name}) for name in "ab") + "\n{broken"
    answer = await village.call(
        "POST",
        f"/v1/orders{DAY}",
        content=lines,
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert answer.json()["counts"] == {"created": 2, "refused": 1}
    assert answer.json()["results"][-1]["line"] == 3
    csv = "订单号,农户,件数\nc,h1,2\nd,h1,零\n".encode("gb18030")
    answer = await village.call(
        "POST", f"/v1/orders{DAY}", content=csv, headers={"Content-Type": "text/csv"}
    )
    assert answer.json()["counts"] == {"created": 1, "refused": 1}
    assert answer.json()["results"][-1]["column"] == "件数"


async def test_a_body_beyond_the_limit_is_refused_while_it_comes(village, monkeypatch):
    monkeypatch.setattr("api.app.BODY_MAX_BYTES", 1000)
    answer = await village.call("POST", f"/v1/orders{DAY}", content=b" " * 2000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_an_idempotency_key_gives_the_first_answer_again(village):
    headers = {"Idempotency-Key": "k1"}
    first = await put_orders(village, ORDER, headers=headers)
    again = await put_orders(village, ORDER, headers=headers)
    assert again.json() == first.json()
    assert again.json()["counts"] == {"created": 1}
    assert again.headers["idempotency-replayed"] == "true"
    other = await put_orders(village, ORDER | {"pieces": 9}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_refused_request_does_not_use_up_its_idempotency_key(village):
    headers = {"Idempotency-Key": "k2"}
    path = f"/v1/orders/missing/cancel{DAY}"
    for _ in range(2):
        answer = await village.call("POST", path, json={}, headers=headers)
        assert answer.json()["code"] == "order-unknown"


async def test_what_an_order_asks_of_its_joint_order_is_kept(village):
    joint = {
        "joint_id": "L-7",
        "rules": ["gather"],
        "complete_by_at": "2026-11-11T12:30:00+08:00",
        "gather_at": "h1",
    }
    order = {"order_id": "j1", "household_id": "h1", "joint": joint}
    answer = await put_orders(village, order)
    assert answer.json()["counts"] == {"created": 1}
    kept = (await village.call("GET", f"/v1/orders/j1{DAY}")).json()["order"]["joint"]
    at = datetime.fromisoformat(kept.pop("complete_by_at"))
    assert at == datetime.fromisoformat(joint.pop("complete_by_at"))
    assert kept == joint


async def test_orders_are_read_page_by_page_each_once(village):
    seen, cursor = [], ""
    while cursor is not None:
        page = (await village.call("GET", f"/v1/orders{DAY}&limit=7{cursor}")).json()
        seen += [each["order"]["order_id"] for each in page["records"]]
        cursor = None if page["next"] is None else f"&cursor={page['next']}"
    assert seen == [f"o{number:03d}" for number in range(20)]


async def test_a_cancelled_order_stays_cancelled(village):
    path = f"/v1/orders/o001/cancel{DAY}"
    for reason in ("sold out", "again"):
        answer = await village.call("POST", path, json={"reason": reason})
        assert answer.json()["status"] == "cancelled"
        assert answer.json()["reason"] == "sold out"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/orders/nothing", 404, "order-unknown"),
        ("GET", "/v1/orders?cursor=-1", 422, "cursor-malformed"),
        ("GET", "/v1/orders?day=tomorrow", 422, "not-valid"),
        ("GET", "/v1/orders?depot=Not%20One", 422, "id-malformed"),
        ("GET", "/v1/plans/nonsense", 422, "id-malformed"),
        ("GET", "/v1/plans/shaji.2026-11-11.9", 404, "plan-unknown"),
        ("GET", "/v1/plans/current", 404, "plan-unknown"),
        ("GET", "/v1/jobs/shaji.2026-11-11.j00000000", 404, "job-unknown"),
        ("POST", "/v1/plans/shaji.2026-11-11.9/publish", 428, "if-match-missing"),
        ("GET", "/v1/couriers/c1/route", 404, "route-missing"),
        ("GET", "/v1/events/stream?after=x", 422, "stream-id-malformed"),
        ("GET", "/v1/nothing", 404, "no-such-address"),
        ("DELETE", "/v1/orders", 405, "method-not-allowed"),
        ("POST", "/v1/plans", 415, "media-type-unknown"),
    ],
)
async def test_each_mistake_has_its_status_and_code(company, method, path, status, code):
    answer = await company.call(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_plan_wish_with_a_misspelt_field_is_refused_by_name(village):
    answer = await village.call("POST", f"/v1/plans{DAY}", json={"budget": 3})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/budget"


async def test_a_fleet_with_mistakes_lists_them_all(company, fleet_json):
    fleet = json.loads(fleet_json)
    fleet["couriers"][0]["shift"] = "late"
    fleet["depot"]["lattitude"] = 3
    answer = await company.call("PUT", "/v1/fleet", content=json.dumps(fleet))
    assert (answer.status_code, answer.json()["code"]) == (422, "fleet-invalid")
    assert len(answer.json()["problems"]) >= 2


async def test_openapi_describes_every_answer_and_body(client):
    spec = client.app.openapi()
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            if path.startswith("/v1/"):
                assert "401" in operation["responses"], where
                assert operation["security"], where
            if method in ("post", "put") and "{" not in path:
                for body in operation["requestBody"]["content"].values():
                    assert body["schema"], where
    assert api_requests.IDEMPOTENCY_KEY in spec["info"]["description"]


def an_event(event_id, **facts):
    event = {
        "kind": "collected",
        "event_id": event_id,
        "courier_id": "c1",
        "order_ids": ["o001"],
        "at": "2026-11-11T09:00:00+08:00",
    }
    return event | facts


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (an_event("bad", at="2099-11-11T09:00:00+08:00"), "event-in-future"),
        (an_event("bad", at="0001-01-01T00:00:00+12:00"), "not-valid"),
        (an_event("bad", kind="failed"), "not-valid"),
        (an_event("bad", order_ids=["nothing"]), "order-unknown"),
        (an_event("bad", order_ids=[]), "not-valid"),
        (an_event("bad", mood="fine"), "unknown-field"),
    ],
)
async def test_a_bad_event_is_named_and_stops_no_good_one(village, event, code):
    body = {"events": [event, an_event("good")]}
    answer = await village.call("POST", f"/v1/events{DAY}", json=body)
    assert answer.json()["counts"] == {"recorded": 1, "refused": 1}
    (refused,) = [each for each in answer.json()["results"] if each["outcome"] == "refused"]
    assert (refused["id"], refused["code"]) == ("bad", code)


async def test_a_misspelt_depot_takes_nothing_in(server, client, company, fleet_json):
    async with Store.open(server.url) as store:
        key = await operations.create_key(
            store, company_id=company.company_id, role=Role.DISPATCHER
        )
    headers = {"Authorization": f"Bearer {key}"}
    asked = {"orders": [ORDER]}
    answer = await client.post("/v1/orders", json=asked, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "depot-needed")
    await client.put("/v1/fleet?depot=shaji", content=fleet_json, headers=headers)
    answer = await client.post("/v1/orders?depot=shajii", json=asked, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "depot-unknown")
    assert (await client.post("/v1/orders", json=asked, headers=headers)).status_code == 200
