"""Problems as HTTP tells them (RFC 9457): the only place that knows statuses."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from redis.exceptions import RedisError, ResponseError
from starlette.exceptions import HTTPException

from dispatch.errors import DispatchError
from dispatch.feed import StreamIdMalformed
from dispatch.ids import IdMalformed
from dispatch.intake import FileRefused, FleetInvalid
from dispatch.operations import (
    AnswerDiffers,
    AnswerFailed,
    BudgetOutOfRange,
    ClosingOver,
    ClosuresTooMany,
    ClosureUnknown,
    CourierUnknown,
    DayOver,
    DepartureTaken,
    DepartureUnknown,
    EtagMismatch,
    EtaMissing,
    FleetMissing,
    FleetOfAnotherDepot,
    HouseholdUnknown,
    JobUnknown,
    LastDeparture,
    LetterUnknown,
    NothingToUndo,
    NoWorker,
    OptionUnclear,
    OrderClosed,
    OrderPlacedAlready,
    OrderUnknown,
    PageCursorMalformed,
    PlanHasDrops,
    PlanStale,
    PlanUnknown,
    QuestionRefused,
    QuestionUnknown,
    RouteMissing,
    StillRunning,
    WebhooksTooMany,
    WebhookUnknown,
)
from dispatch.store import NotOnReplicas
from routing.errors import RoutingError

_logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"

# Anything else that dispatch or routing raises on purpose is a request that makes no sense: 422.
_STATUSES: Final[Mapping[type[Exception], int]] = {
    OrderUnknown: 404,
    PlanUnknown: 404,
    JobUnknown: 404,
    RouteMissing: 404,
    FleetMissing: 404,
    ClosureUnknown: 404,
    HouseholdUnknown: 404,
    CourierUnknown: 404,
    DepartureUnknown: 404,
    QuestionUnknown: 404,
    EtaMissing: 404,
    WebhookUnknown: 404,
    LetterUnknown: 404,
    IdMalformed: 422,
    StreamIdMalformed: 422,
    OptionUnclear: 422,
    PageCursorMalformed: 422,
    BudgetOutOfRange: 422,
    ClosingOver: 422,
    FleetOfAnotherDepot: 422,
    FileRefused: 422,
    FleetInvalid: 422,
    AnswerDiffers: 422,
    QuestionRefused: 422,
    ClosuresTooMany: 409,
    WebhooksTooMany: 409,
    DepartureTaken: 409,
    LastDeparture: 409,
    DayOver: 409,
    NothingToUndo: 409,
    OrderClosed: 409,
    OrderPlacedAlready: 409,
    PlanStale: 409,
    PlanHasDrops: 409,
    StillRunning: 409,
    EtagMismatch: 412,
    NotOnReplicas: 503,
    AnswerFailed: 503,
    NoWorker: 503,
}


_STORE_TROUBLES: Final = ("MISCONF", "OOM", "READONLY", "NOREPLICAS", "LOADING", "CLUSTERDOWN")
"""Answers by which a living server says that it takes no writes now."""


class ApiError(Exception):
    """A request refused by HTTP itself: no key, wrong role, missing header, body too large."""

    def __init__(self, status: int, code: str, detail: str, **headers: str) -> None:
        self.status, self.code, self.detail, self.headers = status, code, detail, headers
        super().__init__(detail)


class OsrmRefused(Exception):
    """A question to the OSRM-compatible interface that has no answer, in OSRM's own words."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(f"{code}: {message}")


class VroomRefused(Exception):
    """A body in VROOM's JSON without an answer; `told` says why in VROOM's own shape."""

    def __init__(self, status: int, told: bytes) -> None:
        self.status, self.told = status, told
        super().__init__(told.decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemProblem:
    """What is wrong with one item of a body: where, by which lasting code, and what to do."""

    pointer: str
    code: str
    detail: str
    id: str = ""
    advice: str = ""


class ItemsRefused(Exception):
    """A body that counts whole or not at all, refused by `code`; `problems` lists everything wrong with it."""

    def __init__(self, code: str, problems: Sequence[ItemProblem]) -> None:
        self.code, self.problems = code, tuple(problems)
        first = self.problems[0]
        super().__init__(f"{first.pointer}: {first.detail}")


def not_found(what: str, given: str) -> ApiError:
    """Foreign and missing things look the same: nobody learns what another company has."""
    return ApiError(
        404, f"{what}-unknown", f"there is no {what} {given!r}: check the id and the day"
    )


def problem(
    status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **facts: Any
) -> Response:
    """The answer itself; `facts` become members beside the standard ones."""
    body = {
        "type": f"https://cunlu.example/problems/{code}",
        "title": code.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
    }
    return Response(
        msgspec.json.encode(body | facts),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def status_of(error: DispatchError | RoutingError) -> int:
    """The status of the nearest class that has one."""
    for kind in type(error).__mro__:
        if kind in _STATUSES:
            return _STATUSES[kind]
    return 422


def _facts_of(error: Exception) -> dict[str, Any]:
    """The plain facts that an error keeps as attributes."""
    return {
        name: value
        for name, value in vars(error).items()
        if isinstance(value, str | int | float) and not name.startswith("_")
    }


async def _on_purpose(_request: Request, error: Exception) -> Response:
    assert isinstance(error, DispatchError | RoutingError)
    facts = _facts_of(error)
    if isinstance(error, FleetInvalid):
        facts["problems"] = [
            {"where": each.where, "detail": each.detail} for each in error.problems
        ]
    status = status_of(error)
    headers = {"Retry-After": "2"} if status == 503 else {}
    for taken in ("type", "title", "status", "detail", "code"):
        facts.pop(taken, None)
    return problem(status, error.code, str(error), headers=headers, **facts)


async def _by_items(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ItemsRefused)
    told = [asdict(each) for each in error.problems]
    return problem(422, error.code, str(error), problems=told)


async def _by_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    headers = {name.replace("_", "-"): value for name, value in error.headers.items()}
    return problem(error.status, error.code, error.detail, headers=headers)


async def _by_osrm(_request: Request, error: Exception) -> Response:
    assert isinstance(error, OsrmRefused)
    body = msgspec.json.encode({"code": error.code, "message": error.message})
    return Response(body, status_code=400, media_type="application/json")


async def _by_vroom(_request: Request, error: Exception) -> Response:
    assert isinstance(error, VroomRefused)
    headers = {"Retry-After": "2"} if error.status == 503 else None
    return Response(
        error.told, status_code=error.status, media_type="application/json", headers=headers
    )


async def _by_framework(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "no-such-address", 405: "method-not-allowed", 413: "body-too-large"}
    code = codes.get(error.status_code, "bad-request")
    return problem(error.status_code, code, str(error.detail), headers=error.headers)


async def _not_valid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if error.errors()[0]["type"] == "json_invalid":
        return problem(400, "not-json", f"the body is no JSON: {error.errors()[0]['ctx']['error']}")
    found = [
        {"pointer": pointer_of(each["loc"]), "detail": each["msg"], "kind": each["type"]}
        for each in error.errors()
    ]
    first = found[0]
    detail = f"{first['pointer'] or 'the request'}: {first['detail']}"
    return problem(422, "not-valid", detail, errors=found)


async def _store_away(_request: Request, error: Exception) -> Response:
    if isinstance(error, ResponseError) and not str(error).startswith(_STORE_TROUBLES):
        return await _unforeseen(_request, error)  # a script of ours that the server refused
    _logger.warning("the store does not answer", extra={"error": type(error).__name__})
    detail = "the store does not answer: nothing was changed for sure; send the request again"
    return problem(503, "store-unavailable", detail, headers={"Retry-After": "2"})


async def _unforeseen(_request: Request, error: Exception) -> Response:
    incident = secrets.token_hex(6)
    _logger.error("unforeseen error", exc_info=error, extra={"incident": incident})
    detail = f"an error of ours, logged as incident {incident}: tell your operator"
    return problem(500, "internal", detail, incident=incident)


def pointer_of(location: tuple[int | str, ...]) -> str:
    """A JSON pointer into the body (RFC 6901), or `query/depot` and the like outside it."""
    where, *path = location or ("",)
    escaped = [str(each).replace("~", "~0").replace("/", "~1") for each in path]
    return (
        "".join(f"/{each}" for each in escaped)
        if where == "body"
        else "/".join([str(where), *escaped])
    )


def tell_problems(app: FastAPI) -> None:
    """Have every error of `app` answered as a problem."""
    app.add_exception_handler(DispatchError, _on_purpose)
    app.add_exception_handler(RoutingError, _on_purpose)
    app.add_exception_handler(ApiError, _by_http)
    app.add_exception_handler(ItemsRefused, _by_items)
    app.add_exception_handler(OsrmRefused, _by_osrm)
    app.add_exception_handler(VroomRefused, _by_vroom)
    app.add_exception_handler(HTTPException, _by_framework)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(RedisError, _store_away)
    app.add_exception_handler(Exception, _unforeseen)
