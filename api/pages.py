"""The pages: native modules under an address that names their content, and nothing from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from api.errors import ApiError

WEB: Final = Path(__file__).parent / "web"

router = APIRouter(include_in_schema=False)

_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
}


def _files() -> Iterable[Path]:
    return (path for path in sorted(WEB.rglob("*")) if path.is_file())


@lru_cache(maxsize=1)
def content_hash() -> str:
    """Names the pages' content: a changed file changes every address, so caches may keep for ever."""
    digest = hashlib.sha256()
    for path in _files():
        digest.update(str(path.relative_to(WEB)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def security_headers(tile_url: str | None) -> dict[str, str]:
    """Nothing is loaded from another host, save the tiles of a base map that was configured."""
    tiles = ""
    if tile_url:
        parts = urlsplit(tile_url)
        tiles = f" {parts.scheme}://{parts.netloc}"
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": f"'self' data: blob:{tiles}",
        "connect-src": f"'self'{tiles}",
        "worker-src": "'self' blob:",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


@lru_cache(maxsize=4)
def _page(name: str) -> bytes:
    path = WEB / name
    if not path.is_file():
        raise ApiError(404, "no-such-address", f"this installation has no {name}")
    return path.read_text("utf-8").replace("__WEB__", f"/web/{content_hash()}").encode()


@router.get("/", name="board")
def board(request: Request) -> Response:
    return _html(request, "board.html")


@router.get("/c", name="courier_page")
def courier_page(request: Request) -> Response:
    return _html(request, "courier.html")


@router.get("/p", name="point_page")
def point_page(request: Request) -> Response:
    return _html(request, "point.html")


def _html(request: Request, name: str) -> Response:
    headers = security_headers(request.app.state.settings.tile_url)
    return Response(
        _page(name), media_type="text/html", headers=headers | {"Cache-Control": "no-cache"}
    )


@router.get("/web/{version}/{path:path}", name="web")
def web(version: str, path: str) -> Response:
    found = (WEB / path).resolve()
    if not found.is_relative_to(WEB) or not found.is_file() or version != content_hash():
        raise ApiError(404, "no-such-address", "no such file in this version of the pages")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    media_type = _TYPES.get(found.suffix, "application/octet-stream")
    return FileResponse(found, media_type=media_type, headers=headers)
