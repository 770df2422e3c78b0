"""The service that a simulated day runs on: one inside this process, or a running one over a socket."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

import httpx

from api.app import create_app
from dispatch import operations
from dispatch.access import Role
from dispatch.clock import StandingClock
from dispatch.day_worker import DayWorker
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.errors import DispatchError
from dispatch.server import running_server
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.workbench import Workbench
from dispatch.worker import work

TIMEOUT_S: Final = 120.0
"""100,000 orders are written in well under two minutes; chosen, not measured."""

READY_WITHIN_S: Final = 120.0
"""The first start on a machine compiles for a while."""

LOOK_EVERY_S: Final = 0.02

_COMPANY: Final = CompanyId("simulation")


class ServiceFailed(DispatchError):
    """The service did not do what a simulated day needs."""

    code: ClassVar[str] = "simulation-service-failed"


class Service(Protocol):
    def at(self, moment: datetime) -> None:
        """Go on when the service's clock shows `moment`."""

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer, whatever its status."""

    def settle(self, day: DepotDay, *, budget_s: float, search: bool) -> None:
        """Return when the service has looked at the day with all it has heard; with `search`, for a cheaper plan too."""


def told(service: Service, method: str, path: str, **more: Any) -> httpx.Response:
    """
    The answer of a request that must succeed.

    Raises
    ------
    ServiceFailed
    """
    answer = service.ask(method, path, **more)
    if answer.is_error:
        raise ServiceFailed(
            f"{method} {path} answered {answer.status_code}: {answer.text[:500]}: see the service's log"
        )
    return answer


class InsideService:
    """App, workers and store of this process, on a clock that stands until it is moved."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        client: httpx.AsyncClient,
        clock: StandingClock,
        keeper: DayWorker,
    ) -> None:
        self._loop = loop
        self._client = client
        self._clock = clock
        self._keeper = keeper

    def at(self, moment: datetime) -> None:
        self._clock.at = max(self._clock.at, moment)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        more["params"] = more.pop("query", None)
        asking = self._client.request(method, path, **more)
        return asyncio.run_coroutine_threadsafe(asking, self._loop).result()

    def settle(self, day: DepotDay, *, budget_s: float, search: bool) -> None:
        where = replace(day, company_id=_COMPANY)
        looking = replace(self._keeper, budget_s=budget_s).keep(where, search=search)
        asyncio.run_coroutine_threadsafe(looking, self._loop).result()


class SocketService:
    """
    A server that runs by itself; what it does not know yet waits for its clock.

    A server whose clock runs at the real speed makes the day as long as it is.
    """

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S)
        me = told(self, "GET", "/v1/me").json()
        self._asked_s = time.monotonic()
        self.started_at = datetime.fromisoformat(me["now_at"])
        self._speed = float(me["clock_speed"])

    def at(self, moment: datetime) -> None:
        ahead_s = (moment - self.started_at).total_seconds() / self._speed
        time.sleep(max(0.0, self._asked_s + ahead_s - time.monotonic()))

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        more["params"] = more.pop("query", None)
        try:
            return self._client.request(method, path, **more)
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            raise ServiceFailed(
                f"{self._client.base_url} does not answer ({failure}): check --url, and that it runs"
            ) from failure

    def settle(self, day: DepotDay, *, budget_s: float, search: bool) -> None:
        """The server looks when its clock lets it, and the day's time goes on meanwhile."""

    def close(self) -> None:
        self._client.close()


@contextmanager
def service_inside(
    roads: Path, depot_id: DepotId, *, starts_at: datetime
) -> Iterator[InsideService]:
    """
    A service with a store of its own, empty, gone when the block ends.

    Never the store of the settings: a simulated day has no business there.
    """
    running = _Running(roads, depot_id, StandingClock(starts_at.astimezone(UTC)))
    with (
        tempfile.TemporaryDirectory(prefix="cunlu-") as folder,
        running_server(None, Path(folder)) as url,
    ):
        thread = threading.Thread(
            target=lambda: asyncio.run(running.run(url, Path(folder))), name="service"
        )
        thread.start()
        try:
            yield running.wait()
        finally:
            running.end()
            thread.join()


class _Running:
    """The event loop of an inside service, in a thread of its own."""

    def __init__(self, roads: Path, depot_id: DepotId, clock: StandingClock) -> None:
        self._roads, self._depot_id, self._clock = roads, depot_id, clock
        self._ready = threading.Event()
        self._service: InsideService | None = None
        self._failure: BaseException | None = None
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def wait(self) -> InsideService:
        if not self._ready.wait(READY_WITHIN_S) or self._service is None:
            raise ServiceFailed(
                f"the service did not start: {self._failure or 'it takes too long'}"
            )
        return self._service

    def end(self) -> None:
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    async def run(self, url: str, folder: Path) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            await self._serve(url, folder, self._stop)
        except Exception as failure:  # noqa: BLE001 -- told to whoever waits in the other thread
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self, url: str, folder: Path, stop: asyncio.Event) -> None:
        settings = Settings(roads=self._roads.absolute(), data_dir=folder)
        app = create_app(settings, url=url, clock=self._clock)
        async with Store.open(url) as store:
            key = await operations.create_key(
                store, company_id=_COMPANY, role=Role.DISPATCHER, depot_id=self._depot_id
            )
        working = asyncio.create_task(work(settings, url=url, clock=self._clock, stop=stop))
        bench = Workbench()
        async with (
            Store.open(url) as store,
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://cunlu",
                headers={"Authorization": f"Bearer {key}"},
                timeout=TIMEOUT_S,
            ) as client,
        ):
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 (it has no event)
                await asyncio.sleep(LOOK_EVERY_S)
            keeper = DayWorker(store, self._clock, bench, self._roads.absolute())
            self._service = InsideService(asyncio.get_running_loop(), client, self._clock, keeper)
            self._ready.set()
            await stop.wait()
            await bench.close()
        await working
