"""Plans for maps, phones, spreadsheets and paper."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import gpxpy.gpx
import jinja2
import msgspec
import polyline

from dispatch.fleet import Courier
from dispatch.households import Registry
from dispatch.orders import OrderRecord
from dispatch.plan import Missed, Plan, Route, Trip
from dispatch.shortfalls import Unserved
from routing.places import Place

SYNTHETIC_NOTE: Final = "示例数据：村庄、道路和人物均为虚构 · synthetic villages, roads and people"


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A plan in the numbers that a dispatcher asks for first."""

    orders: int
    served: int
    unserved: Mapping[str, int]
    """Reason to number of orders."""
    remedies: Mapping[str, int]
    """Code of the cheapest remedy to number of orders that have one."""
    couriers: int
    stops: int
    km: float
    hours: float
    cost_yuan: float
    brought: int
    """Orders that their households bring to a point."""
    late: int
    """Orders that take a later departure than they asked for."""
    late_cost_yuan: float
    missed: int
    """Orders picked up outside the windows that they asked for."""
    missed_cost_yuan: float
    dropped: int
    """Orders whose parcels are dropped at another place on the way."""
    joints: int
    joints_incomplete: int
    """Joint orders, and those of which the plan leaves something out."""
    overlap_percent: int | None
    """How far the areas of couriers lie in each other; None: not measured."""
    least_slack_min: int | None
    """Least minutes by which a trip could be over later and its parcels still catch their trucks; None: no trip."""


def summary(plan: Plan) -> Summary:
    slacks = [
        (trip.cut_off_at - trip.unloaded_at).total_seconds() - plan.sorting_s
        for route in plan.routes
        for trip in route.trips
        if trip.pieces  # what brings nothing to the depot is in nobody's time
    ]
    figures = plan.figures
    return Summary(
        orders=figures.orders,
        served=figures.served,
        unserved=dict(Counter(each.reason for each in plan.unserved)),
        remedies=dict(Counter(each.remedies[0].code for each in plan.unserved if each.remedies)),
        couriers=figures.couriers,
        stops=figures.stops,
        km=round(figures.distance_m / 1000, 1),
        hours=round(figures.duration_s / 3600, 1),
        cost_yuan=round(figures.cost_fen / 100, 2),
        brought=figures.brought,
        late=figures.late,
        late_cost_yuan=round(figures.late_cost_fen / 100, 2),
        missed=figures.missed,
        missed_cost_yuan=round(figures.missed_cost_fen / 100, 2),
        dropped=figures.dropped,
        joints=len(plan.joints),
        joints_incomplete=sum(not each.complete for each in plan.joints),
        overlap_percent=figures.overlap_percent,
        least_slack_min=None if not slacks else int(min(slacks) // 60),
    )


def _line(trip: Trip) -> list[tuple[float, float]]:
    """The trip's way as (lon, lat), legs joined where they meet."""
    return [point for point, _ in _timed_line(trip)]


def _timed_line(trip: Trip) -> list[tuple[tuple[float, float], datetime | None]]:
    """As `_line`, with the planned moment where one is known: where a leg ends, and at the start."""
    points: list[tuple[tuple[float, float], datetime | None]] = []
    ends = (*((stop.leg, stop.arrive_at) for stop in trip.stops), (trip.home, trip.back_at))
    for leg, end_at in ends:
        line = [(lon, lat) for lat, lon in polyline.decode(leg.polyline6, 6)]
        new = line[1:] if points and line and points[-1][0] == line[0] else line
        if new and not points:
            points.append((new.pop(0), trip.leave_at))
        # A leg of no length adds nothing: of two stops at one place the first one's moment stays.
        points += [(point, None) for point in new[:-1]]
        points += [(point, end_at) for point in new[-1:]]
    return points


def _feature(kind: str, geometry: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": {"kind": kind, **properties},
    }


def _point(place: Place) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [place.lon, place.lat]}


def plan_geojson(plan: Plan) -> bytes:
    """
    A FeatureCollection: the depot, each trip's line, each stop, each unserved order with a place.

    Every feature says by `kind` what it is; nothing in it is personal.
    """
    features = [_feature("depot", _point(plan.depot_place), name=plan.depot_name)]
    for route in plan.routes:
        for number, trip in enumerate(route.trips, start=1):
            legs = (*(stop.leg for stop in trip.stops), trip.home)
            features.append(
                _feature(
                    "trip",
                    {"type": "LineString", "coordinates": _line(trip)},
                    courier_id=route.courier_id,
                    trip=number,
                    profile=route.profile,
                    distance_m=sum(leg.distance_m for leg in legs),
                    duration_s=round((trip.back_at - trip.leave_at).total_seconds()),
                    leave_at=trip.leave_at,
                    back_at=trip.back_at,
                    dock_wait_s=trip.dock_wait_s,
                    over_at=trip.unloaded_at,
                    cut_off_at=trip.cut_off_at,
                    truck_at=trip.truck_at,
                )
            )
        features += [
            _feature(
                "stop",
                _point(stop.place),
                courier_id=route.courier_id,
                seq=stop.seq,
                title=stop.title,
                village=stop.village,
                arrive_at=stop.arrive_at,
                begin_at=stop.begin_at,
                pieces=stop.pieces,
                order_ids=stop.order_ids,
                brought_order_ids=tuple(each.order_id for each in stop.brought),
                truck_at=stop.truck_at,
                late_order_ids=tuple(each.order_id for each in stop.late),
                missed_order_ids=tuple(each.order_id for each in stop.missed),
                joint_ids=tuple(each.joint_id for each in stop.joints),
                dropped_order_ids=tuple(each.order_id for each in stop.dropped),
                on_board_pieces=None if stop.on_board is None else stop.on_board.pieces,
            )
            for stop in route.stops
        ]
    features += [
        _feature(
            "unserved",
            _point(each.place),
            order_id=each.order_id,
            reason=each.reason,
            detail=each.detail,
            remedies=[remedy.detail for remedy in each.remedies],
        )
        for each in plan.unserved
        if each.place is not None
    ]
    return msgspec.json.encode(
        {
            "type": "FeatureCollection",
            "attribution": plan.attribution,
            "synthetic": plan.synthetic,
            "features": features,
        }
    )


def route_gpx(plan: Plan, route: Route) -> bytes:
    """
    One courier's shift as GPX 1.1: a waypoint for each stop, a track segment for each trip.

    A waypoint has the time at which the pickup begins; the track has those of leaving, of reaching
    each stop and of being back, and none between.
    """
    gpx = gpxpy.gpx.GPX()
    gpx.name = f"{plan.plan_id} {route.courier_id}"
    gpx.copyright_author = plan.attribution
    gpx.creator = "cunlu"
    for stop in route.stops:
        gpx.waypoints.append(
            gpxpy.gpx.GPXWaypoint(
                latitude=stop.place.lat,
                longitude=stop.place.lon,
                name=f"{stop.seq} {stop.title}{' 送达' if stop.dropped else ''}",
                time=stop.begin_at.astimezone(UTC),
            )
        )
    track = gpxpy.gpx.GPXTrack(name=route.courier_id)
    for trip in route.trips:
        points = [
            gpxpy.gpx.GPXTrackPoint(lat, lon, time=None if at is None else at.astimezone(UTC))
            for (lon, lat), at in _timed_line(trip)
        ]
        track.segments.append(gpxpy.gpx.GPXTrackSegment(points))
    gpx.tracks.append(track)
    text: str = gpx.to_xml(version="1.1")
    return text.encode()


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def csv_of(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table for spreadsheets: UTF-8 with the mark by which they know it, and no cell a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig", "replace")


def fates_csv(plan: Plan, records: Sequence[OrderRecord] = ()) -> bytes:
    """
    Every order of the plan: who fetches it and when, or why nobody does and what the cheapest
    remedy would be.

    The status is what became of the order by `records`; without its record, whether the plan serves it.
    `brought_by` is the household that brings it to the point and must be told, `truck` the departure that it
    makes, and `late_yuan` what it costs that this is a later one than it asked for. `joint` is the joint order that it is of,
    `joint_complete` says whether the plan picks up all of that. `missed` is how far outside its windows it is picked up,
    `missed_yuan` what that costs. `dropped` is when its parcels are dropped on the way, `dropped_where` where.
    """
    statuses: dict[str, str] = {record.order.order_id: record.status for record in records}
    bringing = {
        each.order_id: each.household_id or ""
        for route in plan.routes
        for stop in route.stops
        for each in stop.brought
    }
    late_yuan = {
        each.order_id: f"{each.cost_fen / 100:.2f}"
        for route in plan.routes
        for stop in route.stops
        for each in stop.late
    }
    missed = {
        each.order_id: (_miss(each), f"{each.cost_fen / 100:.2f}")
        for route in plan.routes
        for stop in route.stops
        for each in stop.missed
    }
    dropped = {
        each.order_id: (stop.begin_at.isoformat(timespec="minutes"), stop.title)
        for route in plan.routes
        for stop in route.stops
        for each in stop.dropped
    }
    joint_of = {
        order_id: (each.joint_id, "yes" if each.complete else "no")
        for each in plan.joints
        for order_id in each.order_ids
    }
    rows: list[tuple[object, ...]] = [
        (
            order_id,
            statuses.get(order_id, "served"),
            route.courier_id,
            number,
            stop.seq,
            stop.begin_at.isoformat(timespec="minutes"),
            stop.title,
            bringing.get(order_id, ""),
            "" if stop.truck_at is None else stop.truck_at.isoformat(timespec="minutes"),
            late_yuan.get(order_id, ""),
            *([""] * 4),
            *joint_of.get(order_id, ("", "")),
            *missed.get(order_id, ("", "")),
            *dropped.get(order_id, ("", "")),
        )
        for route in plan.routes
        for number, trip in enumerate(route.trips, start=1)
        for stop in trip.stops
        for order_id in stop.order_ids
    ]
    rows += [
        (
            each.order_id,
            statuses.get(each.order_id, "unserved"),
            *([""] * 8),
            each.reason,
            each.detail,
            *_cheapest(each),
            *joint_of.get(each.order_id, ("", "")),
            *([""] * 4),
        )
        for each in plan.unserved
    ]
    header = (
        *("order", "status", "courier", "trip", "stop", "planned", "where", "brought_by"),
        *("truck", "late_yuan", "reason", "detail", "remedy", "remedy_yuan"),
        *("joint", "joint_complete", "missed", "missed_yuan", "dropped", "dropped_where"),
    )
    return csv_of(header, sorted(rows, key=lambda row: str(row[0])))


def _miss(missed: Missed) -> str:
    """Whole minutes, rounded up, for people."""
    minutes = -(-(missed.early_s or missed.late_s) // 60)
    return f"{minutes} min {'early' if missed.early_s else 'late'}"


def _cheapest(left: Unserved) -> tuple[str, str]:
    if not left.remedies:
        return "", ""
    return left.remedies[0].detail, f"{left.remedies[0].cost_fen / 100:.2f}"


def contacts_of(route: Route, registry: Registry) -> Mapping[str, Contact]:
    """Whom the courier may call, by household or point id."""
    contacts: dict[str, Contact] = {}
    for stop in route.stops:
        for household_id in stop.household_ids:
            household = registry.households.get(household_id)
            if household is not None:
                contacts[household_id] = Contact(household.name, household.phone)
        point = None if stop.point_id is None else registry.points.get(stop.point_id)
        if point is not None:
            contacts[point.point_id] = Contact(point.name, point.phone)
    return contacts


_templates: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("dispatch"), autoescape=True, undefined=jinja2.StrictUndefined
)


def route_sheet(plan: Plan, route: Route, courier: Courier, contacts: Mapping[str, Contact]) -> str:
    """One courier's shift as a page to print: self-contained HTML, A4, Chinese with English beneath."""
    return _templates.get_template("sheet.html.j2").render(
        plan=plan,
        route=route,
        courier=courier,
        contacts=contacts,
        synthetic_note=SYNTHETIC_NOTE if plan.synthetic else "",
    )
