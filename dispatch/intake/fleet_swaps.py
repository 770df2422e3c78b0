"""Swaps of a fleet file: where vehicles have their full range again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BeforeValidator

from dispatch.errors import meant
from dispatch.fleet import SwapId, SwapPlace, VehicleModelId
from dispatch.intake import cells
from dispatch.intake.stated import Id, Metres, Minutes, Name, Strict, typed
from routing.places import Place


class StatedSwap(Strict):
    id: Id
    name: Name = ""
    lon: Annotated[str, BeforeValidator(typed)] | None = None
    lat: Annotated[str, BeforeValidator(typed)] | None = None
    crs: str = ""
    minutes: Minutes = 0
    charges_km_per_minute: Metres | None = None
    vehicle_models: tuple[Id, ...] = ()


def swap_of(stated: StatedSwap, depot: Place) -> SwapPlace:
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


def swap_clashes(swap: StatedSwap, ranges_m: Mapping[str, int | None]) -> Iterator[tuple[str, str]]:
    """What no single value of a swap shows to be wrong: which, and a sentence. `ranges_m` are those of the vehicle models, None for no limit."""
    if (swap.lon is None) != (swap.lat is None):
        yield "lon", "a place has lon and lat; leave both out for a swap at the depot"
    if not swap.minutes and swap.charges_km_per_minute is None:
        yield "minutes", "say how long it takes: minutes, charges_km_per_minute, or both"
    for word in swap.vehicle_models:
        if word not in ranges_m:
            yield "vehicle_models", f"no vehicle model {word!r}{meant(word, ranges_m)}"
        elif ranges_m[word] is None:
            yield "vehicle_models", f"vehicle model {word!r} has no range_km, so it never swaps"
    if all(each is None for each in ranges_m.values()):
        yield "id", "no vehicle model has a range_km, so nobody ever swaps"
