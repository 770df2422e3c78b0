"""Tempo 快慢: how many times their planned seconds drives and doors take today, learned from the day's own reports."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dispatch.fates import RoadFacts
from dispatch.fleet import CourierId
from dispatch.forecast import approaches, heard_at
from dispatch.plan import Plan, Route

SEEN_FROM_S: Final = 60
"""Of a shorter drive or door the ratio says little: phones report whole seconds, and people press late. Chosen."""

RATIO_MAX: Final = 3.0
"""A ratio beyond, or below its inverse, counts as this: something else has happened (a chat, a detour). Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """
    What is believed of a day before anything is heard; spreads are standard deviations of the logarithm.

    The mean ratio is 1: the plan's speeds and services are the company's own.
    """

    day_spread: float
    """Of the mean of a whole day."""
    courier_spread: float
    """Of a courier's mean about the day's."""
    single_spread: float
    """Of one drive or door about its courier's mean."""
    single_weight: int
    """Of so many drives or doors seen is `single_spread` worth."""


DRIVE_PRIOR: Final = Prior(
    day_spread=0.12, courier_spread=0.10, single_spread=0.22, single_weight=10
)
"""
Travel times over one road are log-normal about their mean (Rakha et al. 2006, Estimating path travel-time reliability,
IEEE ITSC) with coefficients of variation of some 0.2 on roads without signals. The rest is chosen, wider than the
simulated world's (dispatch/simulation/rates.toml), so that the first ranges of a day are too wide and not too narrow.
"""

DOOR_PRIOR: Final = Prior(
    day_spread=0.15, courier_spread=0.12, single_spread=0.45, single_weight=10
)
"""A door varies more than a drive: people are not there, parcels not packed, and one is heavier. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """
    How many times its planned seconds something takes: a log-normal ratio whose mean is itself not sure.

    mean, mean_spread
        Of the ratio's logarithm, and how sure we are of it.
    spread
        Standard deviation of the logarithm of one drive or door about that mean.
    seen
        Of this courier, today.
    """

    mean: float
    mean_spread: float
    spread: float
    seen: int

    @property
    def usual(self) -> float:
        """The median ratio."""
        return math.exp(self.mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierTempo:
    courier_id: CourierId
    drive: Tempo
    door: Tempo


def tempos(plan: Plan, facts: RoadFacts) -> Mapping[CourierId, CourierTempo]:
    """
    The tempo of every courier of `plan`, from what the stops of its routes have said so far. O(stops).

    Ratios of heard to planned seconds are normal in their logarithms, with a mean for the day, one for each
    courier about it, and single drives about that. Each mean is shrunk towards the one above it by how much was seen of
    it: best linear prediction with given variances, as in Bühlmann's credibility or the normal hierarchical
    model of Gelman et al., Bayesian Data Analysis (3rd ed.), section 5.4. The spread of single drives is
    the pooled one, beside the prior's as if that had been seen `single_weight` times.
    """
    drives = {route.courier_id: tuple(_drives(route, facts)) for route in plan.routes}
    doors = {route.courier_id: tuple(_doors(route, facts)) for route in plan.routes}
    driving, serving = _learned(drives, DRIVE_PRIOR), _learned(doors, DOOR_PRIOR)
    return {
        courier_id: CourierTempo(
            courier_id=courier_id, drive=driving[courier_id], door=serving[courier_id]
        )
        for courier_id in drives
    }


def _learned(seen: Mapping[CourierId, Sequence[float]], prior: Prior) -> Mapping[CourierId, Tempo]:
    own = {each: sum(ratios) / len(ratios) for each, ratios in seen.items() if ratios}
    about = sum((ratio - own[each]) ** 2 for each, ratios in seen.items() for ratio in ratios)
    freedom = sum(len(seen[each]) - 1 for each in own)
    variance = (prior.single_weight * prior.single_spread**2 + about) / (
        prior.single_weight + freedom
    )
    between = prior.courier_spread**2
    weights = {each: 1 / (between + variance / len(seen[each])) for each in own}
    certainty = sum(weights.values()) + 1 / prior.day_spread**2
    day = sum(weights[each] * own[each] for each in own) / certainty
    told: dict[CourierId, Tempo] = {}
    for courier_id, ratios in seen.items():
        trust = between / (between + variance / len(ratios)) if ratios else 0.0
        mean = day + trust * (own.get(courier_id, day) - day)
        mean_variance = between * (1 - trust) + (1 - trust) ** 2 / certainty
        told[courier_id] = Tempo(
            mean=mean,
            mean_spread=math.sqrt(mean_variance),
            spread=math.sqrt(variance),
            seen=len(ratios),
        )
    return told


def _drives(route: Route, facts: RoadFacts) -> Iterator[float]:
    """Logarithms of heard over planned, of drives between two stops with nothing to wait for."""
    arrivals = facts.arrivals.get(route.courier_id, {})
    for _, ways in approaches(route):
        for way in ways:
            planned_s = way.stop.leg.duration_s
            if way.follows is None or way.pause or way.waits or planned_s < SEEN_FROM_S:
                continue
            left_at = heard_at(way.follows, facts, arrivals).ended_at
            arrived_at = heard_at(way.stop, facts, arrivals).arrived_at
            if left_at is None or arrived_at is None or arrived_at <= left_at:
                continue  # made out of turn, or not told
            yield _ratio((arrived_at - left_at).total_seconds(), planned_s)


def _doors(route: Route, facts: RoadFacts) -> Iterator[float]:
    """The same of setup and pickup together, of stops that are over."""
    arrivals = facts.arrivals.get(route.courier_id, {})
    for _, ways in approaches(route):
        for way in ways:
            stop = way.stop
            planned_s = stop.setup_s + round((stop.depart_at - stop.begin_at).total_seconds())
            heard = heard_at(stop, facts, arrivals)
            if way.waits or planned_s < SEEN_FROM_S or heard.arrived_at is None:
                continue
            if heard.ended_at is None or not all(each in facts.fates for each in stop.order_ids):
                continue
            yield _ratio((heard.ended_at - heard.arrived_at).total_seconds(), planned_s)


def _ratio(heard_s: float, planned_s: float) -> float:
    return math.log(min(RATIO_MAX, max(1 / RATIO_MAX, heard_s / planned_s)))
