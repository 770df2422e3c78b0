"""Versions: a plan kept, and handed from process to process, as what it changes of the one before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Protocol

import msgspec

from dispatch.days import DepotDay
from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.plan import Plan, plan_id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """
    A plan as it differs from version `onto`: of a day with 3,000 stops and one new order some 2 % of the plan.

    plan
        The plan with those of its routes, expected routes and promises that are others.
    courier_ids, expecting
        Whose routes and expected routes it has, in their order.
    untold
        Orders that were promised and are no more.
    """

    onto: int
    plan: Plan
    courier_ids: tuple[CourierId, ...]
    untold: tuple[OrderId, ...]
    expecting: tuple[CourierId, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionRow:
    """
    A version as it is stored: a plan as JSON, or where `onto` is not 0 a change of that version.

    `current` is the version in force; 0: none.
    """

    body: bytes
    etag: str
    onto: int
    current: int


class VersionSource(Protocol):
    async def version(self, day: DepotDay, version: int) -> VersionRow | None: ...


def numbered(plan: Plan, version: int) -> Plan:
    """The plan as that version of its day, its promises by order id."""
    promises = tuple(sorted(plan.promises, key=lambda each: each.order_id))
    plan_id = plan_id_of(plan.day, version)
    return replace(plan, version=version, plan_id=plan_id, promises=promises)


def change_between(before: Plan, after: Plan) -> PlanChange:
    """What makes `after`, its promises by order id, of `before`. What both share by identity is compared at once."""
    routes = {each.courier_id: each for each in before.routes}
    expected = {each.courier_id: each for each in before.expected}
    told = {each.order_id: each for each in before.promises}
    still = {each.order_id for each in after.promises}
    rest = replace(
        after,
        routes=tuple(each for each in after.routes if routes.get(each.courier_id) != each),
        expected=tuple(each for each in after.expected if expected.get(each.courier_id) != each),
        promises=tuple(each for each in after.promises if told.get(each.order_id) != each),
    )
    return PlanChange(
        onto=before.version,
        plan=rest,
        courier_ids=tuple(each.courier_id for each in after.routes),
        untold=tuple(each for each in told if each not in still),
        expecting=tuple(each.courier_id for each in after.expected),
    )


def changed(before: Plan, change: PlanChange) -> Plan:
    """The plan that `change` makes of `before`; whatever it leaves is the same object in both."""
    assert before.version == change.onto, "a change of another version"
    routes = {each.courier_id: each for each in (*before.routes, *change.plan.routes)}
    expected = {each.courier_id: each for each in (*before.expected, *change.plan.expected)}
    told = {each.order_id: each for each in (*before.promises, *change.plan.promises)}
    for order_id in change.untold:
        del told[order_id]
    return replace(
        change.plan,
        routes=tuple(routes[each] for each in change.courier_ids),
        expected=tuple(expected[each] for each in change.expecting),
        promises=tuple(told[each] for each in sorted(told)),
    )


async def read_version(
    source: VersionSource, day: DepotDay, version: int, *, known: Plan | None = None
) -> tuple[Plan, VersionRow] | None:
    """
    A plan of the day and its row; None: there is none.

    One hop for each change since the last whole plan, or since `known`, a version of the same day.
    """
    newest = row = await source.version(day, version)
    changes: list[PlanChange] = []
    while row is not None and row.onto:
        changes.append(_changes.decode(row.body))
        if known is not None and known.version == row.onto:
            break
        row = await source.version(day, row.onto)
    if newest is None or row is None:
        return None
    plan = known if row.onto and known is not None else _plans.decode(row.body)
    for change in reversed(changes):
        plan = changed(plan, change)
    return plan, newest


_plans: Final = msgspec.json.Decoder(Plan)
_changes: Final = msgspec.json.Decoder(PlanChange)
