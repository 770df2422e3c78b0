"""What a plan offers for an order that it leaves out, in a dispatcher's words."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import msgspec
import pytest

from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.fleet import Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import Registry
from dispatch.inputs import DayInputs
from dispatch.orders import Handling, Order, OrderId, TimeWindow
from dispatch.plan import Plan
from dispatch.planning import plan_day
from dispatch.shortfalls import RemedyCode
from routing.places import Place
from routing.roads.network import RoadNetwork

ZONE = ZoneInfo("Asia/Shanghai")
DEPOT = Place(118.101, 33.8801)
DOOR = Place(118.122, 33.8902)
TRIKE, VAN = VehicleModelId("trike"), VehicleModelId("van")


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def at(hour, minute=0):
    return datetime(2026, 11, 11, hour, minute, tzinfo=ZONE)


def a_courier(name, model_id=TRIKE, **facts):
    facts = {"shift_starts": time(8), "shift_ends": time(18, 30)} | facts
    return Courier(courier_id=CourierId(name), name=name, model_id=model_id, **facts)


def an_order(name="o1", **facts):
    facts = {"place": DOOR, "weight_g": 4000} | facts
    return Order(order_id=OrderId(name), **facts)


def planned(network, orders, couriers, **trike):
    fleet = Fleet(
        depot=Depot(
            depot_id=DepotId("shaji"),
            name="沙集网点",
            place=DEPOT,
            departures=(time(12, 30), time(18, 30)),
        ),
        models={
            TRIKE: VehicleModel(
                model_id=TRIKE,
                profile="trike",
                cost_per_hour_fen=2500,
                capacity_weight_g=180_000,
                **trike,
            ),
            VAN: VehicleModel(model_id=VAN, profile="van", fixed_cost_fen=8000),
        },
        couriers={each.courier_id: each for each in couriers},
    )
    day = DepotDay(CompanyId("demo"), DepotId("shaji"), date(2026, 11, 11))
    inputs = DayInputs(day=day, registry=Registry(), fleet=fleet, orders=tuple(orders))
    made_at = datetime(2026, 11, 11, tzinfo=UTC)
    return plan_day(inputs, network, budget_s=0, seed=1, made_at=made_at)


def offered(network, order, *couriers, **trike):
    """The remedies of one order that no courier can fetch, by code."""
    (left,) = planned(network, [order], couriers or [a_courier("c7")], **trike).unserved
    return {each.code: each for each in left.remedies}


def test_a_shift_that_is_too_short_ends_later_or_begins_earlier(network):
    short = a_courier("c7", shift_starts=time(17), shift_ends=time(17, 3))
    found = offered(network, an_order(), short)
    longer = found[RemedyCode.SHIFT_ENDS_LATER]
    assert longer.courier_id == "c7"
    assert (longer.at - at(17, 3)).total_seconds() == 60 * longer.minutes > 0
    assert longer.detail == f"courier c7 works {longer.minutes} min longer, until {longer.at:%H:%M}"
    earlier = found[RemedyCode.SHIFT_BEGINS_EARLIER]
    assert (at(17) - earlier.at).total_seconds() == 60 * earlier.minutes > 0
    assert earlier.minutes == longer.minutes
    # 25 yuan an hour, from the depot's gate and back.
    assert 100 < longer.cost_fen < 2500


def test_what_misses_its_truck_takes_the_next(network):
    late = offered(network, an_order(cut_off_at=at(8, 2)))[RemedyCode.LATER_TRUCK]
    assert (late.at, late.courier_id) == (at(12, 30), "c7")
    assert late.detail == "the truck at 12:30: courier c7 comes"


def test_a_window_outside_the_shift_opens_earlier_or_closes_later(network):
    order = an_order(windows=(TimeWindow(at(7), at(8)),))
    later = offered(network, order)[RemedyCode.WINDOW_CLOSES_LATER]
    assert (later.at - at(8)).total_seconds() == 60 * later.minutes > 0
    assert f"until {later.at:%H:%M}: courier c7 comes" in later.detail
    order = an_order(windows=(TimeWindow(at(18, 29), at(20)),), cut_off_at=at(18, 30))
    earlier = offered(network, order)[RemedyCode.WINDOW_OPENS_EARLIER]
    assert (at(18, 29) - earlier.at).total_seconds() == 60 * earlier.minutes > 0


def test_a_range_that_is_too_short_is_charged(network):
    found = offered(network, an_order(), range_m=4_000)
    assert found[RemedyCode.MORE_RANGE].distance_m % 100 == 0
    assert found[RemedyCode.MORE_RANGE].detail.startswith("courier c7 charges for ")


def test_what_a_trike_cannot_hold_asks_for_a_van(network):
    order = an_order(weight_g=200_000, handling=frozenset({Handling.BULKY}))
    mate = a_courier("c7", skills=frozenset({"bulky"}))
    found = offered(network, order, mate, a_courier("c8", VAN))
    assert list(found) == [RemedyCode.OTHER_VEHICLE]
    van = found[RemedyCode.OTHER_VEHICLE]
    assert (van.courier_id, van.model_id) == ("c7", VAN)
    assert van.detail == "courier c7 drives a van instead of a trike"
    assert van.cost_fen >= 8000


def test_full_vehicles_ask_for_one_more_courier(network):
    orders = [an_order(f"o{number}", weight_g=100_000) for number in range(2)]
    (left,) = planned(network, orders, [a_courier("c7")]).unserved
    (more,) = left.remedies
    assert (more.code, more.courier_id) == (RemedyCode.ONE_MORE_COURIER, None)
    assert (more.like_courier_id, more.model_id) == ("c7", TRIKE)
    assert more.detail == "one more courier with a trike, as c7 has"


def test_a_skill_is_asked_of_who_would_come(network):
    order = an_order(handling=frozenset({Handling.COLD, Handling.BULKY}))
    (found,) = offered(network, order).values()
    assert (found.code, found.skills) == (RemedyCode.SKILLS_ADDED, ("bulky", "cold"))
    assert found.detail == "courier c7 may carry what is bulky and cold"


def test_orders_of_one_halt_share_their_remedies(network):
    orders = [an_order(f"o{number}", cut_off_at=at(8, 2)) for number in range(2)]
    first, second = planned(network, orders, [a_courier("c7")]).unserved
    assert first.remedies == second.remedies != ()


def test_nothing_is_offered_for_what_no_search_was_asked_about(network):
    (left,) = planned(network, [an_order(place=Place(118.3, 33.88))], [a_courier("c7")]).unserved
    assert (left.reason, left.remedies) == ("place-off-road", ())


def test_a_plan_stored_before_there_were_remedies_is_read(network):
    plan = planned(network, [an_order(cut_off_at=at(8, 2))], [a_courier("c7")])
    stored = json.loads(msgspec.json.encode(plan))
    assert msgspec.json.decode(msgspec.json.encode(stored), type=Plan) == plan
    del stored["unserved"][0]["remedies"]
    old = msgspec.json.decode(msgspec.json.encode(stored), type=Plan)
    assert old.unserved == (replace(plan.unserved[0], remedies=()),)
