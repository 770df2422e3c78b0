"""Every route, every role, every foreign company."""

import pytest

from api.auth import MAY
from dispatch.access import Role

IDS = {
    "order_id": "o001",
    "household_id": "h1",
    "plan_id": "shaji.2026-11-11.1",
    "job_id": "shaji.2026-11-11.j00000000",
    "courier_id": "c1",
    "point_id": "p1",
    "closure_id": "x000000000000",
    "question_id": "shaji.q0000000000000000",
    "webhook_id": "w000000000000",
    "message_id": "shaji.2026-11-11.0-1",
    "planned": "12:30",
}


def guarded(app):
    """Method, path and operation of every route that asks for a key."""
    spec = app.openapi()
    return [
        (method.upper(), path.format(**IDS), operation["operationId"])
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/v1/")
    ]


async def test_the_table_of_roles_names_exactly_the_operations_there_are(client):
    assert {operation for _, _, operation in guarded(client.app)} == MAY.keys()


async def test_no_key_and_an_unknown_key_are_refused_everywhere(client):
    for method, path, _ in guarded(client.app):
        for headers in ({}, {"Authorization": "Bearer cl_wrong"}, {"Authorization": "Basic x"}):
            answer = await client.request(method, path, headers=headers)
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_may_do_what_the_table_says_and_nothing_else(client, company, role):
    for method, path, operation in guarded(client.app):
        if operation in ("follow_events", "follow_job") and role in MAY[operation]:
            continue  # endless answers, tested with the stream
        answer = await company.call(method, path, role=role.value)
        refused = answer.status_code == 403
        assert refused == (role not in MAY[operation]), f"{role} {operation}: {answer.text}"
        if refused:
            assert answer.json()["code"] == "role-not-allowed"


async def test_nobody_reads_or_changes_what_belongs_to_another_company(village, stranger):
    paths = ["/v1/orders?day=2026-11-11", "/v1/households", "/v1/points"]
    for path in paths:
        answer = await stranger.call("GET", path)
        assert answer.status_code == 200
        assert "h1" not in answer.text
        assert "o001" not in answer.text
    for method, path in (
        ("GET", "/v1/orders/o001?day=2026-11-11"),
        ("POST", "/v1/orders/o001/cancel?day=2026-11-11"),
        ("GET", "/v1/fleet"),
        ("GET", "/v1/points/p1/arrivals?day=2026-11-11"),
    ):
        body = {"json": {}} if method == "POST" else {}
        answer = await stranger.call(method, path, **body)
        assert answer.status_code == 404, path
    mine = await village.call("GET", "/v1/orders/o001?day=2026-11-11")
    assert mine.json()["status"] == "open"


async def test_a_dashboard_sees_no_note_that_somebody_wrote(village):
    order = {"order_id": "noted", "household_id": "h1", "note": "call 13912345678"}
    path = "/v1/orders?day=2026-11-11"
    await village.call("POST", path, json={"orders": [order]})
    for each in (path, "/v1/orders/noted?day=2026-11-11"):
        assert "13912345678" in (await village.call("GET", each)).text
        assert "13912345678" not in (await village.call("GET", each, role="dashboard")).text


async def test_a_key_bound_to_one_depot_sees_no_other(village):
    assert (await village.call("GET", "/v1/fleet?depot=other")).status_code == 404
    answer = await village.call("GET", "/v1/plans/other.2026-11-11.1")
    assert answer.status_code == 404


async def test_a_courier_speaks_and_reads_for_itself_only(village):
    path = "/v1/couriers/c2/route?day=2026-11-11"
    assert (await village.call("GET", path, role="courier")).status_code == 404
    event = {
        "kind": "arrived",
        "event_id": "e1",
        "courier_id": "c2",
        "order_ids": ["o001"],
        "at": "2026-11-11T09:00:00+08:00",
    }
    path = "/v1/events?day=2026-11-11"
    events = [event, event | {"event_id": "e2", "courier_id": "c1"}]
    answer = await village.call("POST", path, role="courier", json={"events": events})
    assert answer.json()["counts"] == {"recorded": 1, "refused": 1}
    assert answer.json()["results"][-1]["code"] == "not-your-courier"


async def test_a_point_keeper_sees_its_own_point_only(village):
    path = "/v1/points/{}/arrivals?day=2026-11-11"
    assert (await village.call("GET", path.format("p1"), role="point")).status_code == 200
    assert (await village.call("GET", path.format("p2"), role="point")).status_code == 404


async def test_a_dashboard_sees_masked_names_and_phones(village):
    seen = (await village.call("GET", "/v1/households", role="dashboard")).json()["households"]
    assert {each["phone"] for each in seen} == {"138******" + f"{n:02d}" for n in range(20)}
    assert all(each["name"].endswith("*") for each in seen)
    fleet = (await village.call("GET", "/v1/fleet", role="dashboard")).json()
    assert fleet["couriers"]["c1"]["phone"] == "138******34"
    own = (await village.call("GET", "/v1/households")).json()["households"]
    assert own[0]["phone"].startswith("1380000")
