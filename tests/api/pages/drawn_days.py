"""A depot-day drawn by hand: a fleet, a household, and plans as even as a ruler makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polyline

from dispatch.days import DepotDay, DepotId
from dispatch.fleet import (
    Courier,
    CourierId,
    Depot,
    Fleet,
    SwapId,
    VehicleModel,
    VehicleModelId,
)
from dispatch.households import Household, HouseholdId, PointId
from dispatch.orders import JointId, OrderId
from dispatch.plan import (
    Brought,
    Departure,
    Figures,
    JointPart,
    Late,
    Leg,
    Missed,
    Plan,
    PlanId,
    Route,
    Stop,
    StopKind,
    SwapStop,
    Trip,
)
from dispatch.shortfalls import Unserved
from routing.places import Place

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 11)
STARTS_AT = datetime(2026, 11, 11, 9, 30, tzinfo=ZONE)
HOME = Place(118.0906, 33.8711)
HOUSEHOLD = Household(
    household_id=HouseholdId("H001"),
    village="兴国村",
    name="孙寒",
    phone="13900005678",
    place=Place(118.1, 33.88),
)


def fleet_of(names: Sequence[str]) -> Fleet:
    model = VehicleModel(model_id=VehicleModelId("trike"), profile="trike", name="电动三轮车")
    hours = {"shift_starts": STARTS_AT.time(), "shift_ends": (STARTS_AT.replace(hour=18)).time()}
    couriers = [
        Courier(
            courier_id=CourierId(f"c{number:03d}"),
            name=name,
            phone="13800001234",
            model_id=model.model_id,
            **hours,
        )
        for number, name in enumerate(names, start=1)
    ]
    return Fleet(
        depot=Depot(depot_id=DepotId("shaji"), name="沙集网点", place=HOME),
        models={model.model_id: model},
        couriers={each.courier_id: each for each in couriers},
    )


def plan_of(day: DepotDay, fleet: Fleet, *, stops: int, unserved: Sequence[Unserved] = ()) -> Plan:
    """A plan in which every courier makes `stops` stops of one order, five minutes apart."""
    routes = []
    for number, courier_id in enumerate(fleet.couriers):
        trip = trip_of(number * stops, stops, heading=number)
        routes.append(
            Route(
                courier_id=courier_id,
                model_id=VehicleModelId("trike"),
                profile="trike",
                trips=(trip,),
                breaks=(),
                distance_m=1000 * (stops + 1),
                duration_s=300 * (stops + 1),
                cost_fen=500 * stops,
            )
        )
    served = stops * len(routes)
    return Plan(
        plan_id=PlanId("none.2026-11-11.0"),
        day=day,
        version=0,
        based_on=0,
        made_at=STARTS_AT,
        seed=1,
        budget_s=1,
        turnaround_s=600,
        depot_name=fleet.depot.name,
        depot_place=HOME,
        network="hand-drawn",
        attribution="© OpenStreetMap contributors · synthetic villages and roads",
        synthetic=True,
        routes=tuple(routes),
        unserved=tuple(unserved),
        figures=Figures(
            orders=served + len(unserved),
            served=served,
            stops=served,
            couriers=len(routes),
            distance_m=sum(route.distance_m for route in routes),
            duration_s=sum(route.duration_s for route in routes),
            cost_fen=sum(route.cost_fen for route in routes),
            overlap_percent=12,
        ),
    )


def trip_of(first: int, stops: int, *, heading: int) -> Trip:
    made = []
    before = HOME
    leave_at = STARTS_AT
    for seq in range(1, stops + 1):
        place = Place(
            HOME.lon + 0.004 * ((seq * 7) % 23 - 11) / 3 + 0.002 * (heading % 11),
            HOME.lat + 0.004 * ((seq * 5) % 19 - 9) / 3 + 0.002 * (heading // 11),
        )
        begin_at = leave_at + timedelta(minutes=5 * seq)
        made.append(
            Stop(
                seq=seq,
                kind=StopKind.HOUSEHOLD,
                place=place,
                title=f"兴国村 H{first + seq:05d}",
                village="兴国村",
                household_ids=(HouseholdId("H001"),),
                point_id=None,
                order_ids=(OrderId(f"o{first + seq - 1:05d}"),),
                pieces=2,
                weight_g=3000,
                volume_ml=0,
                handling=("bulky",),
                notes=("侧门取件",),
                arrive_at=begin_at,
                begin_at=begin_at,
                depart_at=begin_at + timedelta(minutes=2),
                leg=leg_between(before, place),
            )
        )
        before = place
    return Trip(
        leave_at=leave_at,
        back_at=made[-1].depart_at + timedelta(minutes=3),
        cut_off_at=STARTS_AT.replace(hour=18, minute=30),
        stops=tuple(made),
        home=leg_between(before, HOME),
        pieces=2 * stops,
        weight_g=3000 * stops,
        volume_ml=0,
    )


def leg_between(start: Place, end: Place) -> Leg:
    line = [(start.lat, start.lon), (end.lat, end.lon)]
    return Leg(duration_s=180, distance_m=1000, polyline6=polyline.encode(line, 6))


def at_point(plan: Plan) -> Plan:
    """The plan with its first stop at a collection point: one order waits there, one is brought."""
    route = plan.routes[0]
    trip = route.trips[0]
    stop, second, *others = trip.stops
    point = replace(
        stop,
        kind=StopKind.POINT,
        title="兴国代收点",
        point_id=PointId("P01"),
        order_ids=(*stop.order_ids, *second.order_ids),
        pieces=stop.pieces + second.pieces,
        setup_s=90,
        arrive_at=stop.begin_at - timedelta(seconds=90),
        brought=(
            Brought(order_id=second.order_ids[0], household_id=HOUSEHOLD.household_id, walk_m=320),
        ),
    )
    rest = tuple(replace(each, seq=each.seq - 1) for each in others)
    drawn = replace(route, trips=(replace(trip, stops=(point, *rest)),))
    return replace(plan, routes=(drawn, *plan.routes[1:]))


def with_joint_order(plan: Plan) -> Plan:
    """The plan with a joint order of three, of which the first stop picks up one and nobody the last."""
    route = plan.routes[0]
    trip = route.trips[0]
    stop, *others = trip.stops
    part = JointPart(
        joint_id=JointId("L-7"), order_ids=stop.order_ids[:1], members=3, complete=False
    )
    drawn = replace(trip, stops=(replace(stop, joints=(part,)), *others))
    return replace(plan, routes=(replace(route, trips=(drawn,)), *plan.routes[1:]))


def with_missed_window(plan: Plan) -> Plan:
    """The plan whose first stop begins twelve minutes after the window that its order asked for."""
    route = plan.routes[0]
    trip = route.trips[0]
    stop, *others = trip.stops
    missed = Missed(
        order_id=stop.order_ids[0],
        earliest_at=STARTS_AT,
        latest_at=STARTS_AT + timedelta(minutes=5),
        early_s=0,
        late_s=700,
        cost_fen=600,
    )
    drawn = replace(trip, stops=(replace(stop, missed=(missed,)), *others))
    return replace(plan, routes=(replace(route, trips=(drawn,)), *plan.routes[1:]))


def with_swaps(plan: Plan) -> Plan:
    """The plan with a battery changed on the way to the first stop, and one charged on the way home."""
    route = plan.routes[0]
    trip = route.trips[0]
    stop, *others = trip.stops
    swap = SwapStop(
        swap_id=SwapId("s1"),
        title="东风换电柜",
        place=HOME,
        arrive_at=trip.leave_at,
        depart_at=trip.leave_at + timedelta(minutes=5),
        takes_s=300,
        after_m=500,
    )
    later = replace(
        swap, title="充电桩", arrive_at=trip.back_at - timedelta(minutes=2), depart_at=trip.back_at
    )
    drawn = replace(
        trip,
        stops=(replace(stop, leg=replace(stop.leg, swap=swap)), *others),
        home=replace(trip.home, swap=later),
    )
    return replace(plan, routes=(replace(route, trips=(drawn,)), *plan.routes[1:]))


def with_departures(plan: Plan) -> Plan:
    """
    The plan with three departures: the first two routes are over ten minutes too late for one each, and nothing
    leaves with the last.

    On the first route a parcel must catch its truck; on the second an order takes a later one than it asked for.
    """
    routes, table = list(plan.routes), []
    for number in (0, 1):
        (trip,) = routes[number].trips
        stop, *rest = trip.stops
        late = Late(
            order_id=stop.order_ids[0],
            cut_off_at=STARTS_AT + timedelta(minutes=10),
            departures=1,
            cost_fen=300,
        )
        truck_at = trip.back_at - timedelta(minutes=10 - number)
        trip = replace(
            trip,
            truck_at=truck_at,
            truck_slack_s=-600,
            dock_wait_s=420 * number,
            cut_off_at=truck_at if number == 0 else trip.cut_off_at,
            stops=(replace(stop, late=(late,) if number else ()), *rest),
        )
        routes[number] = replace(routes[number], trips=(trip,))
        table.append((truck_at, trip.pieces, routes[number].courier_id))
    table.append((STARTS_AT.replace(hour=18, minute=30), 0, None))
    departures = tuple(
        Departure(
            leaves_at=leaves_at,
            trips=1 if courier_id else 0,
            orders=pieces // 2,
            pieces=pieces,
            weight_g=0,
            slack_s=-600 if courier_id else None,
            courier_id=courier_id,
            late=0,
            late_cost_fen=0,
        )
        for leaves_at, pieces, courier_id in table
    )
    return replace(plan, routes=tuple(routes), departures=departures)
