"""Outlooks 前景: what of each courier's shift is still to come, as far as was heard, in columns to reckon with at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.days import DayClock
from dispatch.fates import Fate, RoadFacts
from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.plan import Stop
from dispatch.running.courses import ENDLESS, Course
from dispatch.running.gaps import NOTHING_AHEAD, Gap, GapsAhead, gaps_ahead
from routing.roads.network import RoadNetwork

_END: Final = [("lon", "f8"), ("lat", "f8"), ("walk_m", "f8"), ("is_depot", "?")]

GAPS: Final = np.dtype(
    [
        ("before", _END),
        ("after", _END),
        ("leg_s", "f8"),
        ("leg_m", "f8"),
        ("left_s", "f8"),
        ("home_s", "f8"),
        ("idle_s", "f8"),
        ("margin_s", "f8"),
        ("slack_s", "f8"),
        ("room", "f8", (3,)),
        ("is_known", "?"),
    ]
)
"""
A gap in figures: its two ends, the drive between them, and of its courier's shift when it leaves for the gap and is
unloaded after it; `idle_s`, `margin_s` and `slack_s` from its later end on, as in `Course`; and what its trip still
holds, by dimension. Moments in seconds of the day.
"""

_Heard = tuple[tuple[Fate | None, ...], Mapping[OrderId, datetime]]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What of a course is still to come; `columns` are those of `ahead.gaps`, of dtype `GAPS`."""

    course: Course
    heard: _Heard
    ahead: GapsAhead
    columns: NDArray[np.void]


def outlooks_of(
    courses: Mapping[CourierId, Course],
    facts: RoadFacts,
    network: RoadNetwork,
    clock: DayClock,
    before: Mapping[CourierId, Outlook],
) -> Mapping[CourierId, Outlook]:
    """The outlooks of all courses; those of `before` of which nothing else was planned or heard since are taken over."""
    tops_m_per_s = {
        each: network.profile(each).top_kmh / 3.6
        for each in {course.profile for course in courses.values()}
    }
    midnight_s = clock.starts_at.timestamp()
    found: dict[CourierId, Outlook] = {}
    for courier_id, course in courses.items():
        known, heard = before.get(courier_id), _heard(courier_id, course, facts)
        if known is not None and known.course is course and known.heard == heard:
            found[courier_id] = known
            continue
        ahead = NOTHING_AHEAD
        if course.route is not None:
            ahead = gaps_ahead(course.route, facts, tops_m_per_s[course.profile])
        rows = [_row(gap, course, midnight_s) for gap in ahead.gaps]
        found[courier_id] = Outlook(course, heard, ahead, np.array(rows, dtype=GAPS))
    return found


def _heard(courier_id: CourierId, course: Course, facts: RoadFacts) -> _Heard:
    if course.route is None:
        return (), {}
    fates = tuple(
        facts.fates.get(order_id) for stop in course.route.stops for order_id in stop.order_ids
    )
    return fates, facts.arrivals.get(courier_id, {})


def _row(gap: Gap, course: Course, midnight_s: float) -> tuple[object, ...]:
    seq = (gap.before or gap.trip.stops[0]).seq if gap.after is None else gap.after.seq
    left_at = gap.trip.leave_at if gap.before is None else gap.before.depart_at
    aboard = (gap.trip.weight_g, gap.trip.volume_ml, gap.trip.pieces)
    # Of a trip of which something is called off nobody has counted what is on board.
    room = (
        (max(0, most - load) if gap.is_whole else ENDLESS)
        for load, most in zip(aboard, course.vehicle.capacities, strict=True)
    )
    return (
        _end(gap.before),
        _end(gap.after),
        gap.leg_s,
        gap.leg_m,
        left_at.timestamp() - midnight_s,
        gap.trip.unloaded_at.timestamp() - midnight_s,
        course.idle_from_s[seq],
        course.margins_s[seq],
        ENDLESS if gap.after is None else course.slacks_s[gap.after.seq],
        tuple(room),
        gap.is_known,
    )


def _end(stop: Stop | None) -> tuple[float, float, float, bool]:
    if stop is None:
        return 0.0, 0.0, 0.0, True
    return stop.place.lon, stop.place.lat, stop.leg.walk_m, False
