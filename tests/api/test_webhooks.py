"""Webhooks over HTTP: who may have them, what is told of them, and what is refused."""

import pytest

DAY = "day=2026-11-11"
HOOK = "https://shop.example.org/cunlu"


async def added(company, **told):
    answer = await company.call("POST", "/v1/webhooks", json={"url": HOOK} | told)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_webhook_s_secret_is_told_once(village):
    made = await added(village, kinds=["failed", "collected", "failed"])
    assert made["secret"].startswith("whsec_")
    assert made["kinds"] == ["collected", "failed"]
    listed = await village.call("GET", "/v1/webhooks")
    assert made["secret"] not in listed.text
    (webhook,) = listed.json()["webhooks"]
    assert webhook["webhook_id"] == made["webhook_id"]
    assert (webhook["cursors"], webhook["waiting"], webhook["dead_letters"]) == ({}, [], 0)
    everything = await added(village)
    assert "search-progressed" not in everything["kinds"]
    assert "plan-published" in everything["kinds"]
    gone = await village.call("DELETE", f"/v1/webhooks/{made['webhook_id']}")
    assert gone.json() == {"webhook_id": made["webhook_id"]}
    (left,) = (await village.call("GET", "/v1/webhooks")).json()["webhooks"]
    assert left["webhook_id"] == everything["webhook_id"]


async def test_a_webhook_asked_for_twice_under_one_key_is_one(village):
    headers = {"Idempotency-Key": "hook-1"}
    first = await village.call("POST", "/v1/webhooks", json={"url": HOOK}, headers=headers)
    again = await village.call("POST", "/v1/webhooks", json={"url": HOOK}, headers=headers)
    assert first.json() == again.json()
    assert len((await village.call("GET", "/v1/webhooks")).json()["webhooks"]) == 1


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"url": "http://shop.example.org/"}, "address-refused"),
        ({"url": "https://169.254.169.254/"}, "address-refused"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "address-refused"),
        ({"url": "nonsense"}, "address-refused"),
        ({"url": HOOK, "kinds": ["collect"]}, "kind-unknown"),
        ({"url": HOOK, "kinds": ["search-progressed"]}, "kind-unknown"),
        ({"uri": HOOK}, "not-valid"),
    ],
)
async def test_what_cannot_be_a_webhook_is_refused_by_name(village, told, code):
    answer = await village.call("POST", "/v1/webhooks", json=told)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_there_are_ten_at_most(village):
    for _ in range(10):
        await added(village)
    answer = await village.call("POST", "/v1/webhooks", json={"url": HOOK})
    assert (answer.status_code, answer.json()["code"]) == (409, "webhooks-too-many")


async def test_a_replay_begins_at_a_cursor_and_what_is_not_there_is_said_so(village):
    made = await added(village)
    path = f"/v1/webhooks/{made['webhook_id']}"
    answer = await village.call("POST", f"{path}/replay?{DAY}", json={"after": "17"})
    assert (answer.status_code, answer.json()["after"]) == (202, "17-0")
    (webhook,) = (await village.call("GET", "/v1/webhooks")).json()["webhooks"]
    assert webhook["cursors"] == {"2026-11-11": "17-0"}
    answer = await village.call("POST", f"{path}/replay?{DAY}", json={"after": "yesterday"})
    assert (answer.status_code, answer.json()["code"]) == (422, "stream-id-malformed")
    answer = await village.call("POST", f"/v1/webhooks/w0/replay?{DAY}", json={"after": "0"})
    assert (answer.status_code, answer.json()["code"]) == (404, "webhook-unknown")
    assert (await village.call("GET", f"{path}/dead-letters")).json() == {"dead_letters": []}
    answer = await village.call("POST", f"{path}/dead-letters/none/resend")
    assert (answer.status_code, answer.json()["code"]) == (404, "letter-unknown")
    answer = await village.call("GET", "/v1/webhooks/w0/dead-letters")
    assert (answer.status_code, answer.json()["code"]) == (404, "webhook-unknown")


async def test_only_a_dispatcher_has_webhooks_and_only_its_own(village, stranger, fleet_json):
    made = await added(village)
    path = f"/v1/webhooks/{made['webhook_id']}"
    for role in ("courier", "point", "dashboard"):
        for method, where in (("GET", "/v1/webhooks"), ("DELETE", path)):
            assert (await village.call(method, where, role=role)).status_code == 403
    await stranger.call("PUT", "/v1/fleet", content=fleet_json)
    assert (await stranger.call("GET", "/v1/webhooks")).json() == {"webhooks": []}
    for method, where, body in (
        ("DELETE", path, None),
        ("GET", f"{path}/dead-letters", None),
        ("POST", f"{path}/replay?{DAY}", {"after": "0"}),
    ):
        answer = await stranger.call(method, where, **({} if body is None else {"json": body}))
        assert (answer.status_code, answer.json()["code"]) == (404, "webhook-unknown")
