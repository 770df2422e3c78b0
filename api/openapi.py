"""The OpenAPI description: what FastAPI makes of the operations, with an answer of each as an example."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final, get_args

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from dispatch.events import Event

EXAMPLES: Final = "examples.json"
"""For each operation its answers by media type, and a problem of each status under `PROBLEMS`."""

PROBLEMS: Final = "problems"
"""No operation has this name."""

_EVENT_KINDS: Final = ", ".join(each.__struct_config__.tag for each in get_args(Event))

_SCHEMAS: Final = {
    "application/geo+json": {"type": "object", "description": "A FeatureCollection (RFC 7946)."},
    "application/gpx+xml": {"type": "string", "description": "GPX 1.1."},
    "text/csv": {"type": "string", "description": "UTF-8 with BOM; see docs/files.md."},
    "text/event-stream": {
        "type": "string",
        "description": "Server-sent events: `id` to resume after, `event` the kind, `data` JSON."
        f" Kinds: {_EVENT_KINDS}. A comment line says that the server is alive.",
    },
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The description, made once for each app."""
    if app.openapi_schema is None:
        told = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        examples = json.loads((files("api") / EXAMPLES).read_text("utf-8"))
        for operations in told["paths"].values():
            for operation in operations.values():
                _add(operation, examples.get(operation["operationId"], {}))
                _add_problems(operation, examples[PROBLEMS])
        app.openapi_schema = told
    return app.openapi_schema


def _add(operation: dict[str, Any], examples: dict[str, Any]) -> None:
    answer = next(each for status, each in operation["responses"].items() if status < "300")
    for media_type, example in examples.items():
        content = answer.setdefault("content", {}).setdefault(media_type, {})
        content.setdefault("schema", _SCHEMAS.get(media_type, {"type": "object"}))
        content["example"] = example


def _add_problems(operation: dict[str, Any], problems: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        if content := answer.get("content", {}).get("application/problem+json"):
            content["example"] = problems[status]
