"""The addresses of the OSRM-compatible interface, and who may ask there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator, Mapping
from itertools import chain
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from fastapi.routing import APIRoute

from api.answers import stored
from api.auth import MAY_ASK_ROADS, admit, secret_of
from api.avoiding import avoiding
from api.errors import OsrmRefused
from api.osrm.asking import Asked, Service, parse
from api.osrm.drawing import Json
from api.osrm.matches import match_trace
from api.osrm.nearest import nearest
from api.osrm.routes import route
from api.osrm.tables import table
from api.osrm.trips import trip
from api.requests import network_now
from dispatch.vroom import OTHER_NAMES
from routing.errors import RoutingError
from routing.roads.network import RoadNetwork


class _AskedRoute(APIRoute):
    """A route that knows its caller before it reads anything else."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            # Clients that cannot set a header carry the key in their base URL. No address is logged.
            secret = request.path_params.get("api_key") or secret_of(request)
            request.state.caller = await admit(request, secret, MAY_ASK_ROADS)
            return await handle(request)

        return guarded


router = APIRouter(prefix="/osrm", route_class=_AskedRoute, include_in_schema=False)

_CHUNK_BYTES: Final = 1 << 20
"""A table is sent in parts of this size; a smaller one at once. Chosen."""

_ANSWERS: Final[Mapping[Service, Callable[[RoadNetwork, str, Asked], Json]]] = {
    Service.ROUTE: route,
    Service.NEAREST: nearest,
    Service.TRIP: trip,
    Service.MATCH: match_trace,
}


@router.api_route("/{path:path}", methods=["GET", "POST"], name="osrm")
@router.api_route("/key/{api_key}/{path:path}", methods=["GET", "POST"], name="osrm")
async def ask(path: str, request: Request) -> Response:
    """One question of OSRM's; see docs/osrm.md. The last decorator's address is tried first."""
    content = await request.body() if request.method == "POST" else None
    query = request.query_params.multi_items()
    asked = await asyncio.to_thread(lambda: parse(path, query, _body_of(content)))
    network = await network_now(request.app.state.deps, request.state.caller)
    profile = asked.profile
    if profile not in network.profiles:  # a company may have a "car" of its own
        profile = OTHER_NAMES.get(profile, profile)
    if profile not in network.profiles:
        known = (
            *network.profiles,
            *(n for n, own in OTHER_NAMES.items() if own in network.profiles),
        )
        raise OsrmRefused(
            "InvalidValue",
            f"there is no profile {profile[:20]!r}: choose one of {', '.join(known)}",
        )
    try:
        network = await avoiding(network, asked.options.get("avoid_polygons"), profile)
    except RoutingError as refused:
        raise OsrmRefused("InvalidOptions", str(refused)) from refused
    if asked.service is Service.TABLE:
        return await _in_parts(await asyncio.to_thread(table, network, profile, asked))
    told = await asyncio.to_thread(
        lambda: msgspec.json.encode(_ANSWERS[asked.service](network, profile, asked))
    )
    return stored(told)


def _body_of(content: bytes | None) -> Mapping[str, Any] | None:
    if content is None:
        return None
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as broken:
        raise OsrmRefused("InvalidQuery", f"the body is no JSON: {broken}") from broken
    if not isinstance(body, dict):
        raise OsrmRefused("InvalidQuery", "the body is no JSON object of coordinates and options")
    return body


async def _in_parts(parts: Iterator[bytes]) -> Response:
    """A small answer whole, a large one while it is computed; in threads either way."""
    chunks = _gathered(parts)
    first = await asyncio.to_thread(next, chunks)
    second = await asyncio.to_thread(next, chunks, None)
    if second is None:
        return stored(first)
    # Said to be encoded already, so that nobody compresses hundreds of megabytes on the event loop.
    headers = {"Cache-Control": "no-store", "Content-Encoding": "identity"}
    return StreamingResponse(
        chain((first, second), chunks), media_type="application/json", headers=headers
    )


def _gathered(parts: Iterator[bytes]) -> Iterator[bytes]:
    chunk = bytearray()
    for part in parts:
        chunk += part
        if len(chunk) >= _CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk)
