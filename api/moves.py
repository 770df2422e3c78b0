"""Moves by hand over HTTP: orders given to other couriers, taken out, locked; taken back and made again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ConfigDict, Field, model_validator

from api.answers import PROBLEMS, as_json
from api.auth import Caller
from api.errors import ItemProblem, ItemsRefused
from api.fields import Strict, TextId
from api.plans import checked_plan
from api.requests import GuardedRoute, With
from dispatch import operations
from dispatch.fleet import CourierId
from dispatch.ids import day_of_plan
from dispatch.operations import Made, MovesBreak
from dispatch.orders import OrderId
from dispatch.plan import Plan, PlanId
from dispatch.route_table import RouteFigures
from dispatch.running.commands import (
    Command,
    CommandsRefused,
    Lock,
    MoveOrders,
    Unassign,
    Unlock,
)
from dispatch.running.moving import MoveViolation, RouteMoved
from dispatch.running.telling import OrderChange

router = APIRouter(route_class=GuardedRoute, tags=["plans"], responses=PROBLEMS)

COMMANDS_MAX: Final = 50
ORDERS_MAX: Final = 200
"""Of one command. More than anybody moves by hand, and few enough to be answered at once. Chosen."""


class StopIn(Strict):
    """A stop of the plan, with all its orders."""

    courier_id: TextId
    seq: Annotated[int, Field(ge=1, le=100_000)]


class _OfOrders(Strict):
    order_ids: Annotated[tuple[TextId, ...], Field(max_length=ORDERS_MAX)] = ()
    stop: StopIn | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if bool(self.order_ids) == (self.stop is not None):
            raise ValueError("name either order_ids or a stop")
        return self


class MoveIn(_OfOrders):
    """Have this courier come, whoever has the orders now (`move`) or nobody (`assign`)."""

    do: Literal["move", "assign"]
    courier_id: TextId
    after: TextId | None = None
    before: TextId | None = None
    lock: bool = True

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if self.after is not None and self.before is not None:
            raise ValueError("say either after or before which order")
        return self


class UnassignIn(_OfOrders):
    """Have nobody come until the orders are moved or unlocked."""

    do: Literal["unassign"]


class LockIn(_OfOrders):
    """Keep the orders with their courier; with `time`, at their time too."""

    do: Literal["lock"]
    time: bool = False


class UnlockIn(_OfOrders):
    do: Literal["unlock"]


class AgainIn(Strict):
    """Take the last moves back, or make again what was taken back last."""

    do: Literal["undo", "redo"]


_CommandIn = Annotated[MoveIn | UnassignIn | LockIn | UnlockIn | AgainIn, Field(discriminator="do")]


class MovesIn(Strict):
    """Commands, carried out one after the other and all or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "commands": [
                        {"do": "move", "order_ids": ["20261111-000123"], "courier_id": "c02"}
                    ],
                    "accept": ["lateness"],
                    "dry_run": True,
                }
            ]
        }
    )

    commands: Annotated[tuple[_CommandIn, ...], Field(min_length=1, max_length=COMMANDS_MAX)]
    accept: tuple[Literal["lateness", "overtime"], ...] = ()
    dry_run: bool = False

    @model_validator(mode="after")
    def _again_alone(self) -> Self:
        if len(self.commands) > 1 and any(isinstance(each, AgainIn) for each in self.commands):
            raise ValueError("undo and redo stand alone")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesAnswer:
    """
    What the commands come to.

    plan_id, version
        The version that has them, if `made`; else the plan that was looked at.
    fits
        Nothing stands against them, or all that does was accepted.
    change, routes
        What the day, and each route touched, then takes more than planned.
    changes
        Orders whose pickup is another, with what their households were and are to be told.
    """

    plan_id: PlanId
    version: int
    is_draft: bool
    made: bool
    move_id: str | None
    undoes: str | None
    redoes: str | None
    fits: bool
    change: RouteFigures
    routes: tuple[RouteMoved, ...]
    changes: tuple[OrderChange, ...]
    violations: tuple[MoveViolation, ...]


@router.post(
    "/plans/{plan_id}/moves",
    operation_id="make_moves",
    response_model=MovesAnswer,
    summary="Move, assign, unassign, lock or unlock orders by hand",
)
async def make_moves(plan_id: str, wish: MovesIn, deps: With, caller: Caller) -> Response:
    """
    On the plan in force it makes the next version, on a draft another draft. At once come cost and violations; `dry_run`
    changes nothing. What is locked stays with its courier in all later versions, until it is unlocked.
    """
    network = deps.roads.network
    checked = checked_plan(caller, plan_id)
    day, _ = day_of_plan(caller.company_id, checked)
    plan = await deps.plans.read(caller.company_id, checked)
    only = wish.commands[0]
    commands = only.do if isinstance(only, AgainIn) else _commands(wish, plan)

    async def act() -> Made:
        return await operations.make_moves(
            deps.store,
            network,
            caller.company_id,
            checked,
            commands,
            accept=wish.accept,
            dry_run=wish.dry_run,
            by=caller.author,
            at=deps.clock.now(),
        )

    try:
        if wish.dry_run:
            made = await act()
        else:
            async with deps.jobs.keeping(day):
                made = await act()
    except CommandsRefused as refused:
        raise ItemsRefused(
            refused.code,
            [
                ItemProblem(
                    pointer=f"/commands/{each.command}",
                    code=each.code,
                    detail=each.detail,
                    id=each.order_id,
                )
                for each in refused.problems
            ],
        ) from refused
    except MovesBreak as broken:
        raise ItemsRefused(broken.code, _problems(broken)) from broken
    moved = made.moved
    return as_json(
        MovesAnswer(
            plan_id=made.plan_id,
            version=made.version,
            is_draft=made.is_draft,
            made=made.move_id is not None,
            move_id=made.move_id,
            undoes=made.undoes,
            redoes=made.redoes,
            fits=moved.plan is not None,
            change=moved.change,
            routes=moved.routes,
            changes=moved.changes,
            violations=moved.violations,
        )
    )


def _problems(broken: MovesBreak) -> list[ItemProblem]:
    return [
        ItemProblem(
            pointer="/accept" if each.acceptable else "/commands",
            code=each.broken.rule,
            detail=each.broken.detail,
            id=", ".join(each.broken.order_ids) or each.broken.courier_id,
            advice=f"accept {each.acceptable!r} to have it so" if each.acceptable else "",
        )
        for each in broken.moved.violations
        if not each.accepted
    ]


def _commands(wish: MovesIn, plan: Plan) -> Sequence[Command]:
    """
    The commands, with orders in place of stops.

    Raises
    ------
    ItemsRefused
        The plan has no such stop.
    """
    stops = {
        (route.courier_id, stop.seq): stop.order_ids
        for route in plan.routes
        for stop in route.stops
    }
    problems: list[ItemProblem] = []
    commands: list[Command] = []
    for number, told in enumerate(wish.commands):
        assert not isinstance(told, AgainIn), "stands alone"
        order_ids = tuple(OrderId(each) for each in told.order_ids)
        if told.stop is not None:
            found = stops.get((CourierId(told.stop.courier_id), told.stop.seq))
            if found is None:
                detail = f"the route of {told.stop.courier_id} has no stop {told.stop.seq}"
                pointer = f"/commands/{number}/stop"
                problems.append(ItemProblem(pointer=pointer, code="stop-unknown", detail=detail))
                continue
            order_ids = found
        match told:
            case MoveIn():
                commands.append(
                    MoveOrders(
                        order_ids=order_ids,
                        courier_id=CourierId(told.courier_id),
                        after=None if told.after is None else OrderId(told.after),
                        before=None if told.before is None else OrderId(told.before),
                        lock=told.lock,
                    )
                )
            case UnassignIn():
                commands.append(Unassign(order_ids=order_ids))
            case LockIn():
                commands.append(Lock(order_ids=order_ids, at_time=told.time))
            case UnlockIn():
                commands.append(Unlock(order_ids=order_ids))
    if problems:
        raise ItemsRefused("moves-refused", problems)
    return commands
