"""`kill -9` of the API amid writes: what it acknowledged is there when it is started again."""

import asyncio
import os
import signal
import subprocess
import sys

import httpx
import pytest

from api.serving import listen

DAY = "day=2026-11-11"


def start(server, port):
    return subprocess.Popen(
        [sys.executable, "-m", "api", "serve", "--port", str(port)],
        env={**os.environ, "CUNLU_REDIS_URL": server.url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def ready(client):
    async with asyncio.timeout(60):
        while True:
            try:
                if (await client.get("/healthz")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


@pytest.mark.timeout(150)
async def test_kill_9_of_the_api_loses_nothing_acknowledged(server, village):
    with listen("127.0.0.1", 0) as found:
        port = found.getsockname()[1]
    headers = {"Authorization": f"Bearer {village.keys['dispatcher']}"}
    acknowledged = []

    async def write(client, writer):
        for number in range(10_000):
            name = f"w{writer}-{number}"
            body = {"orders": [{"order_id": name, "household_id": "h1"}]}
            try:
                answer = await client.post(f"/v1/orders?{DAY}", json=body)
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                acknowledged.append(name)

    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=20
    ) as client:
        process = start(server, port)
        try:
            await ready(client)
            writers = [asyncio.create_task(write(client, number)) for number in range(4)]
            while len(acknowledged) < 40:  # noqa: ASYNC110 (counts what real writers did)
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            await asyncio.gather(*writers)
        finally:
            process.kill()
            process.wait()
        process = start(server, port)
        try:
            await ready(client)
            page = (await client.get(f"/v1/orders?{DAY}&limit=5000")).json()
        finally:
            process.terminate()
            assert process.wait(20) == 0
    stored = {each["order"]["order_id"] for each in page["records"]}
    assert len(acknowledged) >= 40
    assert stored.issuperset(acknowledged)
