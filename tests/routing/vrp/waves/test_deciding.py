"""Deciding: small waves whose right answer is plain."""

from dataclasses import replace

import numpy as np
import pytest

from routing.vrp.problem import Window
from routing.vrp.waves.deciding import Why, decide
from routing.vrp.waves.statement import Coming, Past, Request, WaveProblem, WavesRefused

# A depot, a village 1,000 s away with two places, and a place 900 s away on the other side.
FAR = np.array(
    [[0, 1_000, 1_010, 900], [1_000, 0, 20, 1_900], [1_010, 20, 0, 1_900], [900, 1_900, 1_900, 0]],
    np.int32,
)
LATE = Window(0, 9_000)


def wave(*requests, **more):
    stated = {"durations_s": FAR, "capacity": 10, "leave_s": 0, "epoch_s": 3_600}
    return WaveProblem(**stated | {"epochs_left": 1, "requests": requests} | more)


def decided(problem, **more):
    return decide(problem, budget_s=20, **{"seed": 1, "iterations": 200} | more)


def neighbour_comes(share):
    """Ten scenarios, in so many of which a neighbour of place 1 comes with the next wave."""
    neighbour = (Coming(request=Request(place=2, demand=3, window=LATE), epoch=1),)
    return (neighbour,) * share + ((),) * (10 - share)


def test_what_can_wait_for_a_neighbour_that_will_come_waits():
    decision = decided(wave(Request(place=1, demand=3, window=LATE), scenarios=neighbour_comes(10)))

    assert decision.kept == (0,)
    assert decision.shares == (0.0,)
    assert decision.why == (Why.SCENARIOS,)
    assert decision.scenarios > 0


def test_what_loses_nothing_by_waiting_waits_even_if_nothing_comes():
    decision = decided(wave(Request(place=1, demand=3, window=LATE)))

    assert decision.kept == (0,)


def test_who_goes_along_with_what_must_go_and_would_be_alone_later_goes():
    must, along = Request(place=1, must_go=True), Request(place=2, demand=3, window=LATE)

    decision = decided(wave(must, along))

    (route,) = decision.routes
    assert sorted(halt.visit for halt in route.trip.visits) == [0, 1]
    assert decision.why == (Why.MUST_GO, Why.SCENARIOS)
    assert decision.shares == (None, 1.0)
    assert route.cost_s == decision.cost_s == 2_030


def test_who_would_take_the_place_of_nobody_goes_and_who_finds_better_company_waits():
    must = Request(place=3, must_go=True)
    waits = Request(place=1, demand=3, window=LATE)

    decision = decided(wave(must, waits, scenarios=neighbour_comes(10)))

    assert decision.kept == (1,)
    assert [halt.visit for route in decision.routes for halt in route.trip.visits] == [0]


def test_of_two_that_half_of_the_scenarios_send_the_one_left_alone_waits():
    # A line of places, all 1,000 s from the depot: what must go, north and south of it one of ours each,
    # and beside each of these a place where in half of the scenarios somebody comes.
    along = (None, 0, -300, 300, 320, -320)
    far = [[1_000 if None in (a, b) else abs(a - b) for a in along] for b in along]
    far[0][0] = 0
    must = Request(place=1, demand=4, must_go=True)
    ours = tuple(Request(place=place, demand=6, window=LATE) for place in (2, 3))
    scenarios = tuple(
        (Coming(request=Request(place=place, demand=4, window=LATE), epoch=1),) for place in (4, 5)
    )
    table = np.array(far, np.int32)

    decision = decided(wave(must, *ours, durations_s=table, scenarios=scenarios))

    assert decision.shares == (None, 0.5, 0.5)
    assert sorted(decision.why) == [Why.FITS_LATER, Why.MUST_GO, Why.SCENARIOS]
    assert decision.cost_s == 2_300
    assert len(decision.kept) == 1


def test_two_that_can_share_a_route_only_now_go_together():
    one, other = (Request(place=place, window=Window(0, 4_650), service_s=600) for place in (1, 2))

    decision = decided(wave(one, other))

    assert decision.why == (Why.SCENARIOS, Why.SCENARIOS)
    assert decision.shares == (1.0, 1.0)
    assert decision.cost_s == 2_030


def test_a_wave_that_is_the_last_sends_everything():
    requests = (Request(place=1, window=LATE), Request(place=3, release_s=5_000))

    decision = decided(wave(*requests, epochs_left=0))

    assert decision.kept == ()
    assert decision.why == (Why.LAST_WAVE, Why.LAST_WAVE)
    assert max(route.trip.leave_s for route in decision.routes) >= 5_000


def test_who_would_be_too_late_with_the_next_wave_goes():
    in_time, too_late = Window(0, 4_600), Window(0, 4_599)

    decision = decided(wave(Request(place=1, window=in_time), Request(place=2, window=too_late)))

    assert decision.why[1] is Why.LAST_CHANCE


def test_who_must_go_and_cannot_is_named():
    decision = decided(wave(Request(place=1, window=Window(0, 999), must_go=True)))

    assert decision.impossible == (0,)
    assert decision.routes == decision.kept == ()
    assert decision.why == (Why.IMPOSSIBLE,)


def test_who_is_not_released_before_the_next_wave_waits():
    decision = decided(wave(Request(place=1, release_s=3_600)))

    assert (decision.kept, decision.why) == ((0,), (Why.NOT_RELEASED,))


def test_a_route_leaves_when_the_last_of_its_requests_is_released():
    decision = decided(wave(Request(place=1, release_s=1_200, must_go=True)))

    (route,) = decision.routes
    assert route.trip.leave_s >= 1_200


def test_a_budget_too_short_for_any_scenario_is_answered_all_the_same():
    requests = tuple(Request(place=1 + n % 3, demand=1, window=LATE) for n in range(40))

    decision = decide(wave(*requests, scenarios=neighbour_comes(5)), budget_s=0.001, seed=1)

    assert len(decision.why) == 40
    assert decision.scenarios >= 1


def test_a_cancelled_decision_is_whole():
    past = Past(requests=(Request(place=2, demand=3, window=LATE),), per_epoch=10)
    requests = tuple(Request(place=1, demand=1, window=LATE) for _ in range(10))

    decision = decide(wave(*requests, past=past), budget_s=20, seed=1, cancelled=lambda: True)

    sent = sum(len(route.trip.visits) for route in decision.routes)
    assert sent + len(decision.kept) == 10


def test_a_statement_that_contradicts_itself_is_refused_with_all_clashes():
    reversed_ = Request(place=1, window=Window(9, 1), demand=11)

    with pytest.raises(WavesRefused) as refused:
        wave(reversed_, Request(place=4))

    assert {each.code for each in refused.value.clashes} == {
        "demand-above-capacity",
        "window-reversed",
        "place-unknown",
    }


def test_a_table_is_not_changed_by_who_asked_afterwards():
    problem = wave(Request(place=1))

    with pytest.raises(ValueError, match="read-only"):
        problem.durations_s[0, 1] = 5
    assert replace(problem, capacity=11).capacity == 11
