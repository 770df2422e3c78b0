"""Wait or go, as outsiders ask: one wave in JSON, read, refused by pointers, decided and told."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeAlias, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from dispatch.errors import DispatchError
from routing.matrix import UNREACHABLE
from routing.vrp.problem import Window
from routing.vrp.waves.deciding import Decision, SentRoute, Why, decide
from routing.vrp.waves.statement import (
    Clash,
    Coming,
    Past,
    Request,
    WaveProblem,
    WavesRefused,
)

BUDGET_MAX_S: Final = 600.0
"""Nobody holds a connection open for longer; an epoch of the competition had 60 to 120 s. Chosen."""

PLACES_MAX: Final = 3_000
REQUESTS_MAX: Final = 2_000
COMING_MAX: Final = 100_000
"""Rows of the matrix, requests at the depot, and requests that may come, of all scenarios together. Chosen."""

ID_MAX: Final = 64
"""Characters of a request's id, as of every id here."""

_PATH: Final = re.compile(r"^(?P<why>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"missing required field `(?P<name>.*)`")
"""How msgspec says what is wrong, and where."""

_Moments: TypeAlias = tuple[int, int]


class NotJson(DispatchError):
    """Bytes that are no JSON at all."""

    code: ClassVar[str] = "not-json"


class PastRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request of an earlier day; moments are of the same clock."""

    place: int
    demand: int = 0
    window_s: _Moments | None = None
    service_s: int = 0


class ComingRequest(PastRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request that may come in time for wave `epoch`; the next one is 1."""

    epoch: int


class OpenRequest(PastRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request that waits at the depot."""

    id: str
    release_s: int = 0
    must_go: bool = False


class PastDays(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests to draw `per_epoch` of for each wave; `mixed`: each of their members by itself."""

    requests: tuple[PastRequest, ...]
    per_epoch: int
    mixed: bool = False


class WaveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One wave: see docs/waves.md.

    Rows of the matrix stay text until they are needed: four million numbers would take 150 MB.
    """

    durations_s: tuple[msgspec.Raw, ...]
    depot: int = 0
    capacity: int
    requests: tuple[OpenRequest, ...]
    leave_s: int = 0
    epoch_s: int
    epochs_left: int
    back_by_s: int | None = None
    scenarios: tuple[tuple[ComingRequest, ...], ...] = ()
    past: PastDays | None = None
    budget_s: float
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveVisit:
    """A request on its route; moments of the body's clock."""

    id: str
    arrive_s: int
    begin_s: int
    depart_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRoute:
    """A route that leaves with this wave; `cost_s` is what it drives."""

    leave_s: int
    visits: tuple[WaveVisit, ...]
    back_s: int
    load: int
    cost_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRequest:
    """Why a request goes or not, and the share of scenarios in which it went, where that was asked."""

    id: str
    goes: bool
    why: Why
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveDecision:
    """
    Routes to send now, ids kept back, and ids that no route could make any more.

    `requests` has one entry for each, in the order asked; `scenarios` is how many were solved.
    """

    routes: tuple[WaveRoute, ...]
    kept: tuple[str, ...]
    impossible: tuple[str, ...]
    cost_s: int
    requests: tuple[WaveRequest, ...]
    scenarios: int


def read(content: bytes) -> WaveBody:
    """
    Read and check a body; work for a thread.

    Raises
    ------
    NotJson
    WavesRefused
        With all that is wrong, as far as it can be told at once.
    """
    try:
        body = msgspec.json.decode(content, type=WaveBody)
    except msgspec.ValidationError as wrong:
        raise WavesRefused((_clash_of(str(wrong)),)) from wrong
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise NotJson(f"the body is no JSON: {broken}") from broken
    clashes = tuple(_clashes(body))
    try:
        problem_of(body)
    except WavesRefused as refused:
        clashes += refused.clashes
    if clashes:
        raise WavesRefused(clashes)
    return body


def problem_of(body: WaveBody) -> WaveProblem:
    """
    The wave that a body states.

    Raises
    ------
    WavesRefused
        It contradicts itself.
    """
    past = body.past
    return WaveProblem(
        durations_s=_table(body.durations_s),
        depot=body.depot,
        capacity=body.capacity,
        requests=tuple(
            _request(each, release_s=each.release_s, must_go=each.must_go) for each in body.requests
        ),
        leave_s=body.leave_s,
        epoch_s=body.epoch_s,
        epochs_left=body.epochs_left,
        back_by_s=body.back_by_s,
        scenarios=tuple(
            tuple(Coming(request=_request(each), epoch=each.epoch) for each in scenario)
            for scenario in body.scenarios
        ),
        past=None
        if past is None
        else Past(
            requests=tuple(map(_request, past.requests)),
            per_epoch=past.per_epoch,
            mixed=past.mixed,
        ),
    )


def answer_wave(body: WaveBody) -> bytes:
    """The decision in JSON, within the body's budget and what reading it takes."""
    decision = decide(problem_of(body), budget_s=body.budget_s, seed=body.seed)
    return msgspec.json.encode(told(body, decision))


def told(body: WaveBody, decision: Decision) -> WaveDecision:
    """The decision by the body's ids."""
    ids = [each.id for each in body.requests]
    sent = {halt.visit for route in decision.routes for halt in route.trip.visits}
    return WaveDecision(
        routes=tuple(_route(ids, route) for route in decision.routes),
        kept=tuple(ids[number] for number in decision.kept),
        impossible=tuple(ids[number] for number in decision.impossible),
        cost_s=decision.cost_s,
        requests=tuple(
            WaveRequest(
                id=ids[number],
                goes=number in sent,
                why=decision.why[number],
                share=None if share is None else round(share, 3),
            )
            for number, share in enumerate(decision.shares)
        ),
        scenarios=decision.scenarios,
    )


def body_schema() -> dict[str, Any]:
    """What OpenAPI says of a body."""
    _, schemas = msgspec.json.schema_components([WaveBody], ref_template="#/$defs/{name}")
    rows = {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}
    whole = schemas.pop("WaveBody")
    whole["properties"]["durations_s"] = rows
    schema: dict[str, Any] = _inlined(whole, schemas)
    return schema


def _inlined(schema: Any, schemas: dict[str, Any]) -> Any:
    """The schema with what it refers to in place: OpenAPI has no place of its own for parts of one body."""
    match schema:
        case {"$ref": str(name)}:
            return _inlined(schemas[name.rpartition("/")[2]], schemas)
        case dict():
            return {key: _inlined(each, schemas) for key, each in schema.items()}
        case list():
            return [_inlined(each, schemas) for each in schema]
        case _:
            return schema


def _route(ids: Sequence[str], route: SentRoute) -> WaveRoute:
    return WaveRoute(
        leave_s=route.trip.leave_s,
        visits=tuple(
            WaveVisit(
                id=ids[halt.visit],
                arrive_s=halt.arrival_s,
                begin_s=halt.begin_s,
                depart_s=halt.departure_s,
            )
            for halt in route.trip.visits
        ),
        back_s=route.trip.back_s,
        load=route.load,
        cost_s=route.cost_s,
    )


def _request(told: PastRequest, *, release_s: int = 0, must_go: bool = False) -> Request:
    return Request(
        place=told.place,
        demand=told.demand,
        window=None if told.window_s is None else Window(*told.window_s),
        service_s=told.service_s,
        release_s=release_s,
        must_go=must_go,
    )


def _table(rows: Sequence[msgspec.Raw]) -> NDArray[np.int32]:
    """
    The matrix; int32 of shape (n, n).

    Raises
    ------
    WavesRefused
        A row has another length, or something in it is no such number.
    """
    size = len(rows)
    table = np.zeros((size, size), np.int32)
    for number, raw in enumerate(rows):
        where = ("durations_s", number)
        try:
            row = msgspec.json.decode(raw, type=list[int])
        except msgspec.ValidationError as wrong:
            raise WavesRefused((_clash_of(str(wrong), where),)) from wrong
        if len(row) != size:
            why = f"the row has {len(row)} numbers of {size}: give each place a row of as many numbers"
            raise WavesRefused((Clash(path=where, code="matrix-not-square", why=why),))
        if row and not 0 <= min(row) <= max(row) <= UNREACHABLE:
            raise WavesRefused(tuple(_beyond(where, row)))
        table[number] = row
    return table


def _beyond(where: tuple[str | int, ...], row: Sequence[int]) -> Iterator[Clash]:
    for column, seconds in enumerate(row):
        if not 0 <= seconds <= UNREACHABLE:
            code = "number-negative" if seconds < 0 else "number-out-of-range"
            why = f"{seconds} must lie in 0…{UNREACHABLE}, which says that no way leads there"
            yield Clash(path=(*where, column), code=code, why=why)


def _clashes(body: WaveBody) -> Iterator[Clash]:
    """What the mathematics does not know: ids, budget, sizes."""
    if not 0.0 < body.budget_s <= BUDGET_MAX_S:
        why = f"{body.budget_s:g} s must lie above 0 and be at most {BUDGET_MAX_S:g}"
        yield Clash(path=("budget_s",), code="budget-out-of-range", why=why)
    if not 0 <= body.seed < 1 << 32:
        why = f"{body.seed} must lie in 0…{(1 << 32) - 1}"
        yield Clash(path=("seed",), code="number-out-of-range", why=why)
    past = () if body.past is None else body.past.requests
    coming = sum(map(len, body.scenarios))
    for path, count, limit in (
        (("durations_s",), len(body.durations_s), PLACES_MAX),
        (("requests",), len(body.requests), REQUESTS_MAX),
        (("scenarios",), coming, COMING_MAX),
        (("past", "requests"), len(past), COMING_MAX),
        (("past", "per_epoch"), 0 if body.past is None else body.past.per_epoch, REQUESTS_MAX),
    ):
        if count > limit:
            why = f"{count} are more than the {limit} that are taken here"
            yield Clash(path=path, code="too-many-items", why=why)
    firsts: dict[str, int] = {}
    for number, each in enumerate(body.requests):
        first = firsts.setdefault(each.id, number)
        if first != number:
            why = f"request {each.id[:ID_MAX]!r} stands at /requests/{first} already"
            yield Clash(path=("requests", number, "id"), code="duplicate-id", why=why)
        if not 1 <= len(each.id) <= ID_MAX:
            why = f"an id has 1 to {ID_MAX} characters, not {len(each.id)}"
            yield Clash(path=("requests", number, "id"), code="not-valid", why=why)


def _clash_of(message: str, where: tuple[str | int, ...] = ()) -> Clash:
    """What msgspec says of a body, with its place and, for a misspelt member, the one that may be meant."""
    said = _PATH.match(message)
    assert said is not None
    steps = _STEP.finditer(said["path"] or "")
    inner = tuple(step["name"] or int(step["index"]) for step in steps)
    if missing := _MISSING.search(said["why"]):
        return Clash(path=(*inner, missing["name"]), code="field-missing", why="it must be given")
    unknown = _UNKNOWN.search(said["why"])
    if unknown is None:
        return Clash(path=(*where, *inner), code="not-valid", why=said["why"])
    name = unknown["name"]
    near = difflib.get_close_matches(name, _members_at(inner), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(_members_at(inner))}"
    return Clash(path=(*inner, name[:ID_MAX]), code="unknown-field", why=f"unknown field; {hint}")


def _members_at(path: Sequence[str | int]) -> tuple[str, ...]:
    """The members of the record at `path` of a body."""
    record: Any = WaveBody
    for step in path:
        if isinstance(step, str):
            fields = {each.name: each.type for each in msgspec.structs.fields(record)}
            record = _record_in(fields[step])
    return tuple(each.name for each in msgspec.structs.fields(record))


def _record_in(annotation: Any) -> Any:
    """The record that a member holds, itself, optionally or several times."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    found = (_record_in(each) for each in get_args(annotation))
    return next((each for each in found if each is not None), None)
