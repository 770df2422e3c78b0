"""A company that asks the village's roads in OSRM's words."""

import asyncio

import pytest

WEST, SOUTH, STEP = 118.10, 33.88, 0.005


@pytest.fixture
async def ask(client, company):
    """`await ask("route/v1/van/…", steps="true")`: status and JSON; the roads are loaded."""
    while not client.app.state.deps.roads.is_loaded:  # noqa: ASYNC110 (loading offers no event)
        await asyncio.sleep(0.01)

    async def asked(path, *, body=None, role="dispatcher", **options):
        method = "GET" if body is None else "POST"
        more = {} if body is None else {"json": body}
        answer = await company.call(method, f"/osrm/{path}", role=role, params=options, **more)
        assert answer.headers["content-type"].startswith("application/json"), answer.text
        return answer.status_code, answer.json()

    return asked


@pytest.fixture
def corner():
    """Text of the crossing in a column and row of the village, moved by metres."""

    def at(column, row, east_m=0.0, north_m=0.0):
        return f"{WEST + column * STEP + east_m / 92_400:.6f},{SOUTH + row * STEP + north_m / 111_195:.6f}"

    return at
