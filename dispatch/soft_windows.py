"""Soft windows 弹性时段: windows that may be missed at a price for each minute, as steps that searches know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from dispatch.days import DayClock, TimeWindow
from dispatch.households import OpeningHours
from dispatch.inputs import DayInputs
from dispatch.orders import Order
from dispatch.pickup_times import DAY_S, at_own_place, common
from dispatch.plan import Missed
from routing.vrp.problem import Window

STEPS_MAX: Final = 4
STEP_LEAST_S: Final = 300
"""How much too early or late a pickup is counts in so many equal steps, none shorter than that, each at the price of
its end: a pickup may be priced one step too high, never too low. Each step is one more visit to search. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Softness:
    """What a minute outside the windows costs, and how many seconds it may be at most; None: not on that side."""

    early_fen_per_minute: int | None
    late_fen_per_minute: int | None
    most_s: int

    @property
    def step_s(self) -> int:
        """Whole minutes."""
        return max(STEP_LEAST_S, 60 * -(-self.most_s // (60 * STEPS_MAX)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Moments in which a pickup may begin, and what it costs that they are not those asked for."""

    windows: tuple[Window, ...]
    cost_fen: int = 0


def softness_of(order: Order, inputs: DayInputs) -> Softness | None:
    """
    What the order says, where it says nothing its household, else the depot.

    None: its windows are hard, as of what is dropped on the way, or it has none.
    """
    if not order.windows or order.drop is not None:
        return None
    depot, home = inputs.fleet.depot, None
    if order.household_id is not None:
        home = inputs.registry.households.get(order.household_id)
    early = _first(
        order.early_fen_per_minute,
        None if home is None else home.early_fen_per_minute,
        depot.window_early_fen_per_minute,
    )
    late = _first(
        order.late_fen_per_minute,
        None if home is None else home.late_fen_per_minute,
        depot.window_late_fen_per_minute,
    )
    most_s = _first(
        order.missed_max_s, None if home is None else home.missed_max_s, depot.window_missed_max_s
    )
    if (early is None and late is None) or not most_s or most_s <= 0:
        return None
    return Softness(early_fen_per_minute=early, late_fen_per_minute=late, most_s=most_s)


def _first(*stated: int | None) -> int | None:
    """The first that is stated."""
    return next((each for each in stated if each is not None), None)


def ways_of(order: Order, inputs: DayInputs, hours: Iterable[OpeningHours] = ()) -> tuple[Way, ...]:
    """
    When the order can be picked up where it waits: as it asks, then too early or late, the cheapest first.

    No moment is in two ways. What costs as much as leaving the order out is none.
    """
    hours = tuple(hours)
    asked = at_own_place(order, inputs, hours)
    ways = [Way(windows=asked)] if asked else []
    softness = softness_of(order, inputs)
    if softness is None:
        return tuple(ways)
    anytime = at_own_place(replace(order, windows=()), inputs, hours)
    taken = _seconds(order.windows, inputs.clock)
    for cost_fen, steps in _steps(taken, softness):
        if cost_fen >= inputs.fleet.depot.unserved_cost_fen:
            break
        left = common(anytime, _without(steps, taken))
        taken = _joined((*taken, *steps))
        if left and ways and cost_fen == ways[-1].cost_fen:
            ways[-1] = Way(windows=_joined((*ways[-1].windows, *left)), cost_fen=cost_fen)
        elif left:
            ways.append(Way(windows=left, cost_fen=cost_fen))
    return tuple(ways)


def missed_of(order: Order, inputs: DayInputs, begin_s: int) -> Missed | None:
    """
    How far from its nearest window the order's pickup begins then, at the price of the step in which that lies.

    None: inside a window, or none may be missed.
    """
    clock, softness = inputs.clock, softness_of(order, inputs)
    if softness is None:
        return None
    found: list[tuple[int, int, Missed]] = []
    for stated in order.windows:
        early_s = clock.seconds(stated.earliest_at) - begin_s
        late_s = begin_s - clock.seconds(stated.latest_at)
        by_s = max(early_s, late_s)
        if by_s <= 0:
            return None
        fen = softness.early_fen_per_minute if early_s > 0 else softness.late_fen_per_minute
        if fen is None or by_s > softness.most_s:
            continue
        step_s = min(-(-by_s // softness.step_s) * softness.step_s, softness.most_s)
        missed = Missed(
            order_id=order.order_id,
            earliest_at=stated.earliest_at.astimezone(clock.zone),
            latest_at=stated.latest_at.astimezone(clock.zone),
            early_s=max(0, early_s),
            late_s=max(0, late_s),
            cost_fen=fen * step_s // 60,
        )
        found.append((missed.cost_fen, by_s, missed))
    return min(found, key=lambda each: each[:2])[2] if found else None


def widened(order: Order, inputs: DayInputs) -> tuple[TimeWindow, ...]:
    """The order's windows with all that may be missed of them."""
    softness = softness_of(order, inputs)
    if softness is None:
        return order.windows
    most = timedelta(seconds=softness.most_s)
    early = timedelta() if softness.early_fen_per_minute is None else most
    late = timedelta() if softness.late_fen_per_minute is None else most
    wide: list[TimeWindow] = []
    for each in order.windows:
        opens_at, closes_at = each.earliest_at - early, each.latest_at + late
        if wide and opens_at <= wide[-1].latest_at:
            wide[-1] = TimeWindow(wide[-1].earliest_at, max(wide[-1].latest_at, closes_at))
        else:
            wide.append(TimeWindow(opens_at, closes_at))
    return tuple(wide)


def _seconds(windows: Iterable[TimeWindow], clock: DayClock) -> tuple[Window, ...]:
    return tuple(
        Window(clock.seconds(each.earliest_at), clock.seconds(each.latest_at)) for each in windows
    )


def _steps(
    windows: Sequence[Window], softness: Softness
) -> Iterator[tuple[int, tuple[Window, ...]]]:
    """Each step around all windows, early or late, with its price; the cheapest first."""
    ends_s = range(softness.step_s, softness.most_s + softness.step_s, softness.step_s)
    steps: dict[int, list[Window]] = {}
    for begins_s, end_s in ((end - softness.step_s, min(end, softness.most_s)) for end in ends_s):
        for window in windows:
            if (fen := softness.early_fen_per_minute) is not None:
                step = Window(window.earliest_s - end_s, window.earliest_s - begins_s - 1)
                steps.setdefault(fen * end_s // 60, []).append(step)
            if (fen := softness.late_fen_per_minute) is not None:
                step = Window(window.latest_s + begins_s + 1, window.latest_s + end_s)
                steps.setdefault(fen * end_s // 60, []).append(step)
    for cost_fen in sorted(steps):
        yield cost_fen, _joined(steps[cost_fen])


def _joined(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Sorted, those that overlap as one; what lies before the day is cut off."""
    return common(windows, (Window(0, DAY_S),))


def _without(windows: Iterable[Window], taken: Iterable[Window]) -> tuple[Window, ...]:
    """The moments of `windows` that are not in `taken`."""
    left = list(windows)
    for each in taken:
        left = [
            piece
            for window in left
            for piece in (
                Window(window.earliest_s, min(window.latest_s, each.earliest_s - 1)),
                Window(max(window.earliest_s, each.latest_s + 1), window.latest_s),
            )
            if piece.earliest_s <= piece.latest_s
        ]
    return tuple(left)
