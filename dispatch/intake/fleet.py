"""Fleet files: depot, vehicle models, couriers from TOML, JSON or a table; all problems at once."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from dispatch.days import DepotId
from dispatch.errors import meant
from dispatch.fleet import (
    BreakRule,
    Courier,
    CourierId,
    Depot,
    Fleet,
    SwapId,
    SwapPlace,
    VehicleModel,
    VehicleModelId,
)
from dispatch.intake import cells
from dispatch.intake.files import LIMIT_BYTES, load, text_of
from dispatch.intake.fleet_table import fleet_rows, is_fleet_header
from dispatch.intake.problems import BadCell, FleetInvalid, FleetProblem
from dispatch.intake.tables import csv_headers, is_spreadsheet, read_table
from dispatch.orders import Handling
from routing.places import Place
from routing.roads.speeds import PROFILES

_T = TypeVar("_T")
_Cell = Callable[[str], _T]


def _typed(raw: object) -> str:
    """A TOML value as the text of a cell."""
    if isinstance(raw, str | int | float | Decimal | time) and not isinstance(raw, bool):
        return str(raw)
    raise PydanticCustomError("cell", "it is neither text nor number; see docs/files.md")


def _as(reader: _Cell[_T]) -> BeforeValidator:
    """A validator that reads a value as a cell, so that all files judge alike."""

    def validate(raw: object) -> _T:
        try:
            return reader(_typed(raw))
        except BadCell as bad:
            raise PydanticCustomError(
                "cell", "{detail}; {advice}", {"detail": bad.detail, "advice": bad.advice}
            ) from None

    return BeforeValidator(validate)


def _amount(per: int, high: int, unit: str, *, low: int = 0) -> BeforeValidator:
    return _as(partial(cells.amount, per=per, low=low, high=high, unit=unit))


def _count(low: int, high: int) -> BeforeValidator:
    return _as(partial(cells.count, low=low, high=high))


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as failure:  # all three, depending on the name
        raise _bad("no such time zone; write one like Asia/Shanghai") from failure


def _bad(message: str) -> PydanticCustomError:
    return PydanticCustomError("cell", "{message}", {"message": message})


def _skill(word: str) -> str:
    words = [each.value for each in Handling]
    if word not in words:
        raise _bad(f"no handling word {word!r}{meant(word, words)}; there are {', '.join(words)}")
    return word


def _cold(cell: str) -> float:
    """Exact to thousandths; below a tenth it is a wrong unit."""
    return cells.amount(cell, per=1000, low=100, high=1000, unit="of the range") / 1000


def _profile(word: str, info: ValidationInfo) -> str:
    known: Collection[str] | None = info.context
    if known is not None and word not in known:
        raise _bad(f"no profile {word!r}{meant(word, known)}; there are {', '.join(known)}")
    return word


# Bounds far above real vehicles and far below what a wrong unit makes of them; chosen.
_Id = Annotated[str, _as(cells.identifier)]
_Name = Annotated[str, _as(partial(cells.text, limit=100))]
_Grams = Annotated[int, _amount(1000, 100_000_000, "kg", low=1)]
_Millilitres = Annotated[int, _amount(1000, 200_000_000, "l", low=1)]
_Metres = Annotated[int, _amount(1000, 5_000_000, "km", low=1)]
_Fen = Annotated[int, _amount(100, 100_000_000, "yuan")]
_Seconds = Annotated[int, _count(0, 36_000)]
_Minutes = Annotated[int, _amount(60, 36_000, "minutes")]
_Hours = Annotated[int, _amount(3600, 24 * 3600, "hours")]
_HoursAhead = Annotated[int, _amount(3600, 24 * 3600, "hours", low=-24 * 3600)]
_Clock = Annotated[time, _as(cells.clock_time)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Break(_Strict):
    earliest: _Clock
    latest: _Clock
    minutes: Annotated[int, _count(1, 480)]


class StatedCourier(_Strict):
    """A courier as fleet files state it."""

    id: _Id
    name: _Name
    vehicle_model: _Id
    shift: Annotated[tuple[time, time], _as(cells.clock_span)]
    phone: Annotated[str, _as(lambda cell: cells.phone(cell) if cell else "")] = ""
    breaks: tuple[_Break, ...] = ()
    skills: tuple[Annotated[str, _as(_skill)], ...] = ()
    villages: tuple[_Name, ...] = ()
    hours_ahead: _HoursAhead = 0


class _Model(_Strict):
    id: _Id
    profile: Annotated[str, _as(cells.identifier), AfterValidator(_profile)]
    name: _Name = ""
    capacity_weight_kg: _Grams | None = None
    capacity_volume_l: _Millilitres | None = None
    capacity_pieces: Annotated[int, _count(1, 1_000_000)] | None = None
    range_km: _Metres | None = None
    trips_max: Annotated[int, _count(1, 50)] = 1
    fixed_cost_yuan: _Fen = 0
    cost_per_km_yuan: _Fen = 0
    cost_per_hour_yuan: _Fen = 0


class _Swap(_Strict):
    id: _Id
    name: _Name = ""
    lon: Annotated[str, BeforeValidator(_typed)] | None = None
    lat: Annotated[str, BeforeValidator(_typed)] | None = None
    crs: str = ""
    minutes: _Minutes = 0
    charges_km_per_minute: _Metres | None = None
    vehicle_models: tuple[_Id, ...] = ()


_DEPOT: Final = Depot(depot_id=DepotId("default"), name="", place=Place(0.0, 0.0))
"""Where the defaults of dispatch.fleet.Depot are read from, so that they are stated once."""


class _Depot(_Strict):
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    name: _Name
    lon: Annotated[str, BeforeValidator(_typed)]
    lat: Annotated[str, BeforeValidator(_typed)]
    crs: str = ""
    time_zone: Annotated[str, _as(_zone)] = _DEPOT.time_zone
    departures: tuple[_Clock, ...] = _DEPOT.departures
    service_per_stop_s: _Seconds = _DEPOT.service_per_stop_s
    service_per_piece_s: _Seconds = _DEPOT.service_per_piece_s
    turnaround_s: _Seconds = _DEPOT.turnaround_s
    unload_per_piece_s: _Seconds = _DEPOT.unload_per_piece_s
    sorting_s: _Seconds = _DEPOT.sorting_s
    missed_cut_off_cost_yuan: _Fen | None = None
    unserved_cost_yuan: _Fen = _DEPOT.unserved_cost_fen
    strange_village_cost_yuan: _Fen = _DEPOT.strange_village_cost_fen
    reassign_cost_yuan: _Fen = _DEPOT.reassign_cost_fen
    promise_early_minutes: _Minutes = _DEPOT.promise_early_s
    promise_late_minutes: _Minutes = _DEPOT.promise_late_s
    announce_ahead_minutes: _Minutes | None = _DEPOT.announce_ahead_s
    lock_ahead_minutes: _Minutes = _DEPOT.lock_ahead_s
    slack_minutes: _Minutes = _DEPOT.slack_s
    late_cost_per_hour_yuan: _Fen = _DEPOT.late_cost_per_hour_fen
    window_early_cost_per_minute_yuan: _Fen | None = None
    window_late_cost_per_minute_yuan: _Fen | None = None
    window_missed_max_minutes: _Minutes = _DEPOT.window_missed_max_s
    walk_cost_per_km_yuan: _Fen = _DEPOT.walk_cost_per_km_fen
    walk_max_m: Annotated[int, _count(0, 20_000)] = _DEPOT.walk_max_m
    overtime_after_hours: _Hours | None = None
    overtime_cost_per_hour_yuan: _Fen = _DEPOT.overtime_cost_per_hour_fen
    cold_factor: Annotated[float, _as(_cold)] = _DEPOT.cold_factor


class _Fleet(_Strict):
    depot: _Depot
    vehicle_models: tuple[_Model, ...]
    couriers: tuple[StatedCourier, ...]
    swaps: tuple[_Swap, ...] = ()


def read_fleet(
    source: Path | bytes,
    *,
    name: str,
    profiles: Collection[str] | None = tuple(PROFILES),
    limit_bytes: int = LIMIT_BYTES,
) -> Fleet:
    """
    The fleet of one depot: TOML, JSON of the same shape, or a table with one row per courier.

    `profiles` are those of the roads; None: they are not known here, and every name is taken.

    Raises
    ------
    FleetInvalid
        Something is wrong with it; `problems` lists everything.
    FileRefused
        It cannot be read at all.
    """
    data = load(source, name=name, limit_bytes=limit_bytes)
    raw, where = _raw(data, name, limit_bytes)
    try:
        stated = _Fleet.model_validate(raw, context=profiles)
    except ValidationError as failure:
        problems = [_problem(error, where) for error in failure.errors(include_url=False)]
        raise FleetInvalid(name, problems) from None
    fleet, problems = _fleet(stated, where)
    if fleet is None or problems:
        raise FleetInvalid(name, problems)
    return fleet


def _raw(data: bytes, name: str, limit_bytes: int) -> tuple[Any, Mapping[str, str]]:
    """The value of TOML or JSON, or the like made from a table; and where a table has its parts."""
    if not is_spreadsheet(data):
        text, _ = text_of(data, name=name)
        if not any(map(is_fleet_header, csv_headers(text))):
            return _value(text, name), {}
    table = read_table(data, name=name, is_header=is_fleet_header, limit_bytes=limit_bytes)
    return fleet_rows(table, name=name)


def _value(text: str, name: str) -> Any:
    try:
        if text.lstrip().startswith("{"):
            return json.loads(text, parse_float=Decimal)
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as failure:
        detail = f"neither TOML, JSON nor a fleet table ({failure})"
        raise FleetInvalid(name, [FleetProblem(where="file", detail=detail)]) from failure


def _problem(error: Any, where: Mapping[str, str]) -> FleetProblem:
    path = _path(error["loc"], where)
    if error["type"] == "extra_forbidden":
        key = str(error["loc"][-1])
        known = list(_keys(error["loc"]))
        return FleetProblem(where=path, detail=f"unknown key{meant(key, known)}")
    if error["type"] == "missing":
        return FleetProblem(where=path, detail="it is missing")
    if error["type"] == "tuple_type":
        return FleetProblem(where=path, detail="it is a list: put it in square brackets")
    return FleetProblem(where=path, detail=error["msg"])


def _keys(loc: tuple[int | str, ...]) -> Iterator[str]:
    parents = [each for each in loc[:-1] if isinstance(each, str)]
    parts: dict[str, type[_Strict]] = {
        "depot": _Depot,
        "vehicle_models": _Model,
        "couriers": StatedCourier,
        "breaks": _Break,
        "swaps": _Swap,
    }
    yield from (parts[parents[-1]] if parents else _Fleet).model_fields


def _path(loc: tuple[int | str, ...], where: Mapping[str, str]) -> str:
    """`couriers[2].shift`, counting from 1, or the line of a table."""
    text = ""
    for part in loc:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
        text = where.get(text, text)
    return text


def _fleet(stated: _Fleet, where: Mapping[str, str]) -> tuple[Fleet | None, list[FleetProblem]]:
    """The fleet, and what no single value shows to be wrong."""
    problems = [*_repeated(stated), *_contradictions(stated, where)]
    depot = stated.depot
    try:
        place = cells.degrees(depot.lon, depot.lat, depot.crs)
    except BadCell as bad:
        return None, [
            *problems,
            FleetProblem(where="depot.lon", detail=f"{bad.detail}; {bad.advice}"),
        ]
    swaps: list[SwapPlace] = []
    for number, each in enumerate(stated.swaps):
        try:
            swaps.append(_swap(each, place))
        except BadCell as bad:
            where_lon = _path(("swaps", number, "lon"), where)
            problems.append(FleetProblem(where=where_lon, detail=f"{bad.detail}; {bad.advice}"))
    return Fleet(
        depot=Depot(
            depot_id=DepotId(depot.id),
            name=depot.name,
            place=place,
            time_zone=depot.time_zone,
            departures=tuple(sorted(set(depot.departures))),
            service_per_stop_s=depot.service_per_stop_s,
            service_per_piece_s=depot.service_per_piece_s,
            turnaround_s=depot.turnaround_s,
            unload_per_piece_s=depot.unload_per_piece_s,
            sorting_s=depot.sorting_s,
            missed_cut_off_cost_fen=depot.missed_cut_off_cost_yuan,
            unserved_cost_fen=depot.unserved_cost_yuan,
            strange_village_cost_fen=depot.strange_village_cost_yuan,
            reassign_cost_fen=depot.reassign_cost_yuan,
            promise_early_s=depot.promise_early_minutes,
            promise_late_s=depot.promise_late_minutes,
            announce_ahead_s=depot.announce_ahead_minutes,
            lock_ahead_s=depot.lock_ahead_minutes,
            slack_s=depot.slack_minutes,
            late_cost_per_hour_fen=depot.late_cost_per_hour_yuan,
            window_early_fen_per_minute=depot.window_early_cost_per_minute_yuan,
            window_late_fen_per_minute=depot.window_late_cost_per_minute_yuan,
            window_missed_max_s=depot.window_missed_max_minutes,
            walk_cost_per_km_fen=depot.walk_cost_per_km_yuan,
            walk_max_m=depot.walk_max_m,
            overtime_after_s=depot.overtime_after_hours,
            overtime_cost_per_hour_fen=depot.overtime_cost_per_hour_yuan,
            cold_factor=depot.cold_factor,
        ),
        models={VehicleModelId(each.id): _vehicle(each) for each in stated.vehicle_models},
        couriers={CourierId(each.id): courier_of(each) for each in stated.couriers},
        swaps=tuple(swaps),
    ), problems


def _swap(stated: _Swap, depot: Place) -> SwapPlace:
    """At the depot where it states no place. Raises BadCell."""
    place = depot
    if stated.lon is not None and stated.lat is not None:
        place = cells.degrees(stated.lon, stated.lat, stated.crs)
    return SwapPlace(
        swap_id=SwapId(stated.id),
        place=place,
        name=stated.name,
        takes_s=stated.minutes,
        charged_m_per_minute=stated.charges_km_per_minute,
        model_ids=tuple(VehicleModelId(each) for each in stated.vehicle_models),
    )


def _vehicle(stated: _Model) -> VehicleModel:
    return VehicleModel(
        model_id=VehicleModelId(stated.id),
        profile=stated.profile,
        name=stated.name,
        # The fields keep their file's names; their values were read into grams, metres and fen.
        capacity_weight_g=stated.capacity_weight_kg,
        capacity_volume_ml=stated.capacity_volume_l,
        capacity_pieces=stated.capacity_pieces,
        range_m=stated.range_km,
        trips_max=stated.trips_max,
        fixed_cost_fen=stated.fixed_cost_yuan,
        cost_per_km_fen=stated.cost_per_km_yuan,
        cost_per_hour_fen=stated.cost_per_hour_yuan,
    )


def courier_of(stated: StatedCourier) -> Courier:
    starts, ends = stated.shift
    return Courier(
        courier_id=CourierId(stated.id),
        name=stated.name,
        phone=stated.phone,
        model_id=VehicleModelId(stated.vehicle_model),
        shift_starts=starts,
        shift_ends=ends,
        breaks=tuple(
            BreakRule(each.earliest, each.latest, each.minutes * 60) for each in stated.breaks
        ),
        skills=frozenset(stated.skills),
        villages=frozenset(stated.villages),
        ahead_s=stated.hours_ahead,
    )


def _repeated(stated: _Fleet) -> Iterator[FleetProblem]:
    for where, ids in (
        ("vehicle_models", [each.id for each in stated.vehicle_models]),
        ("couriers", [each.id for each in stated.couriers]),
        ("swaps", [each.id for each in stated.swaps]),
    ):
        for own_id, times in Counter(ids).items():
            if times > 1:
                yield FleetProblem(where=where, detail=f"the id {own_id!r} is there {times} times")


def _contradictions(stated: _Fleet, where: Mapping[str, str]) -> Iterator[FleetProblem]:
    for part, listed in (
        ("depot.departures", stated.depot.departures),
        ("vehicle_models", stated.vehicle_models),
        ("couriers", stated.couriers),
    ):
        if not listed:
            yield FleetProblem(where=part, detail="it is empty")
    if stated.depot.overtime_cost_per_hour_yuan and stated.depot.overtime_after_hours is None:
        yield FleetProblem(
            where="depot.overtime_cost_per_hour_yuan",
            detail="say with overtime_after_hours from when on it is paid",
        )
    models = [each.id for each in stated.vehicle_models]
    for number, swap in enumerate(stated.swaps):
        for part, detail in _swap_clashes(swap, stated):
            yield FleetProblem(where=_path(("swaps", number, part), where), detail=detail)
    for number, courier in enumerate(stated.couriers):
        if courier.hours_ahead and stated.depot.overtime_after_hours is None:
            yield FleetProblem(
                where=_path(("couriers", number, "hours_ahead"), where),
                detail="overtime begins so much earlier: say with overtime_after_hours of the depot when",
            )
        for path, detail in clashes_of(courier, models):
            yield FleetProblem(where=_path(("couriers", number, *path), where), detail=detail)


def _swap_clashes(swap: _Swap, stated: _Fleet) -> Iterator[tuple[str, str]]:
    """What no single value of a swap shows to be wrong."""
    models = {each.id: each for each in stated.vehicle_models}
    if (swap.lon is None) != (swap.lat is None):
        yield "lon", "a place has lon and lat; leave both out for a swap at the depot"
    if not swap.minutes and swap.charges_km_per_minute is None:
        yield "minutes", "say how long it takes: minutes, charges_km_per_minute, or both"
    for word in swap.vehicle_models:
        if word not in models:
            yield "vehicle_models", f"no vehicle model {word!r}{meant(word, models)}"
        elif models[word].range_km is None:
            yield "vehicle_models", f"vehicle model {word!r} has no range_km, so it never swaps"
    if all(each.range_km is None for each in models.values()):
        yield "id", "no vehicle model has a range_km, so nobody ever swaps"


def clashes_of(
    courier: StatedCourier, models: Collection[str]
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """What no single value of a courier shows to be wrong: where in it, and a sentence."""
    model = courier.vehicle_model
    if model not in models:
        yield ("vehicle_model",), f"no vehicle model {model!r}{meant(model, models)}"
    starts, ends = courier.shift
    for index, rest in enumerate(courier.breaks):
        if not starts <= rest.earliest <= rest.latest < ends:
            yield (
                ("breaks", index),
                "it begins between earliest and latest, both within the shift",
            )
