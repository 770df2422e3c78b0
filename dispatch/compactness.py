"""Compactness 紧凑度: how far the areas in which couriers stop lie in each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import shapely

from routing.places import Place


def overlap_percent(stops: Iterable[Sequence[Place]]) -> int:
    """
    Of all ground inside the convex hulls of couriers' stops, the percentage that lies in more than one.

    0 where every courier has ground of its own, 100 where all have the same. `stops` are those of each courier, the depot
    left out, which all have in common; fewer than three that are not in line span nothing. Hulls and their
    crossing are among the measures of how a plan looks to people that are compared by Rossit, Vigo, Tohmé
    and Frutos, "Visual attractiveness in routing problems: A review", Computers & Operations Research 2019; that
    it is this share is chosen: a number that any number of couriers and any size of township can be compared by.
    Degrees serve as they are: a share of areas is the same however the axes are stretched. O(n log n) for n stops,
    and each pair of hulls that meet.
    """
    dots = [shapely.MultiPoint([(each.lon, each.lat) for each in places]) for places in stops]
    hulls = shapely.convex_hull(dots)
    hulls = hulls[shapely.area(hulls) > 0]
    if len(hulls) < 2:
        return 0
    first, second = shapely.STRtree(hulls).query(hulls, predicate="intersects")
    is_pair = first < second
    shared = shapely.intersection(hulls[first[is_pair]], hulls[second[is_pair]])
    return round(100 * shapely.union_all(shared).area / shapely.union_all(hulls).area)
