"""Amounts over HTTP: a household has more or fewer parcels than it said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ConfigDict, model_validator

from api.answers import PROBLEMS, as_json
from api.auth import Caller
from api.fields import Count, Grams, Millilitres, Strict
from api.requests import Day, GuardedRoute, With
from dispatch import operations
from dispatch.amounts import Amount
from dispatch.order_answers import OrderAnswer, Verdict, queued
from dispatch.orders import OrderId

router = APIRouter(route_class=GuardedRoute, tags=["orders"], responses=PROBLEMS)


class AmountIn(Strict):
    """How much an order is now, in whatever of it has changed; weight and volume go with the pieces unless they are stated."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"pieces": 5, "weight_g": 12000}]})

    pieces: Count | None = None
    weight_g: Grams | None = None
    volume_ml: Millilitres | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.pieces is None and self.weight_g is None and self.volume_ml is None:
            raise ValueError("say pieces, weight_g or volume_ml")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountAnswer:
    """
    What the order was and is, and what its household is told.

    `stays` says that the same courier comes when it was told. Else `promised` is somebody else or another time, `options`
    would each let the order be picked up, and what is `queued` the plan's next version decides.
    """

    order_id: OrderId
    before: Amount
    after: Amount
    stays: bool
    answer: OrderAnswer


@router.put(
    "/orders/{order_id}/amount",
    operation_id="restate_amount",
    response_model=AmountAnswer,
    summary="Say that an order is more or less than was said",
)
async def restate_amount(
    order_id: str, told: AmountIn, deps: With, caller: Caller, day: Day
) -> Response:
    """
    Its courier still comes if the parcels fit and nobody else is later for it than was promised; else it is fitted in
    anew. After the pickup it is 409 `order-closed`: then what the courier scans counts. Sent again, it is the same.
    """
    now, meant = deps.clock.now(), OrderId(order_id)
    planned = await operations.planned_answer(deps.store, day, meant)
    async with deps.jobs.keeping(day):
        restated = await operations.restate_amount(
            deps.store,
            day,
            meant,
            pieces=told.pieces,
            weight_g=told.weight_g,
            volume_ml=told.volume_ml,
            by=caller.author,
            at=now,
        )
    answers = await operations.answer_orders(
        deps.store, deps.jobs, day, (meant,), at=deps.clock.now()
    )
    answer = (
        answers[0]
        if answers
        else queued(meant, "no-plan", "no plan is in force, or its day is over")
    )
    return as_json(
        AmountAnswer(
            order_id=meant,
            before=restated.before,
            after=restated.after,
            stays=planned is not None
            and answer.verdict is Verdict.PROMISED
            and _told(answer) == _told(planned),
            answer=answer,
        )
    )


def _told(answer: OrderAnswer) -> tuple[object, ...]:
    return (answer.courier_id, answer.earliest_at, answer.latest_at, answer.point_id)
