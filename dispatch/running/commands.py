"""Commands of a dispatcher who moves orders by hand, and what of them cannot be, whatever it would cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from dispatch.errors import DispatchError, meant
from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.plan import Stop
from dispatch.running.ahead import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOrders:
    """
    Have this courier come for these orders, whoever has them now or nobody.

    `after` and `before` are orders of that courier between which the first of them is put, the others behind it; without
    both, each goes where it costs least. With `lock` they stay with the courier.
    """

    order_ids: tuple[OrderId, ...]
    courier_id: CourierId
    after: OrderId | None = None
    before: OrderId | None = None
    lock: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Unassign:
    """Have nobody come for these orders, until they are moved or unlocked."""

    order_ids: tuple[OrderId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Keep orders with the courier who has them; with `at_time`, when they are planned too."""

    order_ids: tuple[OrderId, ...]
    at_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlock:
    order_ids: tuple[OrderId, ...]


Command = MoveOrders | Unassign | Lock | Unlock


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandProblem:
    """Why a command, by its number from 0, cannot be carried out; `code` is lasting."""

    command: int
    code: str
    detail: str
    order_id: str = ""


class CommandsRefused(DispatchError):
    """Commands that make no sense on this day; all that is wrong is told at once."""

    code: ClassVar[str] = "moves-refused"

    def __init__(self, problems: Sequence[CommandProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems[0].detail)


def problems_of(
    commands: Sequence[Command],
    situation: Situation,
    stops: Mapping[OrderId, tuple[CourierId, Stop]],
    settled: frozenset[OrderId],
) -> Iterator[CommandProblem]:
    """`stops` says who comes for each order by the plan, `settled` what moves no more."""
    fleet, facts = situation.inputs.fleet, situation.facts
    waiting = {each.order_id for each in situation.inputs.orders}
    for number, command in enumerate(commands):
        for order_id in command.order_ids:
            problem = None
            if order_id in facts.fates:
                problem = ("order-closed", f"order {order_id} is {facts.fates[order_id].status}")
            elif order_id not in waiting:
                problem = ("order-unknown", f"the day has no open order {order_id}")
            elif isinstance(command, MoveOrders | Unassign) and order_id in settled:
                detail = (
                    f"{stops[order_id][0]} is driving to order {order_id} or about to: it moves no more; "
                    "hand the courier over, or wait for the report"
                )
                problem = ("order-settled", detail)
            if problem is not None:
                code, detail = problem
                yield CommandProblem(command=number, code=code, detail=detail, order_id=order_id)
        if not isinstance(command, MoveOrders):
            continue
        if command.courier_id in facts.out:
            detail = f"courier {command.courier_id} is out: take the courier back first"
            yield CommandProblem(command=number, code="courier-out", detail=detail)
        elif command.courier_id not in fleet.couriers:
            near = meant(command.courier_id, fleet.couriers)
            detail = f"the fleet has no courier {command.courier_id!r}{near}"
            yield CommandProblem(command=number, code="courier-unknown", detail=detail)
