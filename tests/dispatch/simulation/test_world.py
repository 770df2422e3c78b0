"""The world: drawn by seed, apart from what is told, in which nothing is lost and nobody teleports."""

from collections import Counter, defaultdict
from dataclasses import fields, replace

import pytest

from dispatch.simulation.hindsight import gap_pct, hindsight_of, morning_planner
from dispatch.simulation.insertion import Insertion
from dispatch.simulation.kpis import Fate, Judged, fates_of, kpis_of
from dispatch.simulation.log import (
    Arrived,
    Asked,
    Begun,
    Brought,
    Collected,
    Docked,
    Left,
    NotCollected,
    Out,
    Rested,
    TakenBack,
)
from dispatch.simulation.nearest import Nearest
from dispatch.simulation.running import SimulationStopped, run_day
from dispatch.simulation.shift import Shift
from dispatch.simulation.telling import (
    Announced,
    CourierOut,
    CourierReport,
    Handed,
    HandedStop,
    HandedTrip,
    OrdersAsked,
    OrderTakenBack,
    RoadReported,
)
from dispatch.simulation.world import State, World

HARD = {
    "cancelled_share": 0.15,
    "not_ready_share": 0.3,
    "no_show_share": 0.1,
    "volume_surprise_share": 0.5,
    "breakdown_share": 0.4,
    "sick_share": 0.2,
    "closures_mean": 2.0,
}
"""A day on which everything happens."""


def judged_of(truth):
    return Judged(
        scene=truth.scene,
        orders={key: wish.order for key, wish in truth.wishes.items()},
        trucks_s={key: truth.truck_s(key) for key in truth.wishes},
    )


class Listening:
    """A policy that writes down what it is told."""

    def __init__(self, policy):
        self.policy, self.facts = policy, []

    def begin(self, asked):
        self.facts.append(asked)
        return self.policy.begin(asked)

    def hear(self, fact, now_s):
        self.facts.append(fact)
        self.policy.hear(fact, now_s)

    def settle(self, now_s):
        return self.policy.settle(now_s)

    def route_of(self, courier_id):
        return self.policy.route_of(courier_id)


def policies(truth):
    yield Nearest(truth.scene)
    yield Insertion(truth.scene, morning_planner(truth, budget_s=0.2))


def test_the_same_seed_is_the_same_day(drawn):
    one, same, other = (run_day(truth, Nearest(truth.scene)) for truth in map(drawn, (1, 1, 2)))
    assert one.entries == same.entries
    assert [replace(each, computing_s=0) for each in one.settled] == [
        replace(each, computing_s=0) for each in same.settled
    ]
    assert one.entries != other.entries


@pytest.mark.parametrize(("stated", "docks"), [(None, 1), (5, 5)])
def test_a_depot_has_the_docks_that_its_fleet_states(drawn, stated, docks):
    truth = drawn(1, couriers_per_dock=3.0)
    depot = replace(truth.scene.fleet.depot, docks=stated)
    fleet = replace(truth.scene.fleet, depot=depot)
    truth = replace(truth, scene=replace(truth.scene, fleet=fleet))
    assert World(truth, Nearest(truth.scene)).docks.capacity == docks


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost_and_nobody_teleports(drawn, seed):
    truth = drawn(seed, **HARD)
    for policy in policies(truth):
        log = run_day(truth, policy)
        fates = fates_of(judged_of(truth), log)
        asked = [each.order_id for each in log.entries if isinstance(each, Asked)]
        assert Counter(asked) == Counter(list(fates))
        ends = Counter(
            each.order_id
            for each in log.entries
            if isinstance(each, Collected | NotCollected | TakenBack)
        )
        assert set(ends.values()) <= {1}
        never = {key for key, fate in fates.items() if fate is Fate.LEFT_BEHIND}
        assert never == set(asked) - set(ends)
        collected = {each.order_id for each in log.entries if isinstance(each, Collected)}
        home = Counter(
            order
            for each in log.entries
            if isinstance(each, Docked | Brought)
            for order in each.order_ids
        )
        assert home == Counter(list(collected)), "all that was picked up comes in, once"
        assert list(impossible(truth, log)) == []


def way(truth, profile, left):
    """The drive on the roads that were open when it began, or, if none led there, on all of them."""
    ground = truth.scene.ground
    closed = [
        each.closure for each in truth.mishaps.closures if each.from_s <= left.at_s < each.until_s
    ]
    open_way = ground.drive(profile, left.origin, left.target)
    return (
        ground.closed(closed).drive(profile, left.origin, left.target) if closed else None
    ) or open_way


def impossible(truth, log):
    """What no courier can have done: told again from the log, with nothing of the world's code."""
    moments = [each.at_s for each in log.entries]
    if moments != sorted(moments):
        yield "time runs backwards"
    mine = defaultdict(list)
    for entry in log.entries:
        if not isinstance(entry, Asked | TakenBack | Brought):
            mine[entry.courier_id].append(entry)
    for courier_id, entries in mine.items():
        model = truth.scene.model(courier_id)
        place, left, resting_until_s = truth.scene.ground.depot, None, 0
        on_board, out = [], False
        for entry in entries:
            if out:
                yield f"{courier_id} works after it dropped out: {entry}"
            if entry.at_s < resting_until_s and not isinstance(entry, Out):
                yield f"{courier_id} works in its break: {entry}"
            if left is not None and not isinstance(entry, Arrived | Out):
                yield f"{courier_id} works while it drives: {entry}"
            match entry:
                case Left():
                    if entry.origin != place:
                        yield f"{courier_id} leaves where it is not: {entry}"
                    left = entry
                case Arrived():
                    if left is None or left.target != entry.place:
                        yield f"{courier_id} arrives where it did not go: {entry}"
                        continue
                    planned = way(truth, model.profile, left)
                    if entry.at_s - left.at_s < planned.duration_s * 0.4:
                        yield f"{courier_id} flies: {left} {entry}"
                    if entry.distance_m != planned.distance_m:
                        yield f"{courier_id} counts other metres: {entry}"
                    place, left = entry.place, None
                case Collected():
                    if truth.scene.places[entry.order_id] != place:
                        yield f"{courier_id} picks up where the order is not: {entry}"
                    on_board.append(entry)
                    if sum(each.weight_g for each in on_board) > model.capacity_weight_g:
                        yield f"{courier_id} is overloaded: {entry}"
                case Docked():
                    if place != truth.scene.ground.depot:
                        yield f"{courier_id} unloads on the road: {entry}"
                    if [each.order_id for each in on_board] != list(entry.order_ids):
                        yield f"{courier_id} unloads something else: {entry}"
                    on_board = []
                case Rested():
                    resting_until_s = entry.until_s
                case Out():
                    out = True
                case Begun() | NotCollected():
                    pass
        if on_board and not out:
            yield f"{courier_id} keeps {len(on_board)} parcels"


def test_a_log_that_cannot_be_is_found_out(drawn):
    truth = drawn(1)
    log = run_day(truth, Nearest(truth.scene))
    assert not list(impossible(truth, log))
    for number, entry in enumerate(log.entries):
        if isinstance(entry, Arrived | Docked) and log.entries[number - 1] != entry:
            early = replace(entry, at_s=entry.at_s - 3600)
            wrong = replace(log, entries=[*log.entries[:number], early, *log.entries[number + 1 :]])
            assert list(impossible(truth, wrong))
            without = replace(log, entries=log.entries[:number] + log.entries[number + 1 :])
            assert list(impossible(truth, without))
            break


def test_a_dispatcher_is_told_what_was_stated_and_no_more(drawn):
    truth = drawn(3, **HARD)
    policy = Listening(Nearest(truth.scene))
    log = run_day(truth, policy)
    told = {
        order.order_id: order
        for fact in policy.facts
        if isinstance(fact, OrdersAsked)
        for order in fact.orders
    }
    assert told == {key: wish.order for key, wish in truth.wishes.items() if key in told}
    surprises = [wish for wish in truth.wishes.values() if wish.weight_g != wish.order.weight_g]
    assert len(surprises) > 5
    clock = truth.scene.clock
    late = [
        wish for wish in truth.wishes.values() if wish.ready_s > clock.seconds(wish.order.ready_at)
    ]
    assert len(late) > 3
    # Nothing that a policy hears has a field for the truth.
    known = {
        *(
            each.name
            for kind in (OrdersAsked, OrderTakenBack, CourierReport)
            for each in fields(kind)
        ),
        *(each.name for kind in (CourierOut, RoadReported) for each in fields(kind)),
    }
    assert known.isdisjoint({"ready_s", "is_home", "cancelled_at_s", "weight_g", "pieces"})
    # And nothing is heard before it happened.
    asked = {each.order_id: each.at_s for each in log.entries if isinstance(each, Asked)}
    for fact in policy.facts:
        if isinstance(fact, OrdersAsked):
            assert all(asked[order.order_id] == fact.at_s for order in fact.orders)


def test_word_from_where_there_is_no_signal_comes_late(drawn):
    truth = drawn(1, signal_lost_share=1.0)
    policy = Listening(Nearest(truth.scene))
    heard_s = []
    policy.hear = lambda fact, now_s: heard_s.append((fact, policy.policy.hear(fact, now_s)))
    run_day(truth, policy)
    moments = [fact.at_s for fact, _ in heard_s if isinstance(fact, CourierReport)]
    assert moments != sorted(moments)


def test_a_day_without_chance_goes_as_planned(drawn):
    """No mishap, no spread: whoever plans insertion's morning keeps every promise."""
    zero = dict.fromkeys(
        (
            *("cancelled_share", "not_ready_share", "no_show_share", "volume_surprise_share"),
            *("day_spread", "cell_day_spread", "cell_hour_spread", "leg_spread", "pace_spread"),
            *("service_spread", "unload_spread", "truck_late_s", "sick_share", "breakdown_share"),
            *("closures_mean", "signal_lost_share"),
        ),
        0.0,
    )
    truth = drawn(1, **zero, hour_factors=(1.0,) * 24)
    kpis = kpis_of(
        judged_of(truth),
        run_day(truth, Insertion(truth.scene, morning_planner(truth, budget_s=0.5))),
    )
    assert kpis.fates[Fate.DELIVERED] == len(truth.wishes)
    assert (kpis.promises_kept_pct, kpis.broken_unforced, kpis.overtime_s) == (100, 0, 0)


@pytest.mark.parametrize("seed", range(4))
def test_insertion_breaks_no_promise_that_the_world_did_not_force(drawn, seed):
    truth = drawn(seed, **HARD)
    log = run_day(truth, Insertion(truth.scene, morning_planner(truth, budget_s=0.3)))
    assert kpis_of(judged_of(truth), log).broken_unforced == 0


class TwoWords(Exception):
    """An error that cannot be made again from its message, as many of ours."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


@pytest.mark.parametrize("verb", ["begin", "hear", "settle", "route_of"])
def test_a_policy_that_breaks_ends_the_simulation(drawn, verb):
    truth = drawn(1)
    policy = Nearest(truth.scene)

    def broken(*_told):
        raise TwoWords("a", "bug")

    setattr(policy, verb, broken)
    with pytest.raises(TwoWords, match="a bug"):
        run_day(truth, policy)


def test_a_courier_whose_next_stop_is_for_later_takes_a_new_route_meanwhile(drawn):
    truth = drawn(
        1, couriers=1, breakdown_share=0.0, sick_share=0.0, known_at_start_share=(1.0, 1.0)
    )
    (courier_id,) = truth.scene.fleet.couriers
    clock = truth.scene.clock
    wishes = sorted(
        (each for each in truth.wishes.values() if each.is_home),
        key=lambda each: clock.seconds(each.order.ready_at),
    )
    first, second, last = wishes[0], wishes[1], wishes[-1]
    stops = [
        HandedStop(place=each.place, order_ids=(each.order.order_id,), begin_s=8 * 3600)
        for each in (first, second, last)
    ]

    class Changing:
        """Sends the courier to the latest order of the day, and then calls it to an earlier one."""

        version = 1

        def begin(self, asked):
            return self._announced(asked.at_s)

        def hear(self, fact, now_s):
            pass

        def settle(self, now_s):
            done = clock.seconds(first.order.ready_at) + 3600
            if self.version == 1 and now_s > done:
                self.version = 2
                return self._announced(now_s)
            return None

        def route_of(self, courier_id):
            route = (stops[0], stops[2]) if self.version == 1 else (stops[1], stops[2])
            return Handed(version=self.version, trips=(HandedTrip(leave_s=0, stops=route),))

        def _announced(self, at_s):
            return Announced(
                at_s=at_s, version=self.version, routes={courier_id: self.route_of(courier_id)}
            )

    log = run_day(truth, Changing())
    begun = [each.order_ids[0] for each in log.entries if isinstance(each, Begun)]
    assert begun == [each.order.order_id for each in (first, second, last)]


def test_an_empty_trip_sends_a_courier_home_first(drawn):
    truth = drawn(
        1, couriers=1, breakdown_share=0.0, sick_share=0.0, known_at_start_share=(1.0, 1.0)
    )
    (courier_id,) = truth.scene.fleet.couriers
    wishes = [each for each in truth.wishes.values() if each.is_home][:2]
    stops = [
        HandedStop(place=each.place, order_ids=(each.order.order_id,), begin_s=8 * 3600)
        for each in wishes
    ]

    class HomeFirst:
        """Hands out one stop, and once it is done the other behind an empty trip."""

        version = 1

        def begin(self, asked):
            return self._announced(asked.at_s)

        def hear(self, fact, now_s):
            if isinstance(fact, CourierReport) and fact.kind != "arrived":
                self.version = 2

        def settle(self, now_s):
            return None

        def route_of(self, courier_id):
            trips = [(stops[0],)] if self.version == 1 else [(), (stops[1],)]
            return Handed(
                version=self.version,
                trips=tuple(HandedTrip(leave_s=0, stops=each) for each in trips),
            )

        def _announced(self, at_s):
            return Announced(at_s=at_s, version=1, routes={courier_id: self.route_of(courier_id)})

    log = run_day(truth, HomeFirst())
    kinds = [type(each) for each in log.entries if isinstance(each, Begun | Docked)]
    assert kinds == [Begun, Docked, Begun, Docked]


def test_a_simulation_stops_when_asked(drawn):
    truth = drawn(1)
    with pytest.raises(SimulationStopped):
        run_day(truth, Nearest(truth.scene), stopped=lambda: True)


def test_hindsight_is_cheaper_than_going_to_the_nearest(drawn):
    truth = drawn(1)
    log = run_day(truth, Nearest(truth.scene))
    judged = judged_of(truth)
    hindsight = hindsight_of(truth, budget_s=0.5)
    assert gap_pct(hindsight, kpis_of(judged, log), fates_of(judged, log), truth) > 0


def test_what_a_broken_courier_leaves_at_the_door_is_open_again(drawn):
    truth = drawn(1)
    world = World(truth, Nearest(truth.scene))
    shift = Shift(world, next(iter(truth.scene.fleet.couriers.values())))
    waiting, taken, other = list(truth.wishes)[:3]
    world.states |= {waiting: State.AT_DOOR, taken: State.OVER, other: State.AT_DOOR}
    shift._at_door = (waiting, taken)
    shift.step_back()
    assert world.states[waiting] is State.OPEN
    assert world.states[taken] is State.OVER
    assert world.states[other] is State.AT_DOOR
