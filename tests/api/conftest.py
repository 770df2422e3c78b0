"""The whole app on a real server, a company of its own for every test, and a small real village."""

import asyncio
import json
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app as command_line
from api.serving import Server, listen
from dispatch import operations
from dispatch.access import Role
from dispatch.clock import Clock
from dispatch.days import CompanyId, DepotId
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.worker import work

WEST, SOUTH, STEP = 118.10, 33.88, 0.005


@pytest.fixture(scope="session")
def roads(grid_network) -> Path:
    return grid_network


@pytest.fixture
def run(monkeypatch):
    """The command `cunlu` within this process, in nobody's environment."""
    for name in ("CUNLU_SERVER", "CUNLU_KEY", "CUNLU_PORT", "CUNLU_ROADS", "CUNLU_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments):
        return CliRunner().invoke(command_line, [str(each) for each in arguments])

    return run


@pytest.fixture(scope="session")
def run_in():
    """The real command, in a process and a folder of its own."""

    def run_in(folder, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "api", *map(str, arguments)],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )

    return run_in


@dataclass(frozen=True)
class Company:
    """A company with one key for each role; `call` is a client that speaks for a role."""

    company_id: CompanyId
    keys: dict[str, str]
    client: httpx.AsyncClient

    async def call(self, method, path, *, role="dispatcher", **more):
        headers = {"Authorization": f"Bearer {self.keys[role]}"} | more.pop("headers", {})
        return await self.client.request(method, path, headers=headers, **more)


@pytest.fixture
def clock_settings() -> dict:
    """Settings of the clock: by default the real one."""
    return {}


@pytest.fixture
def clock(clock_settings) -> Clock:
    """What app and worker take for the time: as `clock_settings` have it, unless a file gives a clock that it sets."""
    return Settings(**clock_settings).clock()


@pytest.fixture
async def client(server, roads, clock) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(roads=roads), url=server.url, clock=clock)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://cunlu",
            timeout=120,
        ) as client,
    ):
        client.app = app
        yield client


@pytest.fixture
async def worker(server, roads, tmp_path, clock) -> AsyncIterator[None]:
    """A real worker beside the app, in this process; its planners have processes of their own."""
    stop = asyncio.Event()
    settings = Settings(redis_url=server.url, roads=roads, data_dir=tmp_path)
    running = asyncio.create_task(work(settings, url=server.url, clock=clock, stop=stop))
    yield
    stop.set()
    await running


@pytest.fixture
def served(server):
    """Serve the app on a real uvicorn and a free port: `async with served() as (address, app)`."""

    @asynccontextmanager
    async def served(**settings):
        app = create_app(Settings(redis_url=server.url, **settings), url=server.url)
        listener = listen("127.0.0.1", 0)
        running = Server(app)
        task = asyncio.create_task(running.serve(sockets=[listener]))
        while not running.started:  # noqa: ASYNC110 (uvicorn offers no event)
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", app
        finally:
            running.should_exit = True
            await asyncio.wait_for(task, 10)

    return served


@asynccontextmanager
async def a_company(server, client):
    company_id = CompanyId(f"t{secrets.token_hex(8)}")
    subjects = {Role.COURIER: "c1", Role.POINT: "p1"}
    async with Store.open(server.url) as store:
        keys = {
            role.value: await operations.create_key(
                store,
                company_id=company_id,
                role=role,
                depot_id=DepotId("shaji"),
                subject=subjects.get(role),
            )
            for role in Role
        }
        yield Company(company_id, keys, client)


@pytest.fixture
async def company(server, client) -> AsyncIterator[Company]:
    async with a_company(server, client) as company:
        yield company


@pytest.fixture
async def stranger(server, client) -> AsyncIterator[Company]:
    """Another company, which must see nothing."""
    async with a_company(server, client) as company:
        yield company


@pytest.fixture
def fleet_json() -> str:
    return json.dumps(
        {
            "depot": {
                "id": "shaji",
                "name": "沙集网点",
                "lon": WEST + 0.001,
                "lat": SOUTH,
                "departures": ["12:30", "18:30"],
            },
            "vehicle_models": [
                {"id": "trike", "profile": "trike", "capacity_weight_kg": 180, "trips_max": 2}
            ],
            "couriers": [
                {
                    "id": name,
                    "name": f"揽件员{name}",
                    "phone": "13800001234",
                    "vehicle_model": "trike",
                    "shift": "08:00-18:30",
                }
                for name in ("c1", "c2")
            ],
        },
        ensure_ascii=False,
    )


@pytest.fixture
def households() -> list[dict]:
    return [
        {
            "household_id": f"h{number}",
            "village": "东风",
            "name": f"王小{number}",
            "phone": f"1380000{number:04d}",
            "place": {
                "lon": WEST + (number % 5 + 0.4) * STEP,
                "lat": SOUTH + number // 5 * STEP + 0.0002,
            },
        }
        for number in range(20)
    ]


@pytest.fixture
async def village(company, fleet_json, households) -> Company:
    """A company with fleet, registry and twenty orders on 2026-11-11."""
    answer = await company.call("PUT", "/v1/fleet", content=fleet_json)
    assert answer.status_code == 200, answer.text
    answer = await company.call("POST", "/v1/households", json={"households": households})
    assert answer.json()["counts"]["created"] == 20, answer.text
    point = {
        "point_id": "p1",
        "name": "东风代收点",
        "place": {"lon": WEST + 2.5 * STEP, "lat": SOUTH + 5 * STEP},
    }
    answer = await company.call("POST", "/v1/points", json={"points": [point]})
    assert answer.json()["counts"]["created"] == 1, answer.text
    orders = [
        {"order_id": f"o{number:03d}", "household_id": f"h{number}", "weight_g": 3000}
        for number in range(19)
    ] + [{"order_id": "o019", "point_id": "p1"}]
    answer = await company.call("POST", "/v1/orders?day=2026-11-11", json={"orders": orders})
    assert answer.json()["counts"] == {"created": 20}, answer.text
    return company
