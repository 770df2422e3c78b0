"""The real app on a real server with a day to show, and a real browser to show it in."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from api.app import create_app
from dispatch import operations
from dispatch.access import Role
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.demo import write_demo_day
from dispatch.fleet import Fleet
from dispatch.ids import JobId
from dispatch.jobs import JobState
from dispatch.orders import Order, OrderId
from dispatch.plan import Plan, PlanId
from dispatch.server import EmbeddedServer
from dispatch.settings import Settings
from dispatch.shortfalls import Unserved
from dispatch.store import Store
from routing.roads.network import RoadNetwork
from tests.api.pages.drawn_days import DAY, HOUSEHOLD, STARTS_AT, fleet_of, plan_of

COURIERS = ("朱雪华", "陈敏霞", "何小")

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    # MapLibre draws with WebGL, here without a graphics card.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=30_000)  # a busy machine draws late; what never comes still fails


class Nobody:
    """A queue that keeps no task: these tests draw their plans by hand."""

    async def put(self, day: DepotDay, job_id: JobId) -> None:
        pass


@pytest.fixture(scope="session")
def roads() -> Iterator[Path]:
    """The demo county's network file."""
    folder = Path(tempfile.mkdtemp(prefix="cunlu-pages-"))
    demo = write_demo_day(
        folder / "demo", households=40, orders=20, couriers=2, seed=1, day=DAY, osm=None
    )
    RoadNetwork.build(demo.roads, profiles=("trike",)).save(folder / "roads.network")
    yield folder / "roads.network"
    shutil.rmtree(folder)


@dataclass(frozen=True)
class App:
    """The running app; `url` without a slash behind."""

    url: str
    redis_url: str

    def run(self, act: Callable[[Store], Awaitable[Any]]) -> Any:
        """What `act` does with a store of its own."""

        async def with_store() -> Any:
            async with Store.open(self.redis_url) as store:
                return await act(store)

        # Playwright's synchronous API occupies this thread's event loop.
        answers: list[Any] = []
        thread = threading.Thread(target=lambda: answers.append(asyncio.run(with_store())))
        thread.start()
        thread.join()
        assert answers, "the store could not be reached: see the traceback above"
        return answers[0]


@pytest.fixture(scope="session")
def app(roads: Path) -> Iterator[App]:
    folder = Path(tempfile.mkdtemp(prefix="cunlu-"))
    with EmbeddedServer(folder) as server:
        settings = Settings(data_dir=folder, roads=roads, clock_start=STARTS_AT)
        config = uvicorn.Config(
            create_app(settings, url=server.url),
            host="127.0.0.1",
            port=0,
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
        http = uvicorn.Server(config)
        thread = threading.Thread(target=http.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 30
        while not http.started:
            assert time.monotonic() < deadline, "the app did not start within 30 s"
            time.sleep(0.01)
        port = http.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        while httpx.get(f"{url}/readyz").status_code != 200:
            assert time.monotonic() < deadline, "the app was not ready within 30 s"
            time.sleep(0.02)
        yield App(url, server.url)
        http.should_exit = True
        thread.join(timeout=15)
    shutil.rmtree(folder)


@dataclass(frozen=True)
class Company:
    """A company of its own for each test, with one depot-day."""

    app: App
    day: DepotDay
    fleet: Fleet

    def key(self, role: Role, subject: str | None = None) -> str:
        def act(store: Store) -> Awaitable[str]:
            return operations.create_key(
                store,
                company_id=self.day.company_id,
                role=role,
                depot_id=self.day.depot_id,
                subject=subject,
                note="",
            )

        secret: str = self.app.run(act)
        return secret

    def orders(self, count: int) -> None:
        orders = [
            Order(order_id=OrderId(f"o{number:05d}"), household_id=HOUSEHOLD.household_id)
            for number in range(count)
        ]

        async def act(store: Store) -> bool:
            await operations.create_orders(store, self.day, orders, by="test", at=STARTS_AT)
            return True

        self.app.run(act)

    def publish(self, plan: Plan) -> PlanId:
        """Draft and publish a plan that was made by hand."""

        async def act(store: Store) -> PlanId:
            drafted = await self._draft(store, plan)
            stored = await operations.read_plan(store, self.day.company_id, drafted.plan_id)
            await operations.publish_plan(
                store,
                self.day.company_id,
                drafted.plan_id,
                expected_etags={stored.etag},
                by="test",
                at=STARTS_AT,
            )
            return drafted.plan_id

        plan_id: PlanId = self.app.run(act)
        return plan_id

    def draft(self, plan: Plan) -> Plan:
        drafted: Plan = self.app.run(lambda store: self._draft(store, plan))
        return drafted

    async def _draft(self, store: Store, plan: Plan) -> Plan:
        job = await operations.request_plan(
            store,
            Nobody(),
            self.day,
            budget_s=1,
            seed=1,
            by="test",
            at=STARTS_AT,
        )
        run = secrets.token_hex(4)
        started = await operations.start_job(store, self.day, job.job_id, run=run)
        assert started is not None
        return await operations.draft_plan(
            store,
            replace(plan, based_on=job.based_on),
            job_id=job.job_id,
            run=run,
            state=JobState.SUCCEEDED,
            by="test",
            at=STARTS_AT,
        )

    def report(self, kind: str, courier_id: str, order_ids: Sequence[str], **facts: Any) -> None:
        """What a courier's phone would send."""
        event = {
            "kind": kind,
            "event_id": secrets.token_hex(8),
            "courier_id": courier_id,
            "order_ids": list(order_ids),
            "at": STARTS_AT.isoformat(),
            **facts,
        }
        self.call("POST", "/v1/events?day=2026-11-11", {"events": [event]})

    def call(self, method: str, path: str, body: object = None) -> Any:
        """What the server answers to a dispatcher."""
        answer = httpx.request(
            method,
            f"{self.app.url}{path}",
            headers={"Authorization": f"Bearer {self.key(Role.DISPATCHER)}"},
            json=body,
        )
        assert answer.status_code < 400, answer.text
        return answer.json()

    def statuses(self, count: int) -> dict[str, str]:
        """Order id to status, of the first `count` orders."""

        async def act(store: Store) -> dict[str, str]:
            page = await operations.read_orders(store, self.day, limit=count)
            return {each.order.order_id: each.status for each in page.records}

        statuses: dict[str, str] = self.app.run(act)
        return statuses


@pytest.fixture
def company(app: App) -> Company:
    """A company with a fleet and one household, but no orders and no plan."""
    return founded(app, COURIERS)


def founded(app: App, names: Sequence[str]) -> Company:
    day = DepotDay(CompanyId(f"t{secrets.token_hex(8)}"), DepotId("shaji"), DAY)
    company = Company(app, day, fleet_of(names))

    async def act(store: Store) -> bool:
        await operations.replace_fleet(store, day.scope, company.fleet, by="test", at=STARTS_AT)
        await operations.change_registry(store, day.scope, [HOUSEHOLD], [], by="test", at=STARTS_AT)
        return True

    app.run(act)
    return company


@pytest.fixture
def found_company(app: App) -> Callable[[Sequence[str]], Company]:
    return lambda names: founded(app, names)


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    def make_plan(company: Company, *, stops: int, unserved: Sequence[Unserved] = ()) -> Plan:
        return plan_of(company.day, company.fleet, stops=stops, unserved=unserved)

    return make_plan


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page whose every complaint and every request is written down."""

    page: Page
    home: str
    complaints: list[str]
    hosts: set[str]

    def assert_clean(self) -> None:
        assert self.complaints == []
        assert self.hosts == {self.home}


@pytest.fixture
def open_page(browser: Browser, app: App) -> Iterator[Callable[..., Watched]]:
    """Open an address of the app in a browser that nothing is kept in."""
    contexts = []

    def open_page(
        path: str,
        *,
        size: tuple[int, int] = (1200, 700),
        stored: dict[str, str] | None = None,
        **options: Any,
    ) -> Watched:
        viewport: ViewportSize = {"width": size[0], "height": size[1]}
        context = browser.new_context(
            viewport=viewport, service_workers="block", reduced_motion="reduce", **options
        )
        contexts.append(context)
        context.set_default_timeout(20_000)
        for name, value in (stored or {}).items():
            context.add_init_script(
                f"localStorage.setItem({json.dumps(name)}, {json.dumps(value)})"
            )
        page = context.new_page()
        watched = Watched(page, app.url.removeprefix("http://"), [], set())
        page.on(
            "console", lambda said: said.type == "error" and watched.complaints.append(said.text)
        )
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))

        page.on(
            "request",
            lambda request: (
                request.url.startswith("http") and watched.hosts.add(request.url.split("/")[2])
            ),
        )
        page.goto(f"{app.url}{path}")
        return watched

    yield open_page
    for context in contexts:
        context.close()
