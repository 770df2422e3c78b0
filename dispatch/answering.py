"""Answering questions: each kind by its own rules, from what it states and the roads alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

import msgspec

from dispatch.comparing import Comparison, compare
from dispatch.planning import plan_day
from dispatch.questions import Asked, VroomBody, Wave, WhatIf
from dispatch.vroom import answer_body
from dispatch.waves import answer_wave
from routing.roads.network import RoadNetwork


def answer(asked: Asked, network: Callable[[], RoadNetwork]) -> bytes:
    """
    The answer as JSON; work for the processor, within the question's budget and some seconds more.

    `network` gives the roads, without closures, to those kinds that need them.

    Raises
    ------
    DispatchError, RoutingError
        The question has no answer.
    """
    match asked:
        case WhatIf():
            return msgspec.json.encode(_what_if(asked, network()))
        case VroomBody():
            return answer_body(asked, network)
        case Wave():
            return answer_wave(asked.body)
        case _:
            assert_never(asked)


def _what_if(asked: WhatIf, network: RoadNetwork) -> Comparison:
    other = plan_day(
        asked.inputs,
        network,
        budget_s=asked.budget_s,
        seed=asked.seed,
        made_at=asked.made_at,
        based_on=asked.plan.version,
        start=asked.plan,
        facts=asked.facts,
    )
    return compare(asked.plan, other)
