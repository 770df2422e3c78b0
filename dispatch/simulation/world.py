"""The world of a simulated day: its clock, how its orders stand, and who is told what and when."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any, TypeAlias

import simpy

from dispatch.fleet import CourierId
from dispatch.simulation.chance import chance, waiting_s
from dispatch.simulation.demand import Wish
from dispatch.simulation.log import Asked, Entry, Heard, Log, Settled
from dispatch.simulation.promises import Ledger
from dispatch.simulation.telling import (
    Announced,
    CourierBack,
    CourierReport,
    Fact,
    Handed,
    OrdersAsked,
    Policy,
)
from dispatch.simulation.travel import Travel
from dispatch.simulation.truth import Truth

Waits: TypeAlias = Generator[simpy.Event, Any, None]


class State(Enum):
    UNASKED = auto()
    OPEN = auto()
    AT_DOOR = auto()
    """A courier stands there: nobody takes it back any more."""
    OVER = auto()


class World:
    """
    One day under one policy: what its processes share.

    news
        Happens when a new version is announced; then there is another one.
    failure
        What the policy raised.
    """

    def __init__(self, truth: Truth, policy: Policy) -> None:
        self.truth = truth
        self.policy = policy
        self.log = Log()
        self.promises = Ledger(truth.scene)
        self.states = dict.fromkeys(truth.wishes, State.UNASKED)
        self.env = simpy.Environment(initial_time=round(truth.rates.morning_s))
        self.travel = Travel(truth.scene.ground, truth.mishaps.closures, truth.rates, truth.seed)
        couriers = truth.scene.fleet.couriers
        stated = truth.scene.fleet.depot.docks
        docks = stated or max(1, round(len(couriers) / truth.rates.couriers_per_dock))
        self.docks = simpy.Resource(self.env, docks)
        self.news = self.env.event()
        self.failure: Exception | None = None
        self._unanswered_s: list[int] = []
        self._computing_s = 0.0

    @property
    def now_s(self) -> int:
        return int(self.env.now)

    def note(self, entry: Entry) -> None:
        self.log.entries.append(entry)

    def begin(self) -> None:
        """Have the policy plan what is known in the morning."""
        known = [each for each in self.truth.wishes.values() if each.told_at_s <= self.now_s]
        asked = self.asked(known)
        self.log.heard.append(Heard(announced=0, fact=asked))
        with self._asking_policy():
            announced = self.policy.begin(asked)
        self._announce(announced)

    def asked(self, wishes: list[Wish]) -> OrdersAsked:
        """The fact that these are asked for, which from now on they are."""
        for wish in wishes:
            self.states[wish.order.order_id] = State.OPEN
            self.note(Asked(at_s=self.now_s, order_id=wish.order.order_id))
        return OrdersAsked(
            at_s=self.now_s,
            orders=tuple(each.order for each in wishes),
            places=tuple(each.place for each in wishes),
        )

    def tell(self, fact: Fact) -> None:
        """Let the policy know, at once or when the phone has signal again."""
        delay_s = 0
        if isinstance(fact, CourierReport):
            draw = chance(self.truth.seed, "signal", fact.report_id)
            if draw.random() < self.truth.rates.signal_lost_share:
                delay_s = waiting_s(draw, self.truth.rates.signal_delay_s)
        if delay_s:
            self.env.process(self._later(fact, delay_s))
        else:
            self._hear(fact)

    def settle(self) -> None:
        """Ask the policy whether it has something new, and announce it."""
        with self._asking_policy():
            announced = self.policy.settle(self.now_s)
        if announced is not None:
            self._announce(announced)

    def route_of(self, courier_id: CourierId) -> Handed | None:
        """What the courier's phone shows."""
        with self._asking_policy(counts=False):
            return self.policy.route_of(courier_id)

    @contextmanager
    def _asking_policy(self, *, counts: bool = True) -> Iterator[None]:
        """Keep what it raises, for simpy would raise a copy or fail to; the time of new plans `counts`."""
        began_s = time.perf_counter()
        try:
            yield
        except Exception as failure:
            self.failure = failure
            raise
        finally:
            self._computing_s += (time.perf_counter() - began_s) * counts

    def _later(self, fact: Fact, delay_s: int) -> Waits:
        yield self.env.timeout(delay_s)
        self._hear(fact)

    def _hear(self, fact: Fact) -> None:
        self.log.heard.append(Heard(announced=len(self.log.announced), fact=fact))
        asks = not isinstance(fact, CourierReport | CourierBack)
        with self._asking_policy(counts=asks):
            self.policy.hear(fact, self.now_s)
        if asks:
            self._unanswered_s.append(fact.at_s)
        self.settle()

    def _announce(self, announced: Announced) -> None:
        self.log.announced.append(announced)
        self.log.settled.append(
            Settled(
                at_s=self.now_s,
                heard_s=tuple(self._unanswered_s),
                version=announced.version,
                computing_s=self._computing_s,
            )
        )
        self._unanswered_s, self._computing_s = [], 0.0
        self.promises.take(announced)
        before, self.news = self.news, self.env.event()
        before.succeed()
