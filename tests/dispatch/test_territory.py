"""Villages of couriers that nobody lives in are named, for they would bind nobody."""

from datetime import time

from dispatch.days import DepotId
from dispatch.fleet import Courier, CourierId, Depot, Fleet, VehicleModelId
from dispatch.households import CollectionPoint, Household, HouseholdId, PointId, Registry
from dispatch.territory import unknown_villages
from routing.places import Place

HERE = Place(118.1, 33.9)


def a_fleet(*villages: str) -> Fleet:
    courier = Courier(
        courier_id=CourierId("c1"),
        name="张三",
        model_id=VehicleModelId("trike"),
        shift_starts=time(8),
        shift_ends=time(18),
        villages=frozenset(villages),
    )
    return Fleet(
        depot=Depot(depot_id=DepotId("shaji"), name="沙集", place=HERE),
        couriers={courier.courier_id: courier},
    )


REGISTRY = Registry(
    households={
        HouseholdId("h"): Household(household_id=HouseholdId("h"), village="东风村", name="王小雨")
    },
    points={
        PointId("p"): CollectionPoint(
            point_id=PointId("p"), village="兴国村", name="兴国代收点", place=HERE
        )
    },
)


def test_villages_of_households_and_points_are_known():
    assert unknown_villages(a_fleet("东风村", "兴国村"), REGISTRY) == ()


def test_a_misspelt_village_is_named_with_what_may_be_meant():
    (misspelt, unknown) = unknown_villages(a_fleet("东风", "Xyz", "兴国村"), REGISTRY)[::-1]
    assert misspelt == (
        "couriers know '东风', but no household or point lies there: did you mean '东风村'?"
    )
    assert unknown == "couriers know 'Xyz', but no household or point lies there"
