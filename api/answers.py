"""Answers out: our own records as JSON bytes, typed for OpenAPI by the route's response model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from fastapi.responses import Response

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "description": description,
        "content": {
            "application/problem+json": {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail", "code"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "code": {"type": "string"},
                    },
                }
            }
        },
    }
    for status, description in {
        401: "No key, or one that is unknown or revoked.",
        403: "A key of a role that may not do this.",
        404: "Not there, or not yours.",
        409: "Something else happened first.",
        422: "A request that makes no sense; `detail` says what to do.",
        503: "The store does not answer; send the request again.",
    }.items()
}


def as_json(
    record: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`record` (dataclasses, structs, plain values) as a JSON response."""
    return stored(msgspec.json.encode(record), status=status, headers=headers)


def stored(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON bytes as they were stored."""
    return Response(
        body,
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def quoted(etag: str) -> str:
    return f'"{etag}"'


def etags_of(header: str) -> frozenset[str]:
    """The tags that `If-Match` or `If-None-Match` lists; weak ones count as strong: ours are of bytes."""
    return frozenset(each.strip().removeprefix("W/").strip('"') for each in header.split(","))


def is_among(etag: str, header: str) -> bool:
    """Whether the header names `etag`, or any at all with `*`."""
    return not etags_of(header).isdisjoint({etag, "*"})
