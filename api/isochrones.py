"""Isochrones over HTTP: the areas that are reached from a place, or from which it is reached, in time."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from shapely.geometry import mapping

from api.answers import PROBLEMS, as_json
from api.auth import Caller
from api.avoiding import avoiding
from api.errors import ApiError
from api.requests import GuardedRoute, With, network_now
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.roads.snap import PlaceOffRoad

router = APIRouter(route_class=GuardedRoute, tags=["roads"], responses=PROBLEMS)

MINUTES_MAX: Final = 240
METRES_MAX: Final = 200_000
LIMITS_MAX: Final = 12
"""A day's farthest drive and more contours than a map can show. Chosen."""

_LIMIT: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")

Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class MultiPolygon:
    """GeoJSON: of each polygon the outline, then its holes."""

    type: Literal["MultiPolygon"]
    coordinates: tuple[tuple[tuple[Position, ...], ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What the area stands for; the one that was asked for is told."""

    minutes: float | None
    metres: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contour:
    type: Literal["Feature"]
    properties: Limit
    geometry: MultiPolygon


@dataclass(frozen=True, slots=True, kw_only=True)
class Contours:
    """
    A GeoJSON FeatureCollection, the largest area first, so that smaller ones are drawn above it.

    place
        Longitude and latitude on the road nearest to the place asked for, `gap_m` away.
    """

    type: Literal["FeatureCollection"]
    features: tuple[Contour, ...]
    place: Position
    gap_m: float
    attribution: str


@router.get(
    "/isochrones",
    operation_id="read_isochrones",
    response_model=Contours,
    summary="How far one gets in some minutes or metres",
)
async def read_isochrones(
    deps: With,
    caller: Caller,
    profile: Annotated[str, Query(max_length=64)],
    lon: float,
    lat: float,
    minutes: Annotated[str | None, Query(description="One or several: `5,10,15`.")] = None,
    metres: Annotated[str | None, Query(description="In place of minutes: `500,2000`.")] = None,
    direction: Annotated[
        Literal["from", "to"], Query(description="From the place, or to it.")
    ] = "from",
    avoid_polygons: Annotated[
        str | None, Query(description="Areas to keep out of: `lon,lat;lon,lat;lon,lat|lon,lat;…`.")
    ] = None,
) -> Response:
    """Turn restrictions, one-way roads and closures hold as in every route. Metres are those of the shortest way."""
    network = await avoiding(await network_now(deps, caller), avoid_polygons, profile)
    found = await asyncio.to_thread(
        _contours,
        network,
        profile,
        Place(lon, lat),
        minutes=_limits("minutes", minutes, MINUTES_MAX),
        metres=_limits("metres", metres, METRES_MAX),
        towards=direction == "to",
    )
    return as_json(found)


def _contours(
    network: RoadNetwork,
    profile: str,
    place: Place,
    *,
    minutes: tuple[float, ...],
    metres: tuple[float, ...],
    towards: bool,
) -> Contours:
    if bool(minutes) == bool(metres):
        raise ApiError(
            422, "limits-unclear", "give minutes or metres, one or several: minutes=5,10"
        )
    (snap,) = network.snap((place,), profile)
    if isinstance(snap, PlaceOffRoad):
        raise snap
    limits = sorted(minutes or metres, reverse=True)
    whole = [round(60 * limit) if minutes else round(limit) for limit in limits]
    within: dict[str, Any] = {"within_s" if minutes else "within_m": whole}
    areas = network.isochrones(network.reaches(snap, profile, **within, towards=towards))
    return Contours(
        type="FeatureCollection",
        features=tuple(
            Contour(
                type="Feature",
                properties=Limit(
                    minutes=limit if minutes else None, metres=limit if metres else None
                ),
                geometry=MultiPolygon("MultiPolygon", mapping(isochrone.area)["coordinates"]),
            )
            for limit, isochrone in zip(limits, areas, strict=True)
        ),
        place=(round(snap.place.lon, 6), round(snap.place.lat, 6)),
        gap_m=round(snap.gap_m, 1),
        attribution=network.attribution,
    )


def _limits(name: str, text: str | None, most: int) -> tuple[float, ...]:
    """Different numbers above 0 from a list with commas; () where it is left out."""
    if text is None:
        return ()
    words = text.split(",", LIMITS_MAX)
    fits = all(_LIMIT.fullmatch(word) and 0.5 <= float(word) <= most for word in words)
    if not fits or len(words) > LIMITS_MAX:
        raise ApiError(
            422,
            "limits-unclear",
            f"query/{name}: give up to {LIMITS_MAX} numbers from 0.5 to {most:,}, with commas"
            " between them",
        )
    return tuple({float(word) for word in words})
