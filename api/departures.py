"""Departures over HTTP: a truck that leaves earlier, later or not at all today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Annotated, Self

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import ConfigDict, model_validator

from api.answers import PROBLEMS, as_json
from api.auth import Caller
from api.fields import Moment, Strict
from api.requests import Day, GuardedRoute, With
from dispatch import operations
from dispatch.timetable import TruckToday

router = APIRouter(route_class=GuardedRoute, tags=["the road"], responses=PROBLEMS)


class DepartureIn(Strict):
    """When the truck leaves today, or that it does not."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"leaves_at": "2026-11-11T12:05:00+08:00"}]}
    )

    leaves_at: Moment | None = None
    cancelled: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.cancelled == (self.leaves_at is not None):
            raise ValueError("say either leaves_at or cancelled: true")
        return self


@dataclass(frozen=True, slots=True)
class TruckList:
    departures: tuple[TruckToday, ...]


@router.get(
    "/departures",
    operation_id="list_departures",
    response_model=TruckList,
    summary="When the day's trucks leave",
)
async def list_departures(deps: With, day: Day) -> Response:
    """As the fleet has them, and as they leave on this day."""
    return as_json(TruckList(await operations.read_timetable(deps.store, day)))


@router.put(
    "/departures/{planned}",
    operation_id="change_departure",
    response_model=TruckList,
    summary="Have a truck leave at another time today, or not at all",
)
async def change_departure(
    planned: Annotated[time, Path(description="The time that the fleet states: `12:30`.")],
    told: DepartureIn,
    deps: With,
    caller: Caller,
    day: Day,
) -> Response:
    """
    The plan's next version, seconds later, is made for it; cut-offs of orders that name the truck move with it. The
    fleet and all other days stay as they are. The planned time takes it back.
    """
    async with deps.jobs.keeping(day):
        trucks = await operations.change_departure(
            deps.store,
            day,
            planned,
            leaves_at=told.leaves_at,
            by=caller.author,
            at=deps.clock.now(),
        )
    return as_json(TruckList(trucks))
