"""Questions 询问: what workers are asked to work out, answered once and forgotten after an hour."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from dispatch.closures import TimedClosure
from dispatch.fates import RoadFacts
from dispatch.inputs import DayInputs
from dispatch.plan import Plan
from dispatch.waves import WaveBody


class WhatIf(msgspec.Struct, frozen=True, kw_only=True, tag="what-if"):
    """
    How would the day be planned from `inputs`, beside `plan`, whose lines on the map are left out?

    With `facts` of the road `plan` is in force, and its rest is planned; without, the whole day.
    """

    inputs: DayInputs
    plan: Plan
    facts: RoadFacts | None = None
    budget_s: float
    seed: int
    made_at: datetime


class VroomBody(msgspec.Struct, frozen=True, kw_only=True, tag="vroom"):
    """What does VROOM's JSON in `text` ask for, over roads under `closures`? The budget is only for whoever waits."""

    text: str
    closures: tuple[TimedClosure, ...]
    budget_s: float


class Wave(msgspec.Struct, frozen=True, kw_only=True, tag="wave"):
    """Which requests of the body leave the depot now, and which wait? The body has the budget too."""

    body: WaveBody
    budget_s: float


Asked = WhatIf | VroomBody | Wave
"""
Every kind of question, told apart by its tag; each has a `budget_s`. To add one: name it here, and
answer it in `answering.answer`, where the type checker asks for it.
"""

_decoder: Final[msgspec.json.Decoder[Asked]] = msgspec.json.Decoder(Asked)


class Verdict(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """It makes no sense, by a named error."""
    FAILED = "failed"
    """We could not answer it."""


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept in place of an answer: a lasting code, and a sentence for people."""

    code: str
    message: str


class _Budget(msgspec.Struct):
    budget_s: float


def budget_of(body: bytes) -> float:
    """The seconds that a question states for its search, without reading the rest."""
    return msgspec.json.decode(body, type=_Budget).budget_s


def encode(asked: Asked) -> bytes:
    return msgspec.json.encode(asked)


def decode(body: bytes) -> Asked:
    return _decoder.decode(body)
