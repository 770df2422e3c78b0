"""The live feed over HTTP: server-sent events that resume where a reader left off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from api.answers import PROBLEMS
from api.metrics import SUBSCRIBERS
from api.requests import Day, Deps, GuardedRoute, With
from dispatch import operations
from dispatch.feed import FeedItem, FeedLagged, StreamId, end

router = APIRouter(route_class=GuardedRoute, tags=["live"], responses=PROBLEMS)

EVENT_STREAM: Final = "text/event-stream"


async def sse_items(
    items: AsyncIterator[FeedItem], deps: Deps, request: Request
) -> AsyncGenerator[bytes, None]:
    """
    Items as server-sent events, with a comment whenever nothing came for a while.

    Ends with the items, when the server stops, or when the reader is too slow: it then connects
    again and resumes by id.
    """
    stopping: asyncio.Event = request.app.state.stopping
    iterator = aiter(items)
    stop = asyncio.ensure_future(stopping.wait())
    upcoming: asyncio.Task[FeedItem] | None = None
    SUBSCRIBERS.inc()
    try:
        yield b"retry: 2000\n\n"
        while True:
            if upcoming is None:
                upcoming = asyncio.ensure_future(_next(iterator))
            await asyncio.wait(
                {upcoming, stop},
                timeout=deps.settings.sse_keepalive_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if stop.done():
                return
            if not upcoming.done():
                yield b": alive\n\n"
                continue
            try:
                item = upcoming.result()
            except (StopAsyncIteration, FeedLagged):
                return
            upcoming = None
            yield b"id: %s\nevent: %s\ndata: %s\n\n" % (
                item.id.encode(),
                item.kind.encode(),
                item.body,
            )
    finally:
        SUBSCRIBERS.dec()
        stop.cancel()
        if upcoming is not None:
            await end(upcoming)
        if isinstance(items, AsyncGenerator):
            await items.aclose()


async def _next(iterator: AsyncIterator[FeedItem]) -> FeedItem:
    return await anext(iterator)


@router.get(
    "/events/stream",
    operation_id="follow_events",
    response_class=StreamingResponse,
    summary="The day's events as they happen",
)
async def follow_events(
    request: Request,
    deps: With,
    day: Day,
    after: Annotated[
        str | None, Query(description="Stream id to resume after; `0` for the whole day.")
    ] = None,
) -> Response:
    """Resumes after the `Last-Event-ID` header, else after `after`, else tells what comes from now on."""
    start = request.headers.get("last-event-id") or after
    if start is None:
        start = (await operations.read_board(deps.store, day, now=deps.clock.now())).as_of
    StreamId.parse(start)
    return StreamingResponse(
        sse_items(operations.follow(deps.store, day, after=start), deps, request),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
