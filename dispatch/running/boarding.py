"""Boarding: a plan with its parcels where they are and as many as there are, whatever was planned or said before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polyline

from dispatch.amounts import Amount, amount_of
from dispatch.fates import RoadFacts
from dispatch.fleet import CourierId
from dispatch.inputs import DayInputs
from dispatch.orders import OrderId, OrderStatus
from dispatch.plan import Leg, Plan, Route, Stop, StopKind, Trip
from dispatch.running.barring import one_after_the_other
from dispatch.running.stitching import with_trips
from routing.places import Place
from routing.roads.legs import NoPath
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap


def as_boarded(plan: Plan, inputs: DayInputs, network: RoadNetwork, facts: RoadFacts) -> Plan:
    """
    `plan` with each parcel on the vehicle of whoever scanned it, and with stops and trips that carry what they do carry.

    What somebody else collected, or somebody without being asked to, is a stop of that courier at the moment of the scan, and
    of the planned one no more. Open orders count as they are said to be now, collected ones as they were scanned; of what has
    failed or was cancelled nothing is carried. Said twice, it is the same. `network` has its closures; `inputs` know the facts.
    """
    boarding = _Boarding(inputs, network, facts, plan.depot_place)
    strange = [*boarding.strange(plan.routes), *boarding.loose(plan)]
    routes = {route.courier_id: route for route in plan.routes}
    gone = {order_id for each in strange for order_id in each.stop.order_ids}
    for courier_id in {each.planned for each in strange if each.planned is not None}:
        trips = tuple(
            filter(None, (boarding.without(trip, gone) for trip in routes[courier_id].trips))
        )
        routes[courier_id] = replace(routes[courier_id], trips=trips)
    for each in sorted(strange, key=lambda each: each.at):
        courier = inputs.fleet.couriers.get(each.carrier)
        if (own := routes.get(each.carrier)) is None and courier is not None:
            model = inputs.fleet.models[courier.model_id]
            own = Route(
                courier_id=each.carrier,
                model_id=model.model_id,
                profile=model.profile,
                trips=(),
                breaks=(),
                distance_m=0,
                duration_s=0,
                cost_fen=0,
            )
        if own is not None:  # else somebody whom nobody knows has them
            routes[each.carrier] = boarding.with_strange(own, each, gone)
    loaded = [boarding.loaded(route) for route in routes.values() if route.trips]
    if tuple(loaded) == plan.routes:
        return plan
    return replace(plan, routes=tuple(sorted(loaded, key=lambda each: each.courier_id)))


@dataclass(frozen=True, slots=True)
class _Strange:
    """
    What `carrier` collected at a stop of somebody else's trip, or that nobody was to fetch, as a stop of its own at that moment.

    `place` None: nobody knows where that was, and it counts as where the courier was before.
    """

    planned: CourierId | None
    carrier: CourierId
    stop: Stop
    place: Place | None
    at: datetime
    cut_off_at: datetime
    unloading: timedelta


class _Boarding:
    def __init__(
        self, inputs: DayInputs, network: RoadNetwork, facts: RoadFacts, depot: Place
    ) -> None:
        self._orders = {each.order_id: each for each in inputs.orders}
        self._said = inputs.amounts
        # Of all else the loads are as they were planned: a day has thousands of stops, and few of these.
        self._otherwise = {
            *facts.restated,
            *facts.counted,
            *(key for key, fate in facts.fates.items() if fate.status is not OrderStatus.COLLECTED),
        }
        self._network, self._facts, self._depot = network, facts, depot
        clock, departures = inputs.clock, inputs.fleet.depot.departures
        self._last_at = max(
            (clock.moment(clock.seconds_of(each)) for each in departures), default=inputs.over_at
        )
        self._per_unload = timedelta(seconds=inputs.fleet.depot.unload_per_piece_s)
        self._per_piece = timedelta(seconds=inputs.fleet.depot.service_per_piece_s)

    def strange(self, routes: Sequence[Route]) -> Sequence[_Strange]:
        found = []
        for route in routes:
            for trip in route.trips:
                for stop in trip.stops:
                    by: dict[CourierId, list[OrderId]] = {}
                    for order_id in stop.order_ids:
                        carrier = self._facts.carriers.get(order_id, route.courier_id)
                        if carrier != route.courier_id:
                            by.setdefault(carrier, []).append(order_id)
                    if by:
                        self._otherwise.update(stop.order_ids)
                    for carrier, order_ids in by.items():
                        at = max(self._facts.fates[each].at for each in order_ids)
                        other = replace(
                            _only(stop, order_ids),
                            arrive_at=at,
                            begin_at=at,
                            depart_at=at,
                            setup_s=0,
                        )
                        found.append(
                            _Strange(
                                planned=route.courier_id,
                                carrier=carrier,
                                stop=other,
                                place=stop.place,
                                at=at,
                                cut_off_at=trip.cut_off_at,
                                unloading=trip.unloaded_at - trip.back_at,
                            )
                        )
        return found

    def loose(self, plan: Plan) -> Iterator[_Strange]:
        """What was collected though the plan has nobody come for it: an older version had, or a household asked at the door."""
        known = {each for route in plan.routes for stop in route.stops for each in stop.order_ids}
        places = {each.order_id: each.place for each in plan.unserved}
        for order_id, carrier in self._facts.carriers.items():
            if order_id in known or self._amount(order_id) is None:
                continue
            self._otherwise.add(order_id)
            at, place = self._facts.fates[order_id].at, places.get(order_id)
            stop = Stop(
                seq=0,
                kind=StopKind.PLACE,
                place=place or self._depot,
                title=order_id,
                village="",
                household_ids=(),
                point_id=None,
                order_ids=(order_id,),
                pieces=0,
                weight_g=0,
                volume_ml=0,
                handling=(),
                notes=(),
                arrive_at=at,
                begin_at=at,
                depart_at=at,
                leg=Leg(duration_s=0, distance_m=0, polyline6=""),
            )
            yield _Strange(
                planned=None,
                carrier=carrier,
                stop=stop,
                place=place,
                at=at,
                cut_off_at=self._last_at,
                unloading=timedelta(),
            )

    def without(self, trip: Trip, gone: Collection[OrderId]) -> Trip | None:
        """The trip without these orders; None: nothing is left of it."""
        stops: list[Stop] = []
        passed: Leg | None = None
        for stop in trip.stops:
            left = [each for each in stop.order_ids if each not in gone]
            if not left:
                passed = one_after_the_other(passed, stop.leg)
                continue
            kept = stop if len(left) == len(stop.order_ids) else _only(stop, left)
            stops.append(replace(kept, leg=one_after_the_other(passed, stop.leg)))
            passed = None
        if not stops:
            return None
        return replace(trip, stops=tuple(stops), home=one_after_the_other(passed, trip.home))

    def with_strange(
        self, route: Route, strange: _Strange, unplanned: Collection[OrderId]
    ) -> Route:
        """
        The route with that stop in the trip that was under way then; or in one of its own, if all were over.

        Nobody was told when to come home from a trip of `unplanned` orders alone: it goes on.
        """
        trips = list(route.trips)
        begun = [n for n, trip in enumerate(trips) if self._has_begun(trip, strange.at)]
        number = begun[-1] if begun else 0
        if begun:
            trip = trips[number]
            planned = any(each not in unplanned for stop in trip.stops for each in stop.order_ids)
            number += planned and self._is_over(trip) and trip.back_at < strange.at
        if number == len(trips):
            trips.append(self._trip_of_its_own(route.profile, strange))
        else:
            trips[number] = self._joined(trips[number], route.profile, strange)
        return with_trips(route, trips, route.breaks, route.cost_fen)

    def _has_begun(self, trip: Trip, at: datetime) -> bool:
        return trip.leave_at <= at or any(
            end <= at for stop in trip.stops if (end := self._ended_at(stop)) is not None
        )

    def _is_over(self, trip: Trip) -> bool:
        return all(self._ended_at(stop) is not None for stop in trip.stops)

    def _ended_at(self, stop: Stop) -> datetime | None:
        if not all(each in self._facts.fates for each in stop.order_ids):
            return None
        return max(self._facts.fates[each].at for each in stop.order_ids)

    def _joined(self, trip: Trip, profile: str, strange: _Strange) -> Trip:
        before = [
            number
            for number, stop in enumerate(trip.stops, start=1)
            if (end := self._ended_at(stop)) is not None and end <= strange.at
        ]
        position = max(before, default=0)
        stops = list(trip.stops)
        origin = stops[position - 1].place if position else self._depot
        place = strange.place or origin
        leg = self._leg(origin, place, profile)
        stop = replace(strange.stop, place=place, leg=leg)
        home = trip.home
        if position < len(stops):
            following = stops[position]
            onward = self._leg(stop.place, following.place, profile)
            stops[position] = replace(following, leg=replace(onward, walk_m=following.leg.walk_m))
        else:
            home = self._leg(stop.place, self._depot, profile)
        stops.insert(position, stop)
        left_at = trip.leave_at
        if not position:
            left_at = min(left_at, strange.at - timedelta(seconds=stop.leg.duration_s))
        return replace(
            trip,
            leave_at=left_at,
            stops=tuple(stops),
            home=home,
            cut_off_at=min(trip.cut_off_at, strange.cut_off_at),
        )

    def _trip_of_its_own(self, profile: str, strange: _Strange) -> Trip:
        leg = self._leg(self._depot, strange.stop.place, profile)
        home = self._leg(strange.stop.place, self._depot, profile)
        back_at = strange.at + timedelta(seconds=home.duration_s)
        return Trip(
            leave_at=strange.at - timedelta(seconds=leg.duration_s),
            back_at=back_at,
            cut_off_at=strange.cut_off_at,
            stops=(replace(strange.stop, leg=leg),),
            home=home,
            pieces=0,
            weight_g=0,
            volume_ml=0,
            over_at=back_at + strange.unloading,
        )

    def _leg(self, origin: Place, target: Place, profile: str) -> Leg:
        """The drive; where no road leads, nothing is known but that somebody was there: no time and no metres."""
        line = [(each.lat, each.lon) for each in (origin, target)]
        nowhere = Leg(duration_s=0, distance_m=0, polyline6=polyline.encode(line, 6))
        snaps = self._network.snap((origin, target), profile)
        known = [each for each in snaps if isinstance(each, Snap)]
        if len(known) < len(snaps):
            return nowhere
        try:
            leg = self._network.leg(known[0], known[1], profile)
        except NoPath:
            return nowhere
        return Leg(
            duration_s=leg.duration_s,
            distance_m=leg.distance_m,
            polyline6=polyline.encode([(lat, lon) for lon, lat in leg.line], 6),
        )

    def _amount(self, order_id: OrderId) -> Amount | None:
        """How much of it is, or will be, carried; None: nobody knows."""
        order = self._orders.get(order_id)
        said = self._said.get(order_id) if order is None else amount_of(order)
        counted = self._facts.counted.get(order_id)
        return said if said is None or counted is None else counted.of(said)

    def loaded(self, route: Route) -> Route:
        trips = tuple(map(self._trip_loaded, route.trips))
        return route if trips == route.trips else replace(route, trips=trips)

    def _trip_loaded(self, trip: Trip) -> Trip:
        stops = tuple(map(self._stop_loaded, trip.stops))
        if stops == trip.stops and trip.pieces == sum(each.pieces for each in stops):
            return trip
        pieces = sum(each.pieces for each in stops)
        unloading = trip.unloaded_at - trip.back_at + (pieces - trip.pieces) * self._per_unload
        return replace(
            trip,
            over_at=trip.back_at + max(timedelta(), unloading),
            stops=stops,
            pieces=pieces,
            weight_g=sum(each.weight_g for each in stops),
            volume_ml=sum(each.volume_ml for each in stops),
        )

    def _stop_loaded(self, stop: Stop) -> Stop:
        """Who is still to come takes so much longer for each piece more; a stop of which not all is known stays."""
        facts = self._facts
        if not stop.counted and self._otherwise.isdisjoint(stop.order_ids):
            return stop
        amounts = [
            self._amount(each)
            for each in stop.order_ids
            if each not in facts.fates or facts.fates[each].status is OrderStatus.COLLECTED
        ]
        known = [each for each in amounts if each is not None]
        if len(known) < len(amounts):
            return stop
        pieces = sum(each.pieces for each in known)
        depart_at = stop.depart_at
        if self._ended_at(stop) is None:
            more = (pieces - stop.pieces) * self._per_piece
            depart_at = max(stop.begin_at, depart_at + more)
        loaded = replace(
            stop,
            pieces=pieces,
            weight_g=sum(each.weight_g for each in known),
            volume_ml=sum(each.volume_ml for each in known),
            depart_at=depart_at,
            counted=tuple(facts.counted[each] for each in stop.order_ids if each in facts.counted),
        )
        return stop if loaded == stop else loaded


def _only(stop: Stop, order_ids: Collection[OrderId]) -> Stop:
    """The stop with some of its orders, the loads still those of all."""
    return replace(
        stop,
        order_ids=tuple(each for each in stop.order_ids if each in order_ids),
        brought=tuple(each for each in stop.brought if each.order_id in order_ids),
        late=tuple(each for each in stop.late if each.order_id in order_ids),
        missed=tuple(each for each in stop.missed if each.order_id in order_ids),
    )
