"""Whether the process lives, whether it can work, its numbers; and the map's tiles, open to all."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError

from api.answers import as_json
from api.errors import ApiError
from api.requests import With

PING_WITHIN_S: Final = 2.0
"""Below the 3 s after which a container's health check gives up."""

router = APIRouter(tags=["operation"])


@router.get("/healthz", operation_id="healthz", summary="The process lives")
async def healthz() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz", operation_id="readyz", summary="Store and roads answer")
async def readyz(deps: With) -> Response:
    """503 names what does not. A server without roads configured is ready: it plans nowhere."""
    troubles = {}
    try:
        async with asyncio.timeout(PING_WITHIN_S):
            await deps.store.ping()
    except (RedisError, OSError, TimeoutError):
        troubles["store"] = "does not answer"
    if deps.settings.roads is not None and not deps.roads.is_loaded:
        troubles["roads"] = deps.roads.trouble
    status = 503 if troubles else 200
    told = {"status": "not ready" if troubles else "ready", "troubles": troubles}
    return as_json(told, status=status)


@router.get("/metrics", operation_id="metrics", summary="Numbers for Prometheus")
def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/tiles/{z}/{x}/{y}.mvt", operation_id="tile", summary="A vector tile of the roads")
async def tile(
    z: Annotated[int, Path(ge=0, le=22)],
    x: Annotated[int, Path(ge=0)],
    y: Annotated[int, Path(ge=0)],
    deps: With,
    request: Request,
) -> Response:
    """Roads are public data: no key. With the network's version as `?v=` it may be kept for ever."""
    if not deps.roads.is_loaded:
        raise ApiError(404, "no-roads", deps.roads.trouble)
    version = deps.roads.network.version
    is_versioned = request.query_params.get("v") == version
    headers = {
        "Content-Encoding": "gzip",
        "Cache-Control": "public, max-age=31536000, immutable" if is_versioned else "no-cache",
        "ETag": f'"{version}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    body = await deps.roads.tile(z, x, y)
    return Response(body, media_type="application/vnd.mapbox-vector-tile", headers=headers)
