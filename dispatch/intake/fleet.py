"""Fleet files: depot, vehicle models, couriers from TOML, JSON or a table; all problems at once."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
)

from dispatch.days import DepotId
from dispatch.errors import meant
from dispatch.fleet import (
    BreakRule,
    Courier,
    CourierId,
    Depot,
    Fleet,
    SwapPlace,
    VehicleModel,
    VehicleModelId,
)
from dispatch.intake import cells
from dispatch.intake.files import LIMIT_BYTES, load, text_of
from dispatch.intake.fleet_swaps import StatedSwap, swap_clashes, swap_of
from dispatch.intake.fleet_table import fleet_rows, is_fleet_header
from dispatch.intake.problems import BadCell, FleetInvalid, FleetProblem
from dispatch.intake.stated import (
    Clock,
    Fen,
    Grams,
    Hours,
    HoursAhead,
    Id,
    Metres,
    Millilitres,
    Minutes,
    Name,
    Seconds,
    Strict,
    count_in,
    read_as,
    refusal,
    typed,
)
from dispatch.intake.tables import csv_headers, is_spreadsheet, read_table
from dispatch.orders import Handling
from routing.places import Place
from routing.roads.speeds import PROFILES


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as failure:  # all three, depending on the name
        raise refusal("no such time zone; write one like Asia/Shanghai") from failure


def _skill(word: str) -> str:
    words = [each.value for each in Handling]
    if word not in words:
        raise refusal(
            f"no handling word {word!r}{meant(word, words)}; there are {', '.join(words)}"
        )
    return word


def _cold(cell: str) -> float:
    """Exact to thousandths; below a tenth it is a wrong unit."""
    return cells.amount(cell, per=1000, low=100, high=1000, unit="of the range") / 1000


def _profile(word: str, info: ValidationInfo) -> str:
    known: Collection[str] | None = info.context
    if known is not None and word not in known:
        raise refusal(f"no profile {word!r}{meant(word, known)}; there are {', '.join(known)}")
    return word


class _Break(Strict):
    earliest: Clock
    latest: Clock
    minutes: Annotated[int, count_in(1, 480)]


class StatedCourier(Strict):
    """A courier as fleet files state it."""

    id: Id
    name: Name
    vehicle_model: Id
    shift: Annotated[tuple[time, time], read_as(cells.clock_span)]
    phone: Annotated[str, read_as(lambda cell: cells.phone(cell) if cell else "")] = ""
    breaks: tuple[_Break, ...] = ()
    skills: tuple[Annotated[str, read_as(_skill)], ...] = ()
    villages: tuple[Name, ...] = ()
    hours_ahead: HoursAhead = 0


class _Model(Strict):
    id: Id
    profile: Annotated[str, read_as(cells.identifier), AfterValidator(_profile)]
    name: Name = ""
    capacity_weight_kg: Grams | None = None
    capacity_volume_l: Millilitres | None = None
    capacity_pieces: Annotated[int, count_in(1, 1_000_000)] | None = None
    range_km: Metres | None = None
    trips_max: Annotated[int, count_in(1, 50)] = 1
    fixed_cost_yuan: Fen = 0
    cost_per_km_yuan: Fen = 0
    cost_per_hour_yuan: Fen = 0


_DEPOT: Final = Depot(depot_id=DepotId("default"), name="", place=Place(0.0, 0.0))
"""Where the defaults of dispatch.fleet.Depot are read from, so that they are stated once."""


class _Depot(Strict):
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    name: Name
    lon: Annotated[str, BeforeValidator(typed)]
    lat: Annotated[str, BeforeValidator(typed)]
    crs: str = ""
    time_zone: Annotated[str, read_as(_zone)] = _DEPOT.time_zone
    departures: tuple[Clock, ...] = _DEPOT.departures
    service_per_stop_s: Seconds = _DEPOT.service_per_stop_s
    service_per_piece_s: Seconds = _DEPOT.service_per_piece_s
    turnaround_s: Seconds = _DEPOT.turnaround_s
    unload_per_piece_s: Seconds = _DEPOT.unload_per_piece_s
    docks: Annotated[int, count_in(1, 1_000)] | None = _DEPOT.docks
    sorting_s: Seconds = _DEPOT.sorting_s
    missed_cut_off_cost_yuan: Fen | None = None
    unserved_cost_yuan: Fen = _DEPOT.unserved_cost_fen
    strange_village_cost_yuan: Fen = _DEPOT.strange_village_cost_fen
    reassign_cost_yuan: Fen = _DEPOT.reassign_cost_fen
    promise_early_minutes: Minutes = _DEPOT.promise_early_s
    promise_late_minutes: Minutes = _DEPOT.promise_late_s
    announce_ahead_minutes: Minutes | None = _DEPOT.announce_ahead_s
    lock_ahead_minutes: Minutes = _DEPOT.lock_ahead_s
    slack_minutes: Minutes = _DEPOT.slack_s
    look_back_days: Annotated[int, count_in(0, 28)] = _DEPOT.look_back_days
    late_cost_per_hour_yuan: Fen = _DEPOT.late_cost_per_hour_fen
    window_early_cost_per_minute_yuan: Fen | None = None
    window_late_cost_per_minute_yuan: Fen | None = None
    window_missed_max_minutes: Minutes = _DEPOT.window_missed_max_s
    walk_cost_per_km_yuan: Fen = _DEPOT.walk_cost_per_km_fen
    walk_max_m: Annotated[int, count_in(0, 20_000)] = _DEPOT.walk_max_m
    overtime_after_hours: Hours | None = None
    overtime_cost_per_hour_yuan: Fen = _DEPOT.overtime_cost_per_hour_fen
    cold_factor: Annotated[float, read_as(_cold)] = _DEPOT.cold_factor


class _Fleet(Strict):
    depot: _Depot
    vehicle_models: tuple[_Model, ...]
    couriers: tuple[StatedCourier, ...]
    swaps: tuple[StatedSwap, ...] = ()


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
    parts: dict[str, type[Strict]] = {
        "depot": _Depot,
        "vehicle_models": _Model,
        "couriers": StatedCourier,
        "breaks": _Break,
        "swaps": StatedSwap,
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
            swaps.append(swap_of(each, place))
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
            docks=depot.docks,
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
            look_back_days=depot.look_back_days,
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
    ranges_m = {each.id: each.range_km for each in stated.vehicle_models}
    for number, swap in enumerate(stated.swaps):
        for part, detail in swap_clashes(swap, ranges_m):
            yield FleetProblem(where=_path(("swaps", number, part), where), detail=detail)
    for number, courier in enumerate(stated.couriers):
        if courier.hours_ahead and stated.depot.overtime_after_hours is None:
            yield FleetProblem(
                where=_path(("couriers", number, "hours_ahead"), where),
                detail="overtime begins so much earlier: say with overtime_after_hours of the depot when",
            )
        for path, detail in clashes_of(courier, models):
            yield FleetProblem(where=_path(("couriers", number, *path), where), detail=detail)


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
