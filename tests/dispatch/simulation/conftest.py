"""A village on the grid, drawn days on it, and a small scene for logs made by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.fleet import BreakRule, Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import CollectionPoint, Household, HouseholdId, PointId, Registry
from dispatch.orders import OrderId
from dispatch.simulation.ground import Ground
from dispatch.simulation.rates import read_rates
from dispatch.simulation.truth import Scene, truth_of
from routing.places import Place
from routing.roads.network import RoadNetwork

WEST, SOUTH, STEP = 118.10, 33.88, 0.005
DAY = DepotDay(CompanyId("t"), DepotId("shaji"), date(2026, 11, 11))
MORNING_S = 7 * 3600


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def street(column, row):
    """A house beside a crossing of the grid."""
    return Place(WEST + (column + 0.4) * STEP, SOUTH + row * STEP + 0.0002)


def fleet_of(couriers, **depot):
    model = VehicleModel(
        model_id=VehicleModelId("trike"),
        profile="trike",
        capacity_weight_g=180_000,
        capacity_volume_ml=1_200_000,
        trips_max=4,
        fixed_cost_fen=2_500,
        cost_per_km_fen=15,
        cost_per_hour_fen=2_200,
    )
    return Fleet(
        depot=Depot(
            depot_id=DAY.depot_id,
            name="沙集网点",
            place=Place(WEST + 2.5 * STEP, SOUTH + 2 * STEP),
            departures=(time(12, 30), time(18, 30)),
            **depot,
        ),
        models={model.model_id: model},
        couriers={
            name: Courier(
                courier_id=name,
                name=name,
                model_id=model.model_id,
                shift_starts=time(8),
                shift_ends=time(18, 30),
                breaks=(BreakRule(time(11), time(13, 30), 1800),),
            )
            for name in (CourierId(f"c{number}") for number in range(1, couriers + 1))
        },
    )


def registry_of_grid():
    households = [
        Household(
            household_id=HouseholdId(f"h{number}"),
            village="东风",
            name=f"王{number}",
            place=street(number % 5, number // 5),
            points=(PointId("p1"),),
        )
        for number in range(30)
    ]
    point = CollectionPoint(
        point_id=PointId("p1"), village="东风", name="东风代收点", place=street(2, 5)
    )
    return Registry(
        households={each.household_id: each for each in households},
        points={point.point_id: point},
    )


@pytest.fixture(scope="session")
def drawn(network):
    """`drawn(seed)`: the truth of a day of forty orders and three couriers; rates may be changed by name."""

    def drawn(seed, *, orders=40, couriers=3, look_back_days=0, **changed):
        fleet = fleet_of(couriers)
        depot = replace(fleet.depot, look_back_days=look_back_days)
        return truth_of(
            network,
            DAY,
            replace(fleet, depot=depot),
            registry_of_grid(),
            replace(read_rates(), **changed),
            orders=orders,
            seed=seed,
        )

    return drawn


@pytest.fixture(scope="session")
def scene(network):
    """Two couriers, orders o1 … o6 at six houses."""
    fleet = fleet_of(2)
    places = {OrderId(f"o{number}"): street(number % 5, number // 2) for number in range(1, 7)}
    return Scene(
        day=DAY,
        fleet=fleet,
        ground=Ground.of(network, fleet, places.values()),
        places=places,
    )


def at(hour, minute=0):
    return datetime(2026, 11, 11, hour - 8, minute, tzinfo=UTC)
