"""Choosing trucks for a route: no other choice is cheaper, whatever binds it."""

import random
from datetime import date, datetime, time
from itertools import islice, product
from zoneinfo import ZoneInfo

import pytest

from dispatch.days import CompanyId, DepotDay, DepotId, TimeWindow
from dispatch.fleet import BreakRule, Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import Registry
from dispatch.inputs import DayInputs
from dispatch.orders import Order, OrderId
from dispatch.posing import pose
from dispatch.trucks import Trucks, settled
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.vrp.check import check
from routing.vrp.cost import cost, route_cost, unserved_of
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Solution

ZONE = ZoneInfo("Asia/Shanghai")
WEST, SOUTH, STEP = 118.10, 33.88, 0.005
TRIKE = VehicleModel(
    model_id=VehicleModelId("trike"), profile="trike", trips_max=4, cost_per_hour_fen=2500
)


@pytest.fixture(scope="module")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def at(hour, minute=0):
    return datetime(2026, 11, 11, hour, minute, tzinfo=ZONE)


def a_drawn_day(chance):
    """Five orders that may mostly be late, some of them only there at an hour that makes one wait."""
    orders = []
    for number in range(5):
        begins = chance.randint(8, 16)
        orders.append(
            Order(
                order_id=OrderId(f"o{number}"),
                place=Place(
                    WEST + STEP * chance.uniform(0, 5), SOUTH + STEP * chance.randint(0, 5)
                ),
                cut_off_at=chance.choice([at(10), at(12), at(14), None]),
                late_cost_fen=chance.choice([50, 400, 2_000]),
                windows=(TimeWindow(at(begins), at(begins + 1)),) if chance.random() < 0.4 else (),
            )
        )
    rests = (BreakRule(time(11), time(13), 1800),) if chance.random() < 0.5 else ()
    courier = Courier(
        courier_id=CourierId("c"),
        name="c",
        model_id=TRIKE.model_id,
        shift_starts=time(8),
        shift_ends=time(18),
        breaks=rests,
    )
    depot = Depot(
        depot_id=DepotId("shaji"),
        name="",
        place=Place(WEST, SOUTH),
        departures=(time(10), time(12), time(14), time(18)),
        unload_per_piece_s=60,
        sorting_s=300,
    )
    return DayInputs(
        day=DepotDay(CompanyId("demo"), DepotId("shaji"), date(2026, 11, 11)),
        registry=Registry(),
        fleet=Fleet(
            depot=depot,
            models={TRIKE.model_id: TRIKE},
            couriers={courier.courier_id: courier},
        ),
        orders=tuple(orders),
    )


@pytest.mark.parametrize("seed", range(40))
def test_no_other_choice_of_trucks_is_cheaper(network, seed):
    chance = random.Random(seed)
    posed = pose(a_drawn_day(chance), network)
    trucks, scheduler = Trucks.of(posed), Scheduler(posed.problem)
    halts = sorted({trucks.latest(visit) for visit in range(len(posed.halts))})
    chance.shuffle(halts)
    cut = chance.randint(1, max(1, len(halts) - 1))
    trips = [trip for trip in (halts[:cut], halts[cut:]) if trip]

    def drive(chosen):
        return scheduler.schedule(0, chosen)

    found = trucks.best(trips, drive)
    prices = []
    for choice in product(*(trucks.ladders[visit] for trip in trips for visit in trip)):
        left = iter(choice)
        route = drive([list(islice(left, len(trip))) for trip in trips])
        if route is not None:
            prices.append(route_cost(posed.problem, route))
    assert (found is None) is (not prices)
    if found is None:
        return
    assert route_cost(posed.problem, found) == min(prices)
    made = {halt.visit for trip in found.trips for halt in trip.visits}
    alone = Solution(
        routes=(found,),
        unserved=unserved_of(posed.problem, made),
        cost=cost(posed.problem, [found]),
    )
    assert check(posed.problem, alone) == ()
    assert settled(posed, alone) == alone


def test_drawn_days_leave_choices(network):
    """So that the property above proves something."""
    days = [pose(a_drawn_day(random.Random(seed)), network) for seed in range(40)]
    ladders = [each for posed in days for each in Trucks.of(posed).ladders]
    assert {len(each) for each in ladders} >= {1, 2, 3, 4}
