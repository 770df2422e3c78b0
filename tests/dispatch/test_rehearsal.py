import subprocess
import sys

# In a process of its own, where no other test has compiled anything before.
DAY_AFTER_A_REHEARSAL = """
import gc, sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from numba.core.dispatcher import Dispatcher
from dispatch.days import CompanyId, DayClock, DepotDay, TimeWindow
from dispatch.demo import write_demo_day
from dispatch.inputs import DayInputs
from dispatch.intake import read_fleet, read_orders, read_registry, registry_of
from dispatch.orders import Drop
from dispatch.planning import plan_day
from dispatch.rehearsal import rehearse
from routing.roads.network import RoadNetwork

def kernels():
    found = [each for each in gc.get_objects() if isinstance(each, Dispatcher)]
    return {each.py_func.__qualname__: len(each.signatures) for each in found}

day = write_demo_day(
    Path(sys.argv[1]), households=30, orders=20, couriers=2, seed=1, day=date(2026, 11, 11), osm=None
)
fleet = read_fleet(day.fleet_toml, name="fleet")
registry = registry_of(read_registry(day.households_csv, name="registry").accepted)
clock = DayClock(date(2026, 11, 11), fleet.depot.zone)
orders = read_orders(day.orders_csv, name="orders", day=clock, registry=registry).accepted
asked, (plain, other) = list(orders), [each for each in orders if each.place or each.household_id][:2]
starts_at = clock.moment(8 * 3600)
early = (TimeWindow(starts_at - timedelta(hours=2), starts_at - timedelta(hours=1)),)
for each, windows in ((plain, ()), (other, early)):
    asked[asked.index(each)] = replace(
        each, cut_off_at=None, joint=None, points=(), ready_at=None, windows=windows,
        drop=Drop(place=fleet.depot.place),
    )
orders = tuple(asked)
models = {each.profile for each in fleet.models.values()}
network = RoadNetwork.build(day.roads, profiles=tuple(sorted(models)))
rehearse()
ready = kernels()
plan_day(
    DayInputs(
        day=DepotDay(CompanyId("t"), fleet.depot.depot_id, clock.day),
        registry=registry, fleet=fleet, orders=orders,
    ),
    network, budget_s=1.0, seed=1, made_at=datetime.now(UTC),
)
late = {name for name, count in kernels().items() if count > ready.get(name, 0)}
print(sum(ready.values()), *late)
"""


def test_after_a_rehearsal_planning_compiles_nothing_more(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", DAY_AFTER_A_REHEARSAL, str(tmp_path / "day")],
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert told.returncode == 0, told.stderr
    ready, *late = told.stdout.split()
    assert int(ready) > 5
    assert late == []
