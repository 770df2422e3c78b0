"""A rehearsal: a tiny day planned once, so that no search pays for compiling its own tools."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import networkx as nx

from dispatch.days import CompanyId, DepotDay, DepotId, TimeWindow
from dispatch.fleet import BreakRule, Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import Registry
from dispatch.inputs import DayInputs
from dispatch.orders import Drop, Order, OrderId
from dispatch.planning import plan_day
from routing.places import Place
from routing.roads.network import RoadNetwork

_DAY: Final = date(2026, 11, 11)
_BUDGET_S: Final = 0.1
"""Long enough for every engine to begin; the answer does not matter."""

_MODEL: Final = VehicleModelId("trike")
_OTHER: Final = VehicleModelId("cart")
"""Nobody drives it: what is left out is asked whether it would help."""


def rehearse() -> None:
    """
    Have all that planning needs compiled, or read from the machine's cache, before time counts.

    About a minute where nothing is compiled yet, about a second afterwards.
    """
    places = tuple(Place(118.10 + 0.002 * step, 33.90) for step in range(4))
    model: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    for node, place in enumerate(places):
        model.add_node(node, lon=place.lon, lat=place.lat)
    for road, (tail, head) in enumerate(((0, 1), (1, 2), (2, 3))):
        for ends in ((tail, head), (head, tail)):
            model.add_edge(*ends, road=road, highway="residential")
    fleet = Fleet(
        depot=Depot(depot_id=DepotId("rehearsal"), name="", place=places[0]),
        models={
            _MODEL: VehicleModel(model_id=_MODEL, profile="trike", trips_max=2),
            _OTHER: VehicleModel(model_id=_OTHER, profile="trike"),
        },
        couriers={
            CourierId("c"): Courier(
                courier_id=CourierId("c"),
                name="",
                model_id=_MODEL,
                shift_starts=time(8),
                shift_ends=time(18),
                breaks=(BreakRule(time(11), time(13), 1800),),
            )
        },
    )
    starts_at = datetime(2026, 11, 11, 8, tzinfo=fleet.depot.zone)
    orders = (
        *(Order(order_id=OrderId(str(row)), place=place) for row, place in enumerate(places[1:])),
        Order(order_id=OrderId("too late"), place=places[1], cut_off_at=starts_at),
        Order(order_id=OrderId("dropped"), place=places[1], drop=Drop(place=places[2])),
        Order(
            order_id=OrderId("too early"),
            place=places[1],
            windows=(TimeWindow(starts_at - timedelta(hours=2), starts_at - timedelta(hours=1)),),
            drop=Drop(place=places[2]),
        ),
    )
    plan_day(
        DayInputs(
            day=DepotDay(CompanyId("rehearsal"), fleet.depot.depot_id, _DAY),
            registry=Registry(),
            fleet=fleet,
            orders=orders,
        ),
        RoadNetwork.from_graph(model, profiles=("trike",)),
        budget_s=_BUDGET_S,
        seed=0,
        made_at=datetime(2026, 11, 11, tzinfo=UTC),
    )


if __name__ == "__main__":
    rehearse()
