"""Every figure of a day, on logs made by hand."""

from dataclasses import replace

import pytest

from dispatch.days import TimeWindow
from dispatch.events import FailReason
from dispatch.fleet import CourierId
from dispatch.orders import Order, OrderId
from dispatch.simulation.blame import Move
from dispatch.simulation.kpis import Fate, Judged, changes_of, fates_of, kpis_of
from dispatch.simulation.log import (
    Arrived,
    Asked,
    Begun,
    Brought,
    Collected,
    Docked,
    Heard,
    Left,
    Log,
    NotCollected,
    Out,
    Settled,
    TakenBack,
)
from dispatch.simulation.telling import (
    Announced,
    CourierOut,
    CourierReport,
    Handed,
    HandedStop,
    HandedTrip,
    OrdersAsked,
)

C1, C2 = CourierId("c1"), CourierId("c2")
H = 3600
CUT_OFF_S = 18 * H + 1800


@pytest.fixture
def judged(scene):
    return Judged(
        scene=scene,
        orders={each: Order(order_id=each, weight_g=1000) for each in scene.places},
        trucks_s=dict.fromkeys(scene.places, CUT_OFF_S),
    )


class Maker:
    """Writes a log: what is asked for, trips that go as said, versions."""

    def __init__(self, scene):
        self.scene = scene
        self.log = Log()

    def note(self, entry):
        self.log.entries.append(entry)
        self.log.entries.sort(key=lambda each: each.at_s)

    def asked(self, *names, at_s=7 * H):
        for name in names:
            self.note(Asked(at_s=at_s, order_id=OrderId(name)))
        orders = tuple(Order(order_id=OrderId(name), weight_g=1000) for name in names)
        places = tuple(self.scene.places[OrderId(name)] for name in names)
        self.hear(OrdersAsked(at_s=at_s, orders=orders, places=places))

    def hear(self, fact):
        self.log.heard.append(Heard(announced=len(self.log.announced), fact=fact))

    def trip(self, courier_id, *visits, leaves_s, back_s, fails=()):
        """`visits` are (order, moment at which the pickup begins); the drive ends a minute before."""
        here, taken = self.scene.ground.depot, []
        for number, (name, begin_s) in enumerate(visits):
            order_id, there = OrderId(name), self.scene.places[OrderId(name)]
            drive = self.scene.ground.drive("trike", here, there)
            left_s = leaves_s if number == 0 else visits[number - 1][1] + 60
            self.note(
                Left(
                    at_s=left_s,
                    courier_id=courier_id,
                    origin=here,
                    target=there,
                    order_ids=(order_id,),
                )
            )
            self.note(
                Arrived(
                    at_s=begin_s - 60,
                    courier_id=courier_id,
                    place=there,
                    distance_m=drive.distance_m,
                    order_ids=(order_id,),
                )
            )
            self.note(Begun(at_s=begin_s, courier_id=courier_id, order_ids=(order_id,)))
            who = {"at_s": begin_s + 60, "courier_id": courier_id, "order_id": order_id}
            self.report("arrived", begin_s - 60, courier_id, order_id)
            self.report(
                "failed" if name in fails else "collected", begin_s + 60, courier_id, order_id
            )
            if name in fails:
                self.note(NotCollected(**who, reason=FailReason.NOBODY_HOME))
            else:
                self.note(Collected(**who, pieces=2, weight_g=1000, volume_ml=0))
                taken.append(order_id)
            here = there
        home = self.scene.ground.depot
        left_s = visits[-1][1] + 60
        self.note(Left(at_s=left_s, courier_id=courier_id, origin=here, target=home))
        drive = self.scene.ground.drive("trike", here, home)
        who = {"at_s": back_s, "courier_id": courier_id}
        self.note(Arrived(**who, place=home, distance_m=drive.distance_m))
        self.note(Docked(**who, order_ids=tuple(taken)))

    def report(self, kind, at_s, courier_id, order_id):
        self.hear(
            CourierReport(
                at_s=at_s,
                kind=kind,
                report_id=f"{kind}-{order_id}",
                courier_id=courier_id,
                order_ids=(order_id,),
            )
        )

    def version(self, at_s, **routes):
        """`c1=[("o1", begin), …]`: one trip each."""
        version = 1 + len(self.log.announced)
        self.log.announced.append(
            Announced(
                at_s=at_s,
                version=version,
                routes={
                    CourierId(courier): Handed(
                        version=version,
                        trips=(HandedTrip(leave_s=8 * H, stops=self._stops(stops)),),
                    )
                    for courier, stops in routes.items()
                },
            )
        )

    def _stops(self, stops):
        return tuple(
            HandedStop(
                place=self.scene.places[OrderId(name)], order_ids=(OrderId(name),), begin_s=begin_s
            )
            for name, begin_s in stops
        )


@pytest.fixture
def day(scene):
    return Maker(scene)


def test_every_order_ends_in_one_fate(judged, day):
    day.asked("o1", "o2", "o3", "o4", "o5")
    day.trip(C1, ("o1", 9 * H), ("o2", 10 * H), leaves_s=8 * H, back_s=11 * H, fails=("o2",))
    day.trip(C2, ("o3", 17 * H), leaves_s=16 * H, back_s=CUT_OFF_S + 1)
    day.note(TakenBack(at_s=12 * H, order_id=OrderId("o4")))
    assert fates_of(judged, day.log) == {
        "o1": Fate.DELIVERED,
        "o2": Fate.FAILED,
        "o3": Fate.TOO_LATE,
        "o4": Fate.TAKEN_BACK,
        "o5": Fate.LEFT_BEHIND,
    }
    kpis = kpis_of(judged, day.log)
    assert kpis.fates == dict.fromkeys(Fate, 1)
    assert kpis.cut_offs_missed == 1
    assert kpis.on_time_pct == pytest.approx(100 / 3)
    assert kpis.parcels == 4


def test_a_truck_that_waits_is_caught(judged, day):
    day.asked("o3")
    day.trip(C2, ("o3", 17 * H), leaves_s=16 * H, back_s=CUT_OFF_S + 1)
    waits = replace(judged, trucks_s=dict.fromkeys(judged.trucks_s, CUT_OFF_S + 1))
    assert fates_of(waits, day.log) == {"o3": Fate.DELIVERED}


def test_what_another_vehicle_brings_in_time_is_delivered(judged, day):
    day.asked("o1")
    day.trip(C1, ("o1", 9 * H), leaves_s=8 * H, back_s=11 * H)
    (back,) = [each for each in day.log.entries if isinstance(each, Docked)]
    day.log.entries.remove(back)
    day.note(Out(at_s=10 * H, courier_id=C1, is_sick=False, on_board=(OrderId("o1"),)))
    assert fates_of(judged, day.log) == {"o1": Fate.TOO_LATE}
    assert kpis_of(judged, day.log).parcels == 0
    day.note(Brought(at_s=12 * H, courier_id=C1, order_ids=(OrderId("o1"),)))
    assert fates_of(judged, day.log) == {"o1": Fate.DELIVERED}
    assert kpis_of(judged, day.log).parcels == 2


def test_a_pickup_after_its_window_is_not_on_time(judged, day, scene):
    window = TimeWindow(scene.clock.moment(8 * H), scene.clock.moment(9 * H))
    orders = judged.orders | {
        each: Order(order_id=OrderId(each), windows=(window,)) for each in ("o1", "o2")
    }
    day.asked("o1", "o2")
    day.trip(C1, ("o1", 9 * H), ("o2", 9 * H + 120), leaves_s=8 * H, back_s=11 * H)
    assert kpis_of(replace(judged, orders=orders), day.log).on_time_pct == 50


def test_cost_kilometres_and_overtime_are_those_of_who_drove(judged, day, scene):
    day.asked("o1")
    day.trip(C1, ("o1", 9 * H), leaves_s=8 * H, back_s=19 * H)
    kpis = kpis_of(judged, day.log)
    depot, there = scene.ground.depot, scene.places["o1"]
    metres = sum(
        scene.ground.drive("trike", a, b).distance_m for a, b in ((depot, there), (there, depot))
    )
    assert kpis.distance_m == metres > 1000
    assert kpis.paid_fen == round(2_500 + metres * 15 / 1000 + 11 * 2_200)
    assert kpis.cost_fen_per_parcel == kpis.paid_fen / 2
    assert kpis.m_per_parcel == metres / 2
    assert kpis.overtime_s == 1800
    fleet = scene.fleet
    dear = replace(
        scene,
        fleet=replace(
            fleet,
            depot=replace(fleet.depot, overtime_after_s=9 * H, overtime_cost_per_hour_fen=1000),
        ),
    )
    assert kpis_of(replace(judged, scene=dear), day.log).paid_fen == kpis.paid_fen + 2000
    ahead = replace(dear.fleet.couriers[C1], ahead_s=H)
    earlier = replace(dear, fleet=replace(dear.fleet, couriers=dear.fleet.couriers | {C1: ahead}))
    assert kpis_of(replace(judged, scene=earlier), day.log).paid_fen == kpis.paid_fen + 3000


def test_fairness_compares_the_hours_of_those_who_drove_to_the_end(judged, day):
    day.asked("o1", "o2")
    day.trip(C1, ("o1", 9 * H), leaves_s=8 * H, back_s=11 * H)
    assert kpis_of(judged, day.log).fairness_gini == 0
    day.trip(C2, ("o2", 9 * H), leaves_s=8 * H, back_s=9 * H + 120)
    hours = sorted((3 * H, H + 120))
    expected = (hours[1] - hours[0]) / (2 * sum(hours))
    assert kpis_of(judged, day.log).fairness_gini == pytest.approx(expected)
    day.note(Out(at_s=12 * H, courier_id=C2, is_sick=False, on_board=()))
    assert kpis_of(judged, day.log).fairness_gini == 0


def test_a_promise_is_kept_from_a_quarter_before_to_three_quarters_after(judged, day):
    day.asked("o1", "o2", "o3", "o4", "o5")
    day.version(
        7 * H, c1=[("o1", 9 * H), ("o2", 10 * H), ("o3", 12 * H), ("o4", 15 * H), ("o5", 16 * H)]
    )
    visits = [
        ("o1", 9 * H - 900),
        ("o2", 10 * H + 2700),
        ("o3", 12 * H - 901),
        ("o4", 15 * H + 2701),
    ]
    day.trip(C1, *visits, leaves_s=8 * H, back_s=16 * H)
    kpis = kpis_of(judged, day.log)
    assert (kpis.promised, kpis.promises_kept_pct) == (5, 40)
    day.note(TakenBack(at_s=14 * H, order_id=OrderId("o5")))
    kpis = kpis_of(judged, day.log)
    assert (kpis.promised, kpis.promises_kept_pct) == (4, 50)


@pytest.mark.parametrize(
    ("second", "begins_s", "kept"),
    [
        ("same", 10 * H, 100),
        ("other", 10 * H, 50),
        ("same", 12 * H, 50),
        ("same", 9 * H, 0),
    ],
    ids=["for both", "two households", "too late for one", "too early for both"],
)
def test_a_household_told_of_one_parcel_gives_another_with_it(judged, day, second, begins_s, kept):
    households = {OrderId("o1"): "same", OrderId("o2"): second}
    orders = {
        key: replace(each, household_id=households.get(key)) for key, each in judged.orders.items()
    }
    day.asked("o1", "o2")
    day.version(7 * H, c1=[("o1", 10 * H), ("o2", 11 * H)])
    first_s = min(begins_s, 10 * H)
    day.trip(C1, ("o1", first_s), ("o2", begins_s + 120), leaves_s=8 * H, back_s=13 * H)
    assert kpis_of(replace(judged, orders=orders), day.log).promises_kept_pct == kept


def test_the_first_announcement_is_the_promise(judged, day):
    day.asked("o1")
    day.version(7 * H, c1=[("o1", 9 * H)])
    day.version(8 * H, c1=[("o1", 12 * H)])
    day.trip(C1, ("o1", 12 * H), leaves_s=11 * H, back_s=13 * H)
    assert kpis_of(judged, day.log).promises_kept_pct == 0


class TestWhoBrokeThePromise:
    def test_the_world_if_the_plan_stayed_and_the_road_was_slow(self, judged, day):
        day.asked("o1", "o2")
        day.version(7 * H, c1=[("o1", 9 * H), ("o2", 10 * H)])
        day.trip(C1, ("o1", 9 * H), ("o2", 12 * H), leaves_s=8 * H, back_s=13 * H)
        kpis = kpis_of(judged, day.log)
        assert (kpis.promises_kept_pct, kpis.broken_unforced) == (50, 0)

    def test_the_plan_if_a_new_version_put_it_off(self, judged, day, scene):
        day.asked("o1", "o2")
        day.version(7 * H, c1=[("o1", 9 * H)])
        late = HandedStop(
            place=scene.places["o2"],
            order_ids=(OrderId("o2"),),
            begin_s=11 * H,
            not_before_s=11 * H,
        )
        day.version(8 * H, c1=[("o2", 11 * H), ("o1", 12 * H)])
        announced = day.log.announced[-1]
        handed = announced.routes[C1]
        trip = replace(handed.trips[0], stops=(late, handed.trips[0].stops[1]))
        day.log.announced[-1] = replace(announced, routes={C1: replace(handed, trips=(trip,))})
        day.trip(C1, ("o2", 11 * H), ("o1", 12 * H), leaves_s=10 * H, back_s=13 * H)
        assert kpis_of(judged, day.log).broken_unforced == 1

    def test_the_plan_if_a_new_version_dropped_it(self, judged, day):
        day.asked("o1", "o2")
        day.version(7 * H, c1=[("o1", 9 * H), ("o2", 10 * H)])
        day.version(8 * H, c1=[("o2", 10 * H)])
        day.trip(C1, ("o2", 10 * H), leaves_s=9 * H, back_s=11 * H)
        assert kpis_of(judged, day.log).broken_unforced == 1

    def test_the_world_if_a_new_version_dropped_what_could_no_longer_be_kept(self, judged, day):
        day.asked("o1", "o2")
        day.version(7 * H, c1=[("o1", 9 * H), ("o2", 10 * H)])
        day.trip(C1, ("o1", 11 * H), leaves_s=8 * H, back_s=12 * H)
        day.version(11 * H + 120, c1=[("o1", 9 * H)])
        kpis = kpis_of(judged, day.log)
        assert (kpis.promises_kept_pct, kpis.broken_unforced) == (0, 0)

    def test_the_world_if_the_courier_dropped_out(self, judged, day):
        day.asked("o1")
        day.version(7 * H, c1=[("o1", 9 * H)])
        day.note(Out(at_s=8 * H, courier_id=C1, is_sick=True, on_board=()))
        day.hear(CourierOut(at_s=8 * H, courier_id=C1, is_sick=True, on_board=()))
        day.version(8 * H + 60, c2=[])
        assert kpis_of(judged, day.log).broken_unforced == 0

    def test_the_plan_if_it_promised_what_it_could_not_keep(self, judged, day):
        day.asked("o1")
        day.version(11 * H, c1=[("o1", 9 * H)])
        day.trip(C1, ("o1", 12 * H), leaves_s=11 * H, back_s=13 * H)
        assert kpis_of(judged, day.log).broken_unforced == 1


class TestWhoMovedAnOrder:
    def test_the_world_if_its_courier_was_late_for_a_promise(self, judged, day):
        day.asked("o1", "o2")
        day.version(7 * H, c1=[("o1", 9 * H), ("o2", 10 * H)])
        day.version(11 * H, c1=[("o1", 11 * H)], c2=[("o2", 11 * H)])
        kpis = kpis_of(judged, day.log)
        assert (kpis.courier_changes_pct, kpis.courier_changes_unforced_pct) == (50, 0)

    def test_the_world_if_its_courier_dropped_out(self, judged, day):
        day.asked("o1")
        day.version(7 * H, c1=[("o1", 9 * H)])
        day.note(Out(at_s=8 * H, courier_id=C1, is_sick=True, on_board=()))
        day.hear(CourierOut(at_s=8 * H, courier_id=C1, is_sick=True, on_board=()))
        day.version(8 * H, c2=[("o1", 9 * H)])
        kpis = kpis_of(judged, day.log)
        assert (kpis.courier_changes_pct, kpis.courier_changes_unforced_pct) == (100, 0)

    def test_the_world_if_its_courier_was_late_for_a_truck(self, judged, day):
        day.asked("o1", "o2")
        day.version(7 * H, c1=[("o1", CUT_OFF_S - 1200), ("o2", CUT_OFF_S)])
        day.trip(C1, ("o1", CUT_OFF_S - 400), leaves_s=17 * H, back_s=CUT_OFF_S + 3600)
        # Nobody has been promised too much: o2 is begun a few minutes after the truck has left, and meant to.
        day.version(CUT_OFF_S - 300, c1=[("o1", CUT_OFF_S - 1200)], c2=[("o2", CUT_OFF_S)])
        kpis = kpis_of(judged, day.log)
        assert (kpis.courier_changes_pct, kpis.courier_changes_unforced_pct) == (50, 0)

    def test_the_plan_if_everybody_was_in_time(self, judged, day):
        day.asked("o1", "o2")
        day.version(7 * H, c1=[("o1", 9 * H), ("o2", 10 * H)])
        day.version(8 * H, c1=[("o1", 9 * H)], c2=[("o2", 10 * H)])
        kpis = kpis_of(judged, day.log)
        assert (kpis.courier_changes_pct, kpis.courier_changes_unforced_pct) == (50, 50)


def test_changes_of_courier_sequence_and_moment_are_counted_while_a_stop_is_open(judged, day):
    day.asked("o1", "o2", "o3", "o4")
    day.version(7 * H, c1=[("o1", 9 * H), ("o2", 10 * H), ("o3", 11 * H)], c2=[("o4", 9 * H)])
    assert changes_of(day.log) == ([], 0, 0)
    day.version(
        7 * H + 60, c1=[("o1", 9 * H), ("o2", 10 * H), ("o3", 11 * H + 900)], c2=[("o4", 9 * H)]
    )
    assert changes_of(day.log) == ([], 0, 0)
    day.version(
        7 * H + 120, c1=[("o1", 9 * H), ("o3", 10 * H + 60), ("o2", 10 * H)], c2=[("o4", 9 * H)]
    )
    assert changes_of(day.log) == ([], 2, 1)
    day.version(
        7 * H + 180, c1=[("o1", 9 * H), ("o3", 10 * H + 60)], c2=[("o4", 9 * H), ("o2", 10 * H)]
    )
    assert changes_of(day.log) == ([Move(4, C1)], 2, 1)
    kpis = kpis_of(judged, day.log)
    assert (kpis.courier_changes_pct, kpis.order_changes_pct, kpis.time_changes_pct) == (25, 50, 25)
    assert kpis.courier_changes_unforced_pct == 0  # o2, behind o3, would have been late
    day.trip(C2, ("o4", 8 * H + 600), leaves_s=8 * H, back_s=9 * H)
    day.version(
        8 * H + 1200, c1=[("o1", 9 * H), ("o3", 10 * H + 60)], c2=[("o4", 12 * H), ("o2", 10 * H)]
    )
    assert changes_of(day.log) == ([Move(4, C1)], 2, 1)


def test_latency_runs_from_the_fact_to_the_version_that_answers_it(judged, day):
    heard = [(100, (40, 90)), (200, (199,))]
    for number, (at_s, facts) in enumerate(heard, 1):
        day.log.settled.append(Settled(at_s=at_s, heard_s=facts, version=number, computing_s=0.5))
    kpis = kpis_of(judged, day.log)
    assert (kpis.event_to_plan_p50_s, kpis.event_to_plan_p99_s) == (10.5, 60.5)


def test_a_day_on_which_nothing_happened_has_no_figures(judged, day):
    kpis = kpis_of(judged, day.log)
    assert kpis.on_time_pct is kpis.promises_kept_pct is kpis.cost_fen_per_parcel is None
    assert kpis.event_to_plan_p50_s is kpis.fairness_gini is None
    assert kpis.paid_fen == kpis.broken_unforced == 0
