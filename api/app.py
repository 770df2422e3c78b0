"""The app: everything HTTP, built from settings, with nothing done at import."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, Depends, FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import (
    addresses,
    amounts,
    closures,
    departures,
    etas,
    health,
    isochrones,
    moves,
    orders,
    pages,
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
    vroom,
    waves,
    webhooks,
    what_if,
)
from api.auth import bearer
from api.errors import tell_problems
from api.metrics import LATENCY_S, REQUESTS
from api.openapi import describe
from api.osrm.router import router as osrm
from api.recent_plans import RecentPlans
from api.requests import BODY_MAX_BYTES, Deps
from api.roads import Roads
from dispatch.clock import Clock
from dispatch.jobs import JobQueue
from dispatch.settings import Settings
from dispatch.store import Store

DESCRIPTION = """
Plans and runs parcel pickups of a depot-day: orders in, a plan out, couriers' reports, a live board.

Send an API key as `Authorization: Bearer cl_…`. Depot and day are query parameters; both have sensible
defaults. Writes may carry an `Idempotency-Key`. Errors are RFC 9457 problems with a lasting `code`.
"""


def create_app(settings: Settings, *, url: str, clock: Clock | None = None) -> FastAPI:
    """
    The app on the store at `url` (the embedded server's or `settings.redis_url`).

    `clock` stands in for the one that the settings describe.

    Nothing is opened before the app starts; it takes requests while the roads are still loading.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        roads = Roads(settings.roads)
        async with (
            Store.open(url, waitaof_replicas=settings.waitaof_replicas) as store,
            JobQueue.open(url) as jobs,
        ):
            app.state.deps = Deps(
                settings=settings,
                store=store,
                jobs=jobs,
                clock=clock or settings.clock(),
                roads=roads,
                plans=RecentPlans(store),
            )
            following = asyncio.create_task(roads.follow(), name="following the roads' file")
            yield
            app.state.stopping.set()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    app = FastAPI(
        title="cunlu 村路",
        version=version("cunlu"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_url="/v1/openapi.json",
    )
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # as FastAPI documents it
    app.state.settings = settings
    app.state.stopping = asyncio.Event()
    guarded = APIRouter(prefix="/v1", dependencies=[Depends(bearer)])
    for part in (
        orders,
        addresses,
        amounts,
        registry,
        closures,
        departures,
        plans,
        what_if,
        moves,
        reoptimising,
        waves,
        route_check,
        questions,
        road,
        running,
        points,
        etas,
        positions,
        webhooks,
        isochrones,
        stream,
    ):
        guarded.include_router(part.router)
    app.include_router(guarded)
    app.include_router(osrm)
    app.include_router(vroom.router)
    app.include_router(health.router)
    app.include_router(pages.router)
    tell_problems(app)
    app.add_middleware(LimitedBody)
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    app.add_middleware(Measured)
    return app


class Measured:
    """Counts and times every answer under its operation's name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get("route")
                operation = getattr(route, "operation_id", None) or getattr(route, "name", "none")
                REQUESTS.labels(operation, message["status"]).inc()
                LATENCY_S.labels(operation).observe(time.perf_counter() - began_s)
            await send(message)

        await self._app(scope, receive, counted)


class LimitedBody:
    """Stops reading a body that is larger than anybody needs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > BODY_MAX_BYTES:
                limit = BODY_MAX_BYTES // 1024 // 1024
                raise HTTPException(413, f"the body is larger than {limit} MB: send it in parts")
            return message

        await self._app(scope, limited, send)
