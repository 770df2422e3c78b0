"""ETAs 预计到达: when each open order's pickup will begin, as a range that the day's own delays have made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from dispatch.days import DepotDay
from dispatch.fates import RoadFacts
from dispatch.fleet import CourierId
from dispatch.forecast import StopState, forecast
from dispatch.orders import OrderId
from dispatch.plan import Plan, PlanId, Promise, Route, Stop
from dispatch.tempo import CourierTempo, Tempo, tempos

DRAWS: Final = 200
"""Days drawn for each route: a P90 then lies within some 10 % of the spread of what more draws would say."""

UNHEARD_MIN: Final = DRAWS // 20
"""Fewer days on which a courier is still on the way are no basis for saying when it comes. Chosen."""

SEED: Final = 20_061_117
"""Any: the same for every look, so that a range moves by what was heard and by nothing else."""

Seconds = NDArray[np.float64]
"""Seconds from now, one for each draw. Shape (DRAWS,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eta:
    """
    When the pickup of an open order begins.

    p10_at, p50_at, p90_at
        By then it has begun on so many of a hundred days that go on as this one has gone so far. Nobody reports the begin
        itself: where the courier stands at the door, it may be over.
    earliest_at, latest_at
        What its household was told; None: nothing yet.
    at_risk
        It may begin after what was told: `p90_at` is later than `latest_at`.
    """

    order_id: OrderId
    courier_id: CourierId
    seq: int
    village: str
    state: StopState
    planned_at: datetime
    p10_at: datetime
    p50_at: datetime
    p90_at: datetime
    earliest_at: datetime | None
    latest_at: datetime | None
    at_risk: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """
    The tempo that a courier's ranges are made of.

    drive, door
        The usual times of the planned seconds, today.
    drives_seen, doors_seen
        From how many of this courier.
    """

    courier_id: CourierId
    drive: float
    door: float
    drives_seen: int
    doors_seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EtaList:
    """`as_of` is the stream id of the last event that is included."""

    day: DepotDay
    plan_id: PlanId | None
    version: int
    now_at: datetime
    as_of: str
    etas: tuple[Eta, ...]
    tempos: tuple[Learned, ...]


class InDraws:
    """
    Many days at once: each drive and door takes its planned seconds times a draw of its courier's tempo.

    A slow day or courier is slow in all drives that are left, so their lateness adds up; what is one drive's
    own evens out. Marginals are stratified, so that few draws do. Waits are taken draw by draw, which sums of means and variances
    cannot (Clark 1961, The greatest of a finite set of random variables, is the approximation that this is not).
    """

    def __init__(self, tempo: CourierTempo, now: datetime) -> None:
        self._now = now
        self._drive, self._door = tempo.drive, tempo.door
        self._drive_mean = np.exp(tempo.drive.mean + tempo.drive.mean_spread * _normal(0))
        self._door_mean = np.exp(tempo.door.mean + tempo.door.mean_spread * _normal(1))

    def at(self, moment: datetime) -> Seconds:
        return np.full(DRAWS, (moment - self._now).total_seconds())

    def driven(self, since: Seconds, planned_s: int, stop: Stop) -> Seconds:
        return since + planned_s * self._drive_mean * _single(self._drive, 2 * stop.seq)

    def at_door(self, since: Seconds, planned: timedelta, stop: Stop) -> Seconds:
        """Setup and pickup of a stop are slow together: they are learned as one."""
        times = self._door_mean * _single(self._door, 2 * stop.seq + 1)
        return since + planned.total_seconds() * times

    def passed(self, since: Seconds, span: timedelta) -> Seconds:
        return since + span.total_seconds()

    def later(self, one: Seconds, other: Seconds) -> Seconds:
        return np.maximum(one, other)

    def unheard(self, predicted: Seconds, now: datetime) -> Seconds:
        """
        Days on which it would have happened by now are left out, and the others spread over their number.

        Else whoever is overdue would always be about to come, though long drives and doors are those that one finds
        under way. Where hardly a day is left, the phone is rather off line than the courier on the way: any moment now.
        """
        now_s = (now - self._now).total_seconds()
        late = np.sort(predicted[predicted > now_s])
        if late.size in (0, DRAWS) or late.size < UNHEARD_MIN:
            return np.maximum(predicted, now_s)
        # Each day takes the place in what is left that it had before: a slow one stays slow.
        places = predicted.argsort().argsort() * ((late.size - 1) / (DRAWS - 1))
        told: Seconds = np.interp(places, np.arange(late.size), late)
        return told


def etas(
    plan: Plan, facts: RoadFacts, *, now: datetime, courier_id: CourierId | None = None
) -> tuple[Iterator[Eta], tuple[Learned, ...]]:
    """
    The range of every order of `plan` that is open, courier by courier in the order of their stops; those of one, if
    `courier_id` is told.

    The board's forecast (`dispatch/forecast.py`) walked over DRAWS days, each with a tempo of its own (`dispatch/tempo.py`): from where
    the courier was last heard of, along the planned legs, breaks and waits. What is not drawn: a new
    version of the plan, a closed road, a breakdown. O(stops): some 70 ms for 1,000 stops (one of two busy cores, 2026-11-26).
    """
    tempo = tempos(plan, facts)
    promises = {each.order_id: each for each in plan.promises}
    routes = [each for each in plan.routes if courier_id in (None, each.courier_id)]
    found = (
        each
        for route in routes
        for each in _of_route(route, plan, facts, tempo[route.courier_id], promises, now=now)
    )
    return found, tuple(_learned(tempo[each.courier_id]) for each in routes)


def _of_route(
    route: Route,
    plan: Plan,
    facts: RoadFacts,
    tempo: CourierTempo,
    promises: dict[OrderId, Promise],
    *,
    now: datetime,
) -> Iterator[Eta]:
    told = forecast(route, facts, InDraws(tempo, now), now=now, plan=plan)
    ahead = [each for each in told.stops if each.state in (StopState.PLANNED, StopState.ARRIVED)]
    if not ahead:
        return
    second = now.replace(microsecond=0)
    quantiles = np.quantile(np.stack([each.begin for each in ahead]), (0.1, 0.5, 0.9), axis=1)
    for each, range_s in zip(ahead, quantiles.T.tolist(), strict=True):
        p10_at, p50_at, p90_at = (second + timedelta(seconds=round(value)) for value in range_s)
        for order_id in each.stop.order_ids:
            if order_id in facts.fates:
                continue  # over already, at a stop that is not
            promise = promises.get(order_id)
            yield Eta(
                order_id=order_id,
                courier_id=route.courier_id,
                seq=each.stop.seq,
                village=each.stop.village,
                state=each.state,
                planned_at=each.stop.begin_at,
                p10_at=p10_at,
                p50_at=p50_at,
                p90_at=p90_at,
                earliest_at=None if promise is None else promise.earliest_at,
                latest_at=None if promise is None else promise.latest_at,
                at_risk=promise is not None and p90_at > promise.latest_at,
            )


def _learned(tempo: CourierTempo) -> Learned:
    return Learned(
        courier_id=tempo.courier_id,
        drive=round(tempo.drive.usual, 3),
        door=round(tempo.door.usual, 3),
        drives_seen=tempo.drive.seen,
        doors_seen=tempo.door.seen,
    )


def _single(tempo: Tempo, number: int) -> Seconds:
    return np.exp(tempo.spread * _normal(2 + number))


@cache
def _normal(number: int) -> Seconds:
    """Standard normal draws of a name: DRAWS strata, one draw at the middle of each, in an order of their own."""
    order = np.random.default_rng((SEED, number)).permutation(DRAWS)
    draws: Seconds = ndtri((order + 0.5) / DRAWS)
    draws.setflags(write=False)
    return draws
