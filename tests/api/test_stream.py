"""The live feed on a real server over a real socket: it resumes, and lets go."""

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest

DAY = "day=2026-11-11"


@asynccontextmanager
async def reading(base, company, path, **headers):
    """The lines of a stream, as they come."""
    headers = {"Authorization": f"Bearer {company.keys['dispatcher']}", **headers}
    async with (
        httpx.AsyncClient(timeout=10) as client,
        client.stream("GET", f"{base}{path}", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield answer.aiter_lines()


async def event(lines):
    """The next event as a mapping of its fields."""
    fields = {}
    async for line in lines:
        if line.startswith((":", "retry")):
            continue
        if not line:
            if fields:
                return fields
            continue
        name, _, value = line.partition(": ")
        fields[name] = value
    return None


async def new_order(company, name):
    body = {"orders": [{"order_id": name, "household_id": "h1"}]}
    answer = await company.call("POST", f"/v1/orders?{DAY}", json=body)
    assert answer.json()["counts"] == {"created": 1}


async def test_a_reader_hears_what_happens_and_resumes_where_it_left_off(village, served):
    async with served() as (base, _):
        path = f"/v1/events/stream?{DAY}"
        async with reading(base, village, path) as lines:
            await asyncio.sleep(0)  # lets the subscription begin
            await new_order(village, "n1")
            first = await event(lines)
            assert (first["event"], '"n1"' in first["data"]) == ("orders-created", True)
        await new_order(village, "n2")
        await new_order(village, "n3")
        async with reading(base, village, path, **{"Last-Event-ID": first["id"]}) as lines:
            heard = [await event(lines) for _ in range(2)]
        assert ['"n2"' in heard[0]["data"], '"n3"' in heard[1]["data"]] == [True, True]


async def test_a_silent_stream_says_that_it_is_alive(village, served):
    async with (
        served(sse_keepalive_s=0.05) as (base, _),
        reading(base, village, f"/v1/events/stream?{DAY}") as lines,
    ):
        async for line in lines:
            if line == ": alive":
                break


@pytest.mark.timeout(30)
async def test_the_server_stops_though_somebody_listens(village, served):
    async with served() as (base, _):
        headers = {"Authorization": f"Bearer {village.keys['dispatcher']}"}
        client = httpx.AsyncClient(timeout=10)
        request = client.build_request("GET", f"{base}/v1/events/stream?{DAY}", headers=headers)
        answer = await client.send(request, stream=True)
        assert answer.status_code == 200
    async for _ in answer.aiter_lines():
        pass  # the server ended the stream before it went
    await answer.aclose()
    await client.aclose()


async def test_ready_says_what_is_missing(served, tmp_path):
    roads = tmp_path / "none.network"
    async with served(roads=roads) as (base, _), httpx.AsyncClient() as client:
        assert (await client.get(f"{base}/healthz")).json() == {"status": "alive"}
        answer = await client.get(f"{base}/readyz")
        assert answer.status_code == 503
        assert "roads" in answer.json()["troubles"]
        metrics = (await client.get(f"{base}/metrics")).text
        assert 'cunlu_http_requests_total{operation="readyz",status="503"}' in metrics
