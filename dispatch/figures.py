"""A plan in numbers: counted from its routes, the overlap of their areas measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dispatch import compactness
from dispatch.plan import Figures, Route
from dispatch.shortfalls import Unserved


def overlap_of(routes: Iterable[Route]) -> int:
    """
    How far the areas of these routes lie in each other, in percent.

    Throwaway runs with 49 stops each, most areas in each other: 53 couriers take 20 ms, 137 take 140 ms.
    """
    return compactness.overlap_percent([stop.place for stop in route.stops] for route in routes)


def figures_of(
    routes: Sequence[Route],
    unserved: Sequence[Unserved],
    *,
    overlap_percent: int | None = None,
    expected: int = 0,
) -> Figures:
    """A plan of these routes in numbers, with the overlap as it was measured and the expected orders as they were counted."""
    stops = [stop for route in routes for stop in route.stops]
    served = sum(len(stop.order_ids) for stop in stops)
    return Figures(
        orders=served + len(unserved),
        served=served,
        stops=len(stops),
        couriers=len(routes),
        distance_m=sum(route.distance_m for route in routes),
        duration_s=sum(route.duration_s for route in routes),
        cost_fen=sum(route.cost_fen for route in routes),
        brought=sum(len(stop.brought) for stop in stops),
        late=sum(len(stop.late) for stop in stops),
        late_cost_fen=sum(each.cost_fen for stop in stops for each in stop.late),
        missed=sum(len(stop.missed) for stop in stops),
        missed_cost_fen=sum(each.cost_fen for stop in stops for each in stop.missed),
        dropped=sum(len(stop.dropped) for stop in stops),
        overlap_percent=overlap_percent,
        expected=expected,
    )
