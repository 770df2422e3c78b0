"""The address queue: what nobody could place, with what it may mean, until a person answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from dispatch.days import DepotDay, DepotScope
from dispatch.errors import DispatchError
from dispatch.gazetteer import (
    CANDIDATES_SHOWN,
    AddressQuestion,
    Candidate,
    Gazetteer,
    Locator,
    Match,
    Unclear,
)
from dispatch.households import Household, HouseholdId, Registry
from dispatch.intake.registry import ALIASES_MAX
from dispatch.operations.orders import open_orders, place_order
from dispatch.operations.registry import change_registry, read_registry
from dispatch.orders import Order, OrderId, OrderRecord
from dispatch.store import Store
from routing.places import Place


class HouseholdUnknown(DispatchError):
    """The registry has no household of this id."""

    code: ClassVar[str] = "household-unknown"

    def __init__(self, household_id: str) -> None:
        self.household_id = household_id
        super().__init__(f"the registry has no household {household_id!r}: check the id")


class PointUnknown(DispatchError):
    """The registry has no collection point of this id."""

    code: ClassVar[str] = "point-unknown"

    def __init__(self, point_id: str) -> None:
        self.point_id = point_id
        super().__init__(f"the registry has no collection point {point_id!r}: check the id")


async def read_questions(
    store: Store, day: DepotDay, locator: Locator | None
) -> tuple[AddressQuestion, ...]:
    """
    What a person must answer before the day can be planned whole: orders first, then households.

    Candidates are those of the registry as it is now, and what the geocoder answered when it was
    asked; nobody is asked anew.
    """
    registry = await read_registry(store, day.scope)
    orders = await open_orders(store, day)
    return await asyncio.to_thread(lambda: tuple(_questions(orders, registry, locator)))


def _questions(
    orders: Sequence[Order], registry: Registry, locator: Locator | None
) -> Iterator[AddressQuestion]:
    asking = [order for order in orders if order.unclear]
    if asking:
        gazetteer = Gazetteer(registry)
        for order in asking:
            found = gazetteer.find(order.address)
            if isinstance(found, Match):  # the registry has learnt it since
                found = AddressQuestion(
                    text=order.address,
                    reason=Unclear.UNKNOWN,
                    detail="the registry knows one such place by now",
                    candidates=(_candidate(found, registry),),
                )
            yield replace(_with_recalled(found, locator), order_id=order.order_id)
    for household in registry.households.values():
        if household.place is None:
            text = f"{household.village}{household.address}"
            question = AddressQuestion(
                text=text,
                reason=Unclear.UNKNOWN,
                detail="the household has no coordinates yet",
                household_id=household.household_id,
            )
            yield _with_recalled(question, locator)


def _candidate(found: Match, registry: Registry) -> Candidate:
    if found.point_id is not None:
        title = registry.points[found.point_id].name
    else:
        assert found.household_id is not None, "a match is a household or a point"
        household = registry.households[found.household_id]
        title = f"{household.village} {household.name}".strip()
    return Candidate(
        title=title, household_id=found.household_id, point_id=found.point_id, place=found.place
    )


def _with_recalled(question: AddressQuestion, locator: Locator | None) -> AddressQuestion:
    """`question` with the candidates that the geocoder once gave."""
    recalled = None if locator is None else locator.recall(question.text)
    if recalled is None:
        return question
    if isinstance(recalled, Place):
        candidates: tuple[Candidate, ...] = (Candidate(title=question.text, place=recalled),)
    else:
        candidates = recalled.candidates
        question = replace(question, reason=recalled.reason, detail=recalled.detail)
    shown = (*question.candidates, *candidates)[:CANDIDATES_SHOWN]
    return replace(question, candidates=shown)


async def answer_order(
    store: Store,
    day: DepotDay,
    order_id: OrderId,
    answer: Match | Place,
    *,
    remember: bool,
    by: str,
    at: datetime,
) -> OrderRecord:
    """
    Place an order where a person says; with `remember` its words become a name of that household.

    Raises
    ------
    HouseholdUnknown, PointUnknown
        The registry has no such household or point.
    OrderUnknown, OrderPlacedAlready, PlaceUnknown
        See `place_order`.
    """
    registry = await read_registry(store, day.scope)
    if isinstance(answer, Match):
        answer = _known(answer, registry)
    record = await place_order(store, day, order_id, answer, by=by, at=at)
    if remember and isinstance(answer, Match) and answer.household_id is not None:
        household = registry.households[answer.household_id]
        words = record.order.address
        if words and words not in household.aliases and len(household.aliases) < ALIASES_MAX:
            learned = replace(household, aliases=(*household.aliases, words))
            await change_registry(store, day.scope, (learned,), (), by=by, at=at)
    return record


def _known(answer: Match, registry: Registry) -> Match:
    """`answer` with the place that the registry has for it."""
    if answer.point_id is not None:
        if answer.point_id not in registry.points:
            raise PointUnknown(answer.point_id)
        return Match(point_id=answer.point_id, place=registry.points[answer.point_id].place)
    assert answer.household_id is not None, "a match is a household or a point"
    if answer.household_id not in registry.households:
        raise HouseholdUnknown(answer.household_id)
    place = registry.households[answer.household_id].place
    return Match(household_id=answer.household_id, place=place)


async def locate_household(
    store: Store,
    scope: DepotScope,
    household_id: HouseholdId,
    place: Place,
    *,
    by: str,
    at: datetime,
) -> Household:
    """
    Say where a household lies; its waiting orders are planned there from now on.

    Raises
    ------
    HouseholdUnknown
        The registry has no such household.
    """
    registry = await read_registry(store, scope)
    if household_id not in registry.households:
        raise HouseholdUnknown(household_id)
    located = replace(registry.households[household_id], place=place)
    await change_registry(store, scope, (located,), (), by=by, at=at)
    return located
