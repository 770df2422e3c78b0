from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.events import Arrived, Collected, Failed, FailReason, OrderCancelled
from dispatch.fates import road_facts
from dispatch.fleet import CourierId, VehicleModelId
from dispatch.forecast import StopState
from dispatch.orders import OrderId, OrderStatus
from dispatch.plan import (
    BreakTaken,
    Departure,
    Figures,
    Leg,
    Plan,
    Route,
    Stop,
    StopKind,
    Trip,
    plan_id_of,
)
from dispatch.progress import RouteState, board, shift_progress
from routing.places import Place

DAY = DepotDay(CompanyId("demo"), DepotId("shaji"), date(2026, 11, 11))
EIGHT = datetime(2026, 11, 11, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
COURIER = CourierId("c1")


def minutes(count):
    return timedelta(minutes=count)


def at(count):
    return EIGHT + minutes(count)


def a_stop(seq, begin, *, wait=0, drive=10, service=5, pieces=2):
    """A stop reached after `drive` minutes and begun `wait` minutes after the arrival."""
    return Stop(
        seq=seq,
        kind=StopKind.HOUSEHOLD,
        place=Place(118.1, 33.9),
        title=f"stop {seq}",
        village="东风",
        household_ids=(),
        point_id=None,
        order_ids=(OrderId(f"o{seq}a"), OrderId(f"o{seq}b")),
        pieces=pieces,
        weight_g=1000,
        volume_ml=1000,
        handling=(),
        notes=(),
        arrive_at=at(begin - wait),
        begin_at=at(begin),
        depart_at=at(begin + service),
        leg=Leg(duration_s=drive * 60, distance_m=1000, polyline6=""),
    )


def a_trip(leave, stops, back, cut_off=630):
    return Trip(
        leave_at=at(leave),
        back_at=at(back),
        cut_off_at=at(cut_off),
        stops=tuple(stops),
        home=Leg(duration_s=600, distance_m=1000, polyline6=""),
        pieces=0,
        weight_g=0,
        volume_ml=0,
    )


def a_plan(*trips, breaks=()):
    route = Route(
        courier_id=COURIER,
        model_id=VehicleModelId("trike"),
        profile="trike",
        trips=trips,
        breaks=breaks,
        distance_m=4000,
        duration_s=0,
        cost_fen=100,
    )
    return Plan(
        plan_id=plan_id_of(DAY, 1),
        day=DAY,
        version=1,
        based_on=0,
        made_at=EIGHT,
        seed=1,
        budget_s=1,
        turnaround_s=600,
        depot_name="沙集",
        depot_place=Place(118.1, 33.9),
        network="n",
        attribution="© OpenStreetMap contributors",
        synthetic=True,
        routes=(route,),
        unserved=(),
        figures=Figures(
            orders=0, served=0, stops=0, couriers=1, distance_m=4000, duration_s=0, cost_fen=100
        ),
    )


def told(kind, stop, when, *, orders="ab", event_id="", **more):
    ids = tuple(OrderId(f"o{stop}{letter}") for letter in orders)
    return kind(
        at=at(when),
        by="courier:k",
        event_id=event_id or f"{kind.__name__}-{stop}-{when}-{orders}",
        courier_id=COURIER,
        order_ids=ids,
        **more,
    )


def the_route(plan, events, now):
    return board(DAY, plan, events, now=at(now), as_of="0-0", orders_total=4).routes[0]


def the_shift(plan, events, now, courier_id=COURIER):
    return shift_progress(plan, courier_id, events, now=at(now), as_of="7-0")


# Leaves at 0, drives 10, stop 1 at 10…15, drives 10, stop 2 at 25…30, home at 40.
SIMPLE = a_plan(a_trip(0, [a_stop(1, 10), a_stop(2, 25)], 40))


def test_a_day_nobody_reported_on_follows_the_plan_until_the_plan_is_past():
    route = the_route(SIMPLE, [], now=-30)
    assert route.state is RouteState.WAITING
    assert [stop.eta_at for stop in route.stops] == [at(10), at(25)]
    assert (route.late_s, route.back_at) == (0, at(40))


def test_silence_after_the_planned_arrival_moves_the_rest_of_the_day():
    route = the_route(SIMPLE, [], now=17)
    assert [stop.eta_at for stop in route.stops] == [at(17), at(32)]
    assert route.late_s == 7 * 60
    assert route.back_at == at(47)


def test_a_courier_who_is_early_at_a_door_waits_there_until_it_opens():
    plan = a_plan(a_trip(0, [a_stop(1, 30, wait=20), a_stop(2, 45)], 60))
    route = the_route(plan, [told(Arrived, 1, 10)], now=12)
    assert [stop.eta_at for stop in route.stops] == [at(30), at(45)]
    begun = [told(Arrived, 1, 10), told(Collected, 1, 14, orders="a")]
    route = the_route(plan, begun, now=15)
    assert [stop.eta_at for stop in route.stops] == [at(10), at(25)]


def test_a_late_pickup_makes_the_next_stops_late():
    route = the_route(SIMPLE, [told(Arrived, 1, 18), told(Collected, 1, 23)], now=24)
    assert route.stops[0].state is StopState.DONE
    assert route.stops[0].late_s == 8 * 60
    assert route.stops[1].eta_at == at(33)
    assert (route.stops_done, route.next_seq, route.pieces_collected) == (1, 2, 2)


def test_waiting_for_a_household_absorbs_a_delay():
    plan = a_plan(a_trip(0, [a_stop(1, 10), a_stop(2, 60, wait=35)], 75))
    route = the_route(plan, [told(Collected, 1, 30)], now=31)
    assert route.stops[1].eta_at == at(60)


def test_who_stands_at_a_door_that_opens_later_begins_when_it_opens():
    plan = a_plan(a_trip(0, [a_stop(1, 60, wait=50), a_stop(2, 75)], 90))
    early = the_route(plan, [told(Arrived, 1, 10)], now=20)
    assert [stop.eta_at for stop in early.stops] == [at(60), at(75)]
    late = the_route(plan, [told(Arrived, 1, 70)], now=71)
    assert [stop.eta_at for stop in late.stops] == [at(70), at(85)]


def test_a_break_still_ahead_is_kept_in_the_forecast():
    rest = BreakTaken(at(15), at(45))
    plan = a_plan(a_trip(0, [a_stop(1, 10), a_stop(2, 55, wait=30)], 70), breaks=(rest,))
    route = the_route(plan, [told(Collected, 1, 25)], now=26)
    assert route.stops[1].eta_at == at(25 + 30 + 10)


def test_a_second_trip_waits_for_the_turnaround_of_a_late_first_one():
    plan = a_plan(a_trip(0, [a_stop(1, 10)], 25, cut_off=30), a_trip(35, [a_stop(2, 45)], 60))
    route = the_route(plan, [told(Collected, 1, 40)], now=41)
    assert route.stops[1].eta_at == at(40 + 10 + 10 + 10)
    assert route.slack_s == -20 * 60
    assert route.cut_off_at == at(30)


def test_one_order_of_two_leaves_the_stop_open():
    route = the_route(SIMPLE, [told(Collected, 1, 12, orders="a")], now=13)
    assert route.stops[0].state is StopState.ARRIVED
    assert route.state is RouteState.AT_STOP


def test_a_stop_with_a_failed_order_is_failed_and_one_cancelled_by_all_is_not_visited():
    events = [
        told(Collected, 1, 12, orders="a"),
        told(Failed, 1, 13, orders="b", reason=FailReason.NOT_READY),
        *(
            OrderCancelled(at=at(5), by="dispatcher:k", order_id=OrderId(f"o2{x}"), reason="")
            for x in "ab"
        ),
    ]
    route = the_route(SIMPLE, events, now=14)
    assert [stop.state for stop in route.stops] == [StopState.FAILED, StopState.CANCELLED]
    assert (route.stops_failed, route.next_seq) == (1, None)


def test_a_finished_route_is_back_when_its_way_home_is_over():
    events = [told(Collected, 1, 12), told(Collected, 2, 27)]
    assert the_route(SIMPLE, events, now=30).state is RouteState.DRIVING
    assert the_route(SIMPLE, events, now=38).state is RouteState.BACK


def test_a_board_without_a_plan_counts_orders_only():
    figures = board(DAY, None, [], now=EIGHT, as_of="0-0", orders_total=7).figures
    assert (figures.orders_total, figures.routes) == (7, 0)


def test_the_next_cut_off_is_the_first_one_not_passed():
    plan = a_plan(a_trip(0, [a_stop(1, 10)], 25, cut_off=30), a_trip(35, [a_stop(2, 45)], 60))
    figures = board(DAY, plan, [], now=at(31), as_of="0-0", orders_total=4).figures
    assert figures.next_cut_off_at == at(630)
    assert figures.next_cut_off_in_s == 599 * 60


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([("failed", 1), ("collected", 2)], OrderStatus.COLLECTED),
        ([("collected", 1), ("failed", 2)], OrderStatus.FAILED),
        ([("collected", 1), ("failed", 1)], OrderStatus.COLLECTED),
        ([("cancelled", 3), ("collected", 1)], OrderStatus.COLLECTED),
        ([("cancelled", 1), ("failed", 2)], OrderStatus.CANCELLED),
        ([("cancelled", 9), ("collected", 1), ("failed", 2)], OrderStatus.CANCELLED),
    ],
)
def test_who_wins_when_facts_disagree(events, status):
    facts = road_facts([word(kind, when) for kind, when in events])
    assert facts.fates[OrderId("o1a")].status is status


def word(kind, when):
    if kind == "cancelled":
        return OrderCancelled(at=at(when), by="dispatcher:k", order_id=OrderId("o1a"), reason="")
    if kind == "failed":
        return told(Failed, 1, when, orders="a", reason=FailReason.OTHER)
    return told(Collected if kind == "collected" else Arrived, 1, when, orders="a")


words = st.builds(
    word, st.sampled_from(["cancelled", "failed", "collected", "arrived"]), st.integers(0, 4)
)


def test_who_scanned_an_order_has_it_whatever_the_plan_and_others_say():
    other = CourierId("c2")
    events = [
        told(Failed, 1, 10, reason=FailReason.NOBODY_HOME),
        msgspec.structs.replace(told(Collected, 1, 14, orders="a"), courier_id=other),
        told(Collected, 2, 20),
    ]
    for heard in (events, events[::-1], events * 2):
        facts = road_facts(heard)
        assert facts.carried_by(other) == ("o1a",)
        assert facts.carried_by(COURIER) == ("o2a", "o2b")
        assert facts.carried_by(COURIER, since=at(21)) == ()


@given(st.lists(words, max_size=6), st.randoms())
def test_facts_may_come_late_twice_and_in_any_order(events, random):
    again = events + events[: len(events) // 2]
    random.shuffle(again)
    assert road_facts(again) == road_facts(events)


def test_a_second_phone_learns_what_was_done_and_what_was_cancelled():
    events = [
        told(Collected, 1, 12),
        told(Failed, 2, 26, orders="a", reason=FailReason.NOBODY_HOME),
        OrderCancelled(at=at(20), by="dispatcher:k", order_id=OrderId("o2b"), reason="sold"),
        OrderCancelled(at=at(20), by="dispatcher:k", order_id=OrderId("elsewhere"), reason=""),
    ]
    shift = the_shift(SIMPLE, events, now=27)
    assert shift.route == the_route(SIMPLE, events, now=27)
    assert {order_id: fate.status for order_id, fate in shift.fates.items()} == {
        "o1a": OrderStatus.COLLECTED,
        "o1b": OrderStatus.COLLECTED,
        "o2a": OrderStatus.FAILED,
        "o2b": OrderStatus.CANCELLED,
    }
    assert (shift.as_of, shift.version) == ("7-0", 1)


def test_a_courier_without_a_route_has_no_shift():
    assert the_shift(SIMPLE, [], now=0, courier_id=CourierId("c2")) is None


def test_a_courier_parks_and_finds_the_door_before_the_pickup_begins():
    """Ten minutes of driving, two of setup, then the parcels: as planned, and as it went."""
    stop = replace(a_stop(1, 12, wait=2), setup_s=120)
    plan = a_plan(a_trip(0, [stop], back=27))

    def told(now, *events):
        (route,) = board(DAY, plan, events, now=now, as_of="0-0", orders_total=2).routes
        return route

    assert told(at(0)).stops[0].eta_at == at(12)
    assert told(at(0)).late_s == 0
    assert told(at(20)).stops[0].eta_at == at(22)  # nobody can have arrived unheard
    stands = Arrived(at=at(14), by="c", event_id="1", courier_id=COURIER, order_ids=stop.order_ids)
    assert told(at(14), stands).stops[0].eta_at == at(16)
    assert told(at(14), stands).back_at == at(16 + 5 + 10)
    quick = Collected(at=at(15), by="c", event_id="2", courier_id=COURIER, order_ids=stop.order_ids)
    assert told(at(15), stands, quick).stops[0].eta_at == at(15)


def a_plan_with_trucks():
    """Two trips: over at 45 for the truck at 60, which one parcel must catch, and at 90 for that at 105."""
    first = replace(
        a_trip(0, [a_stop(1, 10), a_stop(2, 25)], 40, cut_off=60),
        over_at=at(45),
        truck_at=at(60),
        truck_slack_s=300,
    )
    second = replace(
        a_trip(60, [a_stop(3, 70)], 85),
        over_at=at(90),
        truck_at=at(105),
        truck_slack_s=300,
    )
    row = {"trips": 1, "orders": 2, "weight_g": 0, "late": 0, "late_cost_fen": 0}
    table = (
        Departure(leaves_at=at(60), pieces=4, slack_s=300, courier_id=COURIER, **row),
        Departure(leaves_at=at(105), pieces=2, slack_s=300, courier_id=COURIER, **row),
    )
    return replace(a_plan(first, second), sorting_s=600, departures=table)


def departures_at(now, *events):
    plan = a_plan_with_trucks()
    return board(DAY, plan, events, now=at(now), as_of="0-0", orders_total=6).departures


def test_departures_stand_as_planned_while_nobody_is_late():
    first, second = departures_at(0)
    assert (first.leaves_at, first.trips, first.pieces) == (at(60), 1, 4)
    assert (first.slack_s, first.courier_id, first.trips_missing) == (300, COURIER, 0)
    assert second.slack_s == 300


def test_a_late_trip_misses_its_departure_by_what_unloading_and_sorting_leave_it():
    """Seven minutes late at the last stop: sorted at 62 for the truck at 60; the next trip has time to spare."""
    events = [told(Collected, 1, 15), told(Collected, 2, 37)]
    first, second = departures_at(37, *events)
    assert (first.slack_s, first.trips_missing) == (-120, 1)
    route = the_route(a_plan_with_trucks(), events, now=37)
    assert (route.slack_s, route.cut_off_at) == (-120, at(60))
    assert route.trips[0].over_at == at(52)
    assert second.slack_s == 300 - 120  # a turnaround of ten minutes after 52, not after 47


def test_a_trip_that_misses_a_truck_which_nothing_on_board_needs_is_no_missing_trip():
    plan = a_plan_with_trucks()
    route = plan.routes[0]
    trips = (replace(route.trips[0], cut_off_at=at(120)), route.trips[1])
    plan = replace(plan, routes=(replace(route, trips=trips),))
    events = [told(Collected, 1, 15), told(Collected, 2, 37)]
    first, _ = board(DAY, plan, events, now=at(37), as_of="0-0", orders_total=6).departures
    assert (first.slack_s, first.trips_missing) == (-120, 0)
