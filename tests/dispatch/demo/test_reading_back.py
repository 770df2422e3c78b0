"""What the demo writes, the intake reads without a single question."""

from collections import Counter

import pytest

from dispatch.days import DayClock
from dispatch.demo import write_demo_day
from dispatch.intake.fleet import read_fleet
from dispatch.intake.orders import read_orders
from dispatch.intake.registry import read_registry, registry_of
from dispatch.orders import Handling


@pytest.fixture(params=["synthetic", "real roads"])
def day(request, demo, tmp_path, hamlet_osm):
    if request.param == "synthetic":
        return demo
    return write_demo_day(
        tmp_path / "day",
        households=30,
        orders=80,
        couriers=3,
        seed=1,
        day=demo.day,
        osm=hamlet_osm,
        time_zone="Europe/Berlin",
    )


def test_the_intake_takes_every_row_without_a_problem(day):
    households = read_registry(day.households_csv, name="households.csv")
    assert (households.problems, households.unresolved, households.ignored_columns) == ((), (), ())
    registry = registry_of(households.accepted)
    assert (len(registry.households), len(registry.points)) == (day.households, day.points)

    fleet = read_fleet(day.fleet_toml, name="fleet.toml")
    assert len(fleet.couriers) == day.couriers
    assert fleet.depot.depot_id == day.depot_id
    assert fleet.depot.time_zone == day.time_zone

    clock = DayClock(day.day, fleet.depot.zone)
    orders = read_orders(day.orders_csv, name="orders.csv", day=clock, registry=registry)
    assert (orders.problems, orders.unresolved, orders.merged) == ((), (), 0)
    assert orders.ignored_columns == ()
    assert len({order.order_id for order in orders.accepted}) == day.orders

    export = read_orders(day.taobao_csv, name="taobao-export.csv", day=clock, registry=registry)
    assert (export.problems, export.unresolved) == ((), ())
    assert export.mapping == "taobao"
    assert len(export.accepted) == day.taobao_orders
    assert not {order.order_id for order in export.accepted} & {
        order.order_id for order in orders.accepted
    }
    assert {order.household_id for order in export.accepted} <= set(registry.households)


def test_what_is_read_back_is_what_was_meant(demo):
    registry = registry_of(read_registry(demo.households_csv, name="households.csv").accepted)
    fleet = read_fleet(demo.fleet_toml, name="fleet.toml")
    clock = DayClock(demo.day, fleet.depot.zone)
    orders = read_orders(demo.orders_csv, name="o.csv", day=clock, registry=registry).accepted
    handling = Counter(word for order in orders for word in order.handling)
    assert handling[Handling.BULKY] > handling[Handling.TWO_PERSON] > 0
    assert any(order.point_id for order in orders)
    assert any(order.windows for order in orders)
    assert any(order.cut_off_at for order in orders)
    skills = [courier.skills for courier in fleet.couriers.values()]
    # Whatever an order asks for, somebody has it.
    assert all(any(order.handling <= each for each in skills) for order in orders)
    assert {model.profile for model in fleet.models.values()} == {"trike", "van"}
