"""Running a simulated day: sets orders, mishaps and couriers going, and ends with the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

import simpy

from dispatch.errors import DispatchError
from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.simulation.chance import chance, waiting_s
from dispatch.simulation.demand import Wish
from dispatch.simulation.log import Brought, Log, Out, TakenBack
from dispatch.simulation.mishaps import RoadClosed
from dispatch.simulation.shift import Shift
from dispatch.simulation.telling import CourierOut, OrderTakenBack, Policy, RoadReported
from dispatch.simulation.truth import Truth
from dispatch.simulation.world import State, Waits, World

SETTLE_EVERY_S: Final = 300
"""A policy is asked at least so often whether it has something new; facts ask it at once. Chosen."""


class SimulationStopped(DispatchError):
    """Somebody asked to stop while the day was running."""

    code: ClassVar[str] = "simulation-stopped"


def run_day(
    truth: Truth,
    policy: Policy,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    stopped: Callable[[], bool] | None = None,
) -> Log:
    """
    The whole day under `policy`, to the last courier's return.

    `on_progress` hears the second of the day and how many orders are over. Whatever the policy raises
    is raised here.

    Raises
    ------
    SimulationStopped
    """
    world = World(truth, policy)
    world.begin()
    day = _Day(world, [])
    env, mishaps = world.env, truth.mishaps
    shifts = [
        Shift(world, courier)
        for courier in truth.scene.fleet.couriers.values()
        if courier.courier_id not in mishaps.sick_told_s
    ]
    living = [env.process(day.living(shift)) for shift in shifts]
    for shift, process in zip(shifts, living, strict=True):
        at_s = mishaps.breakdown_s.get(shift.courier.courier_id)
        if at_s is not None:
            env.process(day.breakdown(shift, process, at_s))
    for courier_id, told_s in mishaps.sick_told_s.items():
        env.process(day.sickness(courier_id, told_s))
    for wish in truth.wishes.values():
        if world.states[wish.order.order_id] is State.UNASKED:
            env.process(day.asking(wish))
        if wish.cancelled_at_s is not None:
            env.process(day.taking_back(wish, wish.cancelled_at_s))
    for closed in mishaps.closures:
        env.process(day.closing(closed))
    env.process(day.ticking(on_progress, stopped))
    try:
        env.run(env.all_of(living))
        env.run(env.all_of(day.rescues))
    except Exception:
        if world.failure is not None:
            raise world.failure from None
        raise
    return world.log


@dataclass(frozen=True, slots=True)
class _Day:
    world: World
    rescues: list[simpy.Process]

    def living(self, shift: Shift) -> Waits:
        try:
            yield from shift.live()
        except simpy.Interrupt:
            self._rescue(shift)

    def asking(self, wish: Wish) -> Waits:
        yield self._until(wish.told_at_s)
        self.world.tell(self.world.asked([wish]))

    def taking_back(self, wish: Wish, at_s: int) -> Waits:
        yield self._until(at_s)
        world, order_id = self.world, wish.order.order_id
        if world.states[order_id] is State.OPEN:
            world.states[order_id] = State.OVER
            world.note(TakenBack(at_s=world.now_s, order_id=order_id))
            world.tell(OrderTakenBack(at_s=world.now_s, order_id=order_id))

    def sickness(self, courier_id: CourierId, told_s: int) -> Waits:
        yield self._until(told_s)
        world = self.world
        world.note(Out(at_s=world.now_s, courier_id=courier_id, is_sick=True, on_board=()))
        world.tell(CourierOut(at_s=world.now_s, courier_id=courier_id, is_sick=True, on_board=()))

    def breakdown(self, shift: Shift, process: simpy.Process, at_s: int) -> Waits:
        yield self._until(at_s)
        if process.is_alive and shift.is_away:
            process.interrupt()

    def closing(self, closed: RoadClosed) -> Waits:
        yield self._until(closed.told_s)
        if self.world.now_s < closed.until_s:
            self.world.tell(RoadReported(at_s=self.world.now_s, closed=closed))

    def ticking(
        self,
        on_progress: Callable[[int, int], None] | None,
        stopped: Callable[[], bool] | None,
    ) -> Waits:
        while True:
            if stopped is not None and stopped():
                raise SimulationStopped("stopped before the day was over")
            if on_progress is not None:
                states = self.world.states.values()
                on_progress(self.world.now_s, sum(each is State.OVER for each in states))
            yield self.world.env.timeout(SETTLE_EVERY_S)
            self.world.settle()

    def _rescue(self, shift: Shift) -> None:
        """Take a broken vehicle out, and have what is on board brought to the depot."""
        world, courier_id = self.world, shift.courier.courier_id
        order_ids = tuple(each.order.order_id for each in shift.on_board)
        shift.step_back()
        world.note(Out(at_s=world.now_s, courier_id=courier_id, is_sick=False, on_board=order_ids))
        if order_ids:
            self.rescues.append(world.env.process(self._bringing(courier_id, order_ids)))
        world.tell(
            CourierOut(at_s=world.now_s, courier_id=courier_id, is_sick=False, on_board=order_ids)
        )

    def _bringing(self, courier_id: CourierId, order_ids: tuple[OrderId, ...]) -> Waits:
        world = self.world
        draw = chance(world.truth.seed, "rescue", courier_id)
        yield world.env.timeout(waiting_s(draw, world.truth.rates.rescue_s))
        world.note(Brought(at_s=world.now_s, courier_id=courier_id, order_ids=order_ids))

    def _until(self, at_s: int) -> simpy.Event:
        return self.world.env.timeout(max(0, at_s - self.world.now_s))
