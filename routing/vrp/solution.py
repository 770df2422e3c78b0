"""A solution: who makes which visits, in which order, and exactly when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledVisit:
    """
    One visit with its times, in seconds since day start.

    arrival_s, when the setup of the place is done ≤ begin_s (the difference is waiting or a break),
    begin_s + service_s = departure_s.
    """

    visit: int
    arrival_s: int
    begin_s: int
    departure_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Swapped:
    """A swap (its index) on the way to a trip's visit number `before`, counted from 0; one more than there are: on the way home."""

    before: int
    swap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """
    Depot to depot: never empty.

    dock_wait_s
        From the return until a dock is free; then it is unloaded, and over.
    swaps
        Sorted, at most one on the way to each visit and home.
    """

    leave_s: int
    visits: tuple[ScheduledVisit, ...]
    back_s: int
    dock_wait_s: int = 0
    swaps: tuple[Swapped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One used vehicle's shift; `break_starts_s` has one entry for each of the vehicle's breaks."""

    vehicle: int
    trips: tuple[Trip, ...]
    break_starts_s: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """
    Routes of the used vehicles, at most one each, ordered by vehicle; a visit in no route is unserved,
    unless another visit of its group is made.

    `cost` is what `routing.vrp.cost.cost` says of it, kept so that nobody adds it up again.
    """

    routes: tuple[Route, ...]
    unserved: tuple[int, ...]
    cost: int
