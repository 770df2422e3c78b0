"""When a closure holds, whom a plan meets, and what it makes of roads that it was not made for."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from dispatch.closures import ClosureId, DailyHours, TimedClosure, closed
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.fleet import Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import Registry
from dispatch.inputs import DayInputs
from routing.places import Place
from routing.roads.closures import Closure
from routing.roads.network import RoadNetwork


def at(hour, minute=0, day=11):
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def timed(from_at, until_at, closure=None, network=""):
    return TimedClosure(
        closure_id=ClosureId("x1"),
        closure=closure or Closure(osm_ways=(1,)),
        from_at=from_at,
        until_at=until_at,
        reason="",
        network=network,
        at=from_at,
        by="t",
    )


@pytest.mark.parametrize(
    ("moment", "holds", "is_over"),
    [
        (at(8, 59), False, False),
        (at(9), True, False),
        (at(11, 59), True, False),
        (at(12), False, True),
        (at(13), False, True),
    ],
)
def test_a_closure_holds_from_its_beginning_until_just_before_its_end(moment, holds, is_over):
    closure = timed(at(9), at(12))
    assert (closure.holds(moment), closure.is_over(moment)) == (holds, is_over)


MARKET = DailyHours(starts=time(6), ends=time(9), time_zone="Asia/Shanghai")  # 22 to 1 in UTC
NIGHT = DailyHours(starts=time(22), ends=time(4), time_zone="Etc/UTC")
ALL_DAY = DailyHours(starts=time(5), ends=time(5), time_zone="Etc/UTC")


@pytest.mark.parametrize(
    ("hours", "moment", "holds"),
    [
        (MARKET, at(21, 59), False),
        (MARKET, at(22), True),
        (MARKET, at(0, 59), True),
        (MARKET, at(1), False),
        (NIGHT, at(22), True),
        (NIGHT, at(3, 59), True),
        (NIGHT, at(4), False),
        (NIGHT, at(21, 59), False),
        (ALL_DAY, at(5), True),
        (ALL_DAY, at(4, 59), True),
    ],
)
def test_daily_hours_go_by_the_wall_clock(hours, moment, holds):
    assert replace(timed(at(0, day=1), None), hours=hours).holds(moment) == holds
    assert not replace(timed(at(0, day=1), moment), hours=hours).holds(moment)
    assert not replace(timed(at(23, day=20), None), hours=hours).holds(moment)


def test_daily_hours_of_a_span_are_cut_at_its_ends():
    spans = list(NIGHT.spans(at(3), at(23)))

    assert spans == [(at(3), at(4)), (at(22), at(23))]
    assert list(NIGHT.spans(at(5), at(6))) == []
    assert list(ALL_DAY.spans(at(1), at(8))) == [(at(1), at(5)), (at(5), at(8))]
    assert list(NIGHT.spans(at(6), at(6))) == []


@pytest.mark.parametrize(
    ("hours", "from_at", "until_at", "is_met", "factor"),
    [
        (None, at(9), at(10), True, 4.0),  # once: as if it held all the time
        (
            DailyHours(starts=time(8), ends=time(9), time_zone="Etc/UTC"),
            at(0),
            None,
            True,
            1 + 3 / 18,
        ),
        (
            DailyHours(starts=time(7), ends=time(9), time_zone="Etc/UTC"),
            at(0),
            None,
            True,
            1 + 3 / 18,
        ),
        (
            DailyHours(starts=time(8), ends=time(17), time_zone="Etc/UTC"),
            at(8),
            at(9),
            True,
            1 + 3 / 18,
        ),
        (
            DailyHours(starts=time(1), ends=time(3), time_zone="Etc/UTC"),
            at(0),
            None,
            True,
            1 + 3 / 18,
        ),
        (DailyHours(starts=time(3), ends=time(8), time_zone="Etc/UTC"), at(0), None, False, None),
        (
            DailyHours(starts=time(8), ends=time(17), time_zone="Etc/UTC"),
            at(16),
            None,
            True,
            1 + 3 / 18,
        ),
        (ALL_DAY, at(0, day=1), None, True, 4.0),
    ],
)
def test_a_plan_meets_slow_hours_by_the_share_of_its_shifts(
    day, hours, from_at, until_at, is_met, factor
):
    """The shifts of the day go from 8 until 2: 18 hours."""
    slow = Closure(osm_ways=(1,), duration_factor=4.0)
    inputs = replace(day, closures=(replace(timed(from_at, until_at, slow), hours=hours),))

    met = inputs.closures_met(at(6))

    assert [each.closure.duration_factor for each in met] == [pytest.approx(factor)] * is_met


def test_slow_hours_that_begin_when_the_last_shift_ends_are_no_matter(day):
    after = DailyHours(starts=time(2), ends=time(4), time_zone="Etc/UTC")
    slow = timed(at(0), None, Closure(osm_ways=(1,), duration_factor=4.0))

    assert replace(day, closures=(replace(slow, hours=after),)).closures_met(at(6)) == ()


def test_a_road_closed_at_some_hours_is_closed_to_a_plan_that_meets_them(day):
    shut = replace(timed(at(0), None), hours=MARKET)
    inputs = replace(day, closures=(shut,))

    assert inputs.closures_met(at(6)) == (shut,)
    assert (
        replace(
            day,
            closures=(
                replace(
                    shut,
                    hours=replace(MARKET, starts=time(10, 30), ends=time(12)),
                ),
            ),
        ).closures_met(at(6))
        == ()
    )


def test_a_closure_without_an_end_is_never_over():
    closure = timed(at(9), None)
    assert closure.holds(at(9, day=30))
    assert not closure.is_over(at(9, day=30))


@pytest.fixture
def day():
    """Two couriers: from 8 to 12 and from 14 until 2 in the morning, in UTC."""
    model = VehicleModel(model_id=VehicleModelId("m"), profile="van")
    couriers = [
        Courier(
            courier_id=CourierId(name),
            name="",
            model_id=model.model_id,
            shift_starts=starts,
            shift_ends=ends,
        )
        for name, starts, ends in (("a", time(8), time(12)), ("b", time(14), time(2)))
    ]
    return DayInputs(
        day=DepotDay(CompanyId("c"), DepotId("d"), date(2026, 11, 11)),
        registry=Registry(),
        fleet=Fleet(
            depot=Depot(
                depot_id=DepotId("d"), name="", place=Place(118.1, 33.9), time_zone="Etc/UTC"
            ),
            models={model.model_id: model},
            couriers={each.courier_id: each for each in couriers},
        ),
        orders=(),
    )


@pytest.mark.parametrize(
    ("now", "from_at", "until_at", "is_met"),
    [
        (at(6), at(5), at(8), False),  # over when the first shift begins
        (at(6), at(5), at(8, 1), True),
        (at(6), at(12, day=10), None, True),
        (at(6), at(12, 30), at(13), True),  # nobody drives then, but no plan knows that of a span
        (at(6), at(1, day=12), None, True),  # a shift that ends on the next morning
        (at(6), at(3, day=12), None, False),
        (at(10), at(8), at(9), False),  # over when planned again during the day
        (at(10), at(8), at(11), True),
        (at(10, day=13), at(9), at(10), True),  # a day planned afterwards is planned as it was
    ],
)
def test_a_plan_meets_the_closures_between_now_and_the_last_shifts_end(
    day, now, from_at, until_at, is_met
):
    inputs = replace(day, closures=(timed(from_at, until_at),))
    assert bool(inputs.closures_met(now)) == is_met


def test_a_day_without_couriers_meets_no_closure(day):
    inputs = replace(day, fleet=replace(day.fleet, couriers={}), closures=(timed(at(5), None),))
    assert inputs.closures_met(at(6)) == ()


@pytest.fixture(scope="module")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def test_numbers_of_roads_mean_nothing_in_another_version_of_the_network(network):
    mine = timed(at(9), None, Closure(roads=(0,)), network.version)
    other = timed(at(9), None, Closure(roads=(0,)), "other")
    assert mine.fits(network)
    assert not other.fits(network)
    assert closed(network, [other]) is network
    assert closed(network, [mine]).version != network.version


def test_a_closure_of_another_extract_hides_none_of_the_others(network):
    strange = timed(at(9), None, Closure(osm_ways=(4711,)))
    near = timed(at(9), None, Closure(osm_ways=(1,)))
    assert closed(network, [strange, near]) is closed(network, [near])
    assert closed(network, [near]) is not network
