"""A plan as the start of a search: the same day gives the same plan, and a changed one what still fits."""

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from dispatch.comparing import compare
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.fleet import BreakRule, Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import Registry
from dispatch.inputs import DayInputs
from dispatch.orders import Handling, Order, OrderId
from dispatch.planning import plan_day
from dispatch.posing import pose
from dispatch.starting import start_of
from dispatch.views import plan_without_lines
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.vrp.check import check

AT = datetime(2026, 11, 11, tzinfo=UTC)
WEST, SOUTH, STEP = 118.10, 33.88, 0.005
TRIKE = VehicleModel(
    model_id=VehicleModelId("trike"),
    profile="trike",
    capacity_pieces=12,
    trips_max=3,
    cost_per_km_fen=30,
    cost_per_hour_fen=2500,
)
CREW = {
    CourierId(name): Courier(
        courier_id=CourierId(name),
        name=name,
        model_id=TRIKE.model_id,
        shift_starts=time(8),
        shift_ends=time(18),
        breaks=(BreakRule(time(11), time(13), 1800),),
        skills=frozenset({"bulky"} if name == "c1" else ()),
    )
    for name in ("c1", "c2", "c3")
}


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def the_day():
    orders = tuple(
        Order(
            order_id=OrderId(f"o{number:02d}"),
            place=Place(WEST + (number % 5 + 0.4) * STEP, SOUTH + number // 9 * STEP + 0.0002),
            pieces=1 + number % 3,
            ready_at=datetime(2026, 11, 11, 6, tzinfo=UTC) if number % 7 == 0 else None,
            handling=frozenset({Handling.BULKY} if number % 11 == 0 else ()),
        )
        for number in range(40)
    )
    depot = Depot(depot_id=DepotId("shaji"), name="", place=Place(WEST + 0.001, SOUTH))
    return DayInputs(
        day=DepotDay(CompanyId("demo"), DepotId("shaji"), AT.date()),
        registry=Registry(),
        fleet=Fleet(depot=depot, models={TRIKE.model_id: TRIKE}, couriers=CREW),
        orders=orders,
    )


@pytest.fixture(scope="module")
def plan(network):
    made = plan_day(the_day(), network, budget_s=0, seed=3, made_at=AT, version=4)
    return plan_without_lines(made)


def test_the_same_day_starts_with_the_plan_itself(network, plan):
    posed = pose(the_day(), network)
    start = start_of(posed, plan)
    assert check(posed.problem, start) == ()
    again = plan_day(the_day(), network, budget_s=0, seed=9, made_at=AT, start=plan)
    assert again.figures.cost_fen <= plan.figures.cost_fen
    carried = [[stop.order_ids for stop in route.stops] for route in plan.routes]
    of_start = [
        [posed.halts[halt.visit].orders for trip in route.trips for halt in trip.visits]
        for route in start.routes
    ]
    flat = [[each.order_id for orders in route for each in orders] for route in of_start]
    assert flat == [[each for ids in route for each in ids] for route in carried]
    clock = the_day().clock
    for route, solved in zip(plan.routes, start.routes, strict=True):
        assert route.trips[0].leave_at == clock.moment(solved.trips[0].leave_s)
        assert route.trips[-1].back_at == clock.moment(solved.trips[-1].back_s)


def test_no_dearer_than_the_plan_after_any_search(network, plan):
    for seed in range(3):
        other = plan_day(the_day(), network, budget_s=0.3, seed=seed, made_at=AT, start=plan)
        assert other.figures.served == plan.figures.served
        assert other.figures.cost_fen <= plan.figures.cost_fen


def under(inputs, **courier):
    crew = {key: replace(each, **courier) for key, each in inputs.fleet.couriers.items()}
    return replace(inputs, fleet=replace(inputs.fleet, couriers=crew))


CHANGES = {
    "one courier less": lambda day: replace(
        day, fleet=replace(day.fleet, couriers={k: v for k, v in CREW.items() if k != "c1"})
    ),
    "orders gone and new": lambda day: replace(
        day,
        orders=(
            *day.orders[5:],
            Order(order_id=OrderId("new"), place=Place(WEST + 2.4 * STEP, SOUTH)),
        ),
    ),
    "shorter shifts": lambda day: under(day, shift_ends=time(15)),
    "nobody carries bulky goods": lambda day: under(day, skills=frozenset()),
    "an early truck": lambda day: replace(
        day, fleet=replace(day.fleet, depot=replace(day.fleet.depot, departures=(time(9),)))
    ),
    "one trip": lambda day: replace(
        day, fleet=replace(day.fleet, models={TRIKE.model_id: replace(TRIKE, trips_max=1)})
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_still_fits_is_a_start_that_the_judge_passes(network, plan, change):
    inputs = change(the_day())
    posed = pose(inputs, network)
    start = start_of(posed, plan)
    assert start is not None
    assert check(posed.problem, start) == ()
    other = plan_day(inputs, network, budget_s=0.2, seed=1, made_at=AT, start=plan)
    told = compare(plan, other)
    served = {each for route in other.routes for stop in route.stops for each in stop.order_ids}
    assert served.isdisjoint(each.order_id for each in other.unserved)
    assert {each.order_id for each in inputs.orders} == served | {
        each.order_id for each in other.unserved
    }
    known = {each.order_id for each in the_day().orders}
    assert set(told.gone) == known - {each.order_id for each in inputs.orders}
    assert set(told.newly_served) <= served - known


def test_nothing_of_a_plan_is_left_where_nobody_drove(network, plan):
    strangers = {CourierId("x"): replace(CREW[CourierId("c1")], courier_id=CourierId("x"))}
    inputs = replace(the_day(), fleet=replace(the_day().fleet, couriers=strangers))
    assert start_of(pose(inputs, network), plan) is None


@pytest.mark.parametrize(("price_fen", "moved"), [(0, True), (100_000, False)])
def test_orders_stay_with_the_courier_of_the_plan_as_far_as_that_is_worth(
    network, plan, price_fen, moved
):
    """The plan was made without a search, so that a search would move some."""
    day = the_day()
    depot = replace(day.fleet.depot, reassign_cost_fen=price_fen)
    inputs = replace(day, fleet=replace(day.fleet, depot=depot))
    other = plan_day(inputs, network, budget_s=1.0, seed=1, made_at=AT, start=plan)
    assert other.figures.served == 40
    assert bool(compare(plan, other).moved) is moved


def test_a_promised_order_is_not_given_up_for_another_that_costs_less(network):
    """The trike holds one of both: the farther one was promised before the nearer one came."""
    small = replace(TRIKE, trips_max=1, capacity_pieces=9)
    crew = {CourierId("c1"): CREW[CourierId("c1")]}
    fleet = replace(the_day().fleet, models={TRIKE.model_id: small}, couriers=crew)
    far, near = (
        Order(order_id=OrderId(name), place=Place(WEST + strides * STEP, SOUTH), pieces=9)
        for name, strides in (("far", 3), ("near", 0.5))
    )
    promised = replace(the_day(), fleet=fleet, orders=(far,))
    before = plan_day(promised, network, budget_s=0.1, seed=1, made_at=AT)
    both = replace(promised, orders=(far, near))
    free = plan_day(both, network, budget_s=0.3, seed=1, made_at=AT)
    kept = plan_day(both, network, budget_s=0.3, seed=1, made_at=AT, start=before)
    assert [each.order_id for each in free.unserved] == ["far"]
    assert [each.order_id for each in kept.unserved] == ["near"]
