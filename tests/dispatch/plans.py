"""Plans made by hand, for tests to which it does not matter whether they could be driven."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch.days import DepotDay
from dispatch.fleet import CourierId, VehicleModelId
from dispatch.households import HouseholdId, PointId
from dispatch.orders import OrderId
from dispatch.plan import Figures, Leg, Plan, PlanId, Route, Stop, StopKind, Trip
from routing.places import Place

AT = datetime(2026, 11, 11, 8, tzinfo=UTC)


def stop(seq: int, **facts: Any) -> Stop:
    begin_at = AT + timedelta(minutes=10 * seq)
    facts = {"kind": StopKind.HOUSEHOLD, "household_ids": (), "point_id": None} | facts
    return Stop(
        seq=seq,
        place=Place(118.0, 33.9),
        title="",
        village="东风村",
        order_ids=(OrderId(f"o{seq}"),),
        pieces=1,
        weight_g=0,
        volume_ml=0,
        handling=(),
        notes=(),
        arrive_at=begin_at,
        begin_at=begin_at,
        depart_at=begin_at + timedelta(minutes=2),
        leg=Leg(duration_s=480, distance_m=2000, polyline6="_p~iF~ps|U"),
        **facts,
    )


def plan_of(day: DepotDay, based_on: int, couriers: Iterable[str] = ("k1", "k2")) -> Plan:
    """Each of the couriers makes one trip, to a door and to a point."""
    stops = (
        stop(1, household_ids=(HouseholdId("h1"),)),
        stop(2, kind=StopKind.POINT, point_id=PointId("p1")),
    )
    trip = Trip(
        leave_at=AT,
        back_at=AT + timedelta(hours=1),
        cut_off_at=AT + timedelta(hours=2),
        stops=stops,
        home=Leg(duration_s=480, distance_m=2000, polyline6=""),
        pieces=2,
        weight_g=0,
        volume_ml=0,
    )
    routes = tuple(
        Route(
            courier_id=CourierId(each),
            model_id=VehicleModelId("trike"),
            profile="trike",
            trips=(trip,),
            breaks=(),
            distance_m=6000,
            duration_s=3600,
            cost_fen=900,
        )
        for each in couriers
    )
    return Plan(
        plan_id=PlanId(""),
        day=day,
        version=0,
        based_on=based_on,
        made_at=AT,
        seed=1,
        budget_s=1.0,
        turnaround_s=600,
        depot_name="沙集网点",
        depot_place=Place(118.0, 33.9),
        network="n1",
        attribution="© OpenStreetMap contributors",
        synthetic=False,
        routes=routes,
        unserved=(),
        figures=Figures(
            orders=2, served=2, stops=4, couriers=2, distance_m=1, duration_s=1, cost_fen=1
        ),
    )
