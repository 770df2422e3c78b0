"""The name of every key on the server. Nothing outside this package knows one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from dispatch.access import KeyId
from dispatch.days import CompanyId, DepotDay, DepotScope
from dispatch.ids import JobId, QuestionId, checked_depot_id, depot_of_question


@dataclass(frozen=True, slots=True)
class ScopeKeys:
    """
    Keys of a depot. Their hash tag `{company:depot}` keeps them on one node of a cluster.

    Raises
    ------
    IdMalformed
        Company or depot is no id: it could end the tag and point into another company.
    """

    scope: DepotScope

    def __post_init__(self) -> None:
        checked_depot_id(self.scope.company_id)
        checked_depot_id(self.scope.depot_id)

    @property
    def prefix(self) -> str:
        return f"cunlu:{{{self.scope.company_id}:{self.scope.depot_id}}}"

    @property
    def households(self) -> str:
        return f"{self.prefix}:households"

    @property
    def points(self) -> str:
        return f"{self.prefix}:points"

    @property
    def fleet(self) -> str:
        return f"{self.prefix}:fleet"

    @property
    def closures(self) -> str:
        """A hash, id -> JSON."""
        return f"{self.prefix}:closures"

    @property
    def webhooks(self) -> str:
        """A hash, id -> JSON."""
        return f"{self.prefix}:webhooks"

    @property
    def sender(self) -> str:
        """Who sends to the webhooks, for as long as it lives."""
        return f"{self.prefix}:sender"

    def webhook(self, webhook_id: str, part: str) -> str:
        """A hash of a webhook: `cursors` and `trying` by day, `dead` by message id."""
        return f"{self.prefix}:webhook:{webhook_id}:{part}"


class DayKeys:
    """
    Keys of a depot-day.

    orders      hash, id -> JSON          sequence       list of ids in order of creation
    words       hash, id -> what couriers say last       cancellations  hash, id -> the first one
    reports     hash, event id -> digest  stream         every event
    plans       hash: next, current, summary:VERSION     routes         hash: version, and see `route_fields`
    places      geo, courier ids                         positions      hash, courier id -> moment and JSON; both expire
    risks       hash, truck and courier -> whether at risk
    """

    __slots__ = (
        "cancellations",
        "orders",
        "places",
        "plans",
        "positions",
        "prefix",
        "reports",
        "risks",
        "routes",
        "scope",
        "sequence",
        "stream",
        "words",
    )

    def __init__(self, day: DepotDay) -> None:
        self.scope = ScopeKeys(day.scope)
        self.prefix = f"{self.scope.prefix}:{day.day.isoformat()}"
        self.orders = f"{self.prefix}:orders"
        self.sequence = f"{self.prefix}:sequence"
        self.words = f"{self.prefix}:words"
        self.cancellations = f"{self.prefix}:cancellations"
        self.reports = f"{self.prefix}:reports"
        self.stream = f"{self.prefix}:stream"
        self.risks = f"{self.prefix}:risks"
        self.plans = f"{self.prefix}:plans"
        self.places = f"{self.prefix}:places"
        self.positions = f"{self.prefix}:positions"
        self.routes = f"{self.prefix}:routes"

    def plan(self, version: int) -> str:
        return f"{self.prefix}:plan:{version}"

    def job(self, job_id: JobId) -> str:
        return f"{self.prefix}:job:{job_id}"


def route_fields(courier_id: str, *, masked: bool) -> tuple[str, str]:
    """Where a route's bytes and their etag lie in the hash of routes."""
    view = "masked" if masked else "full"
    return f"{view}:{courier_id}", f"{view}-etag:{courier_id}"


DEPOTS_WITH_WEBHOOKS: Final = "cunlu:depots-with-webhooks"
"""A set, COMPANY:DEPOT."""


def depots(company_id: CompanyId) -> str:
    return f"cunlu:company:{company_id}:depots"


def identity(key_id: KeyId) -> str:
    return f"cunlu:identity:{key_id}"


def answer(company_id: CompanyId, key: str) -> str:
    return f"cunlu:company:{company_id}:answer:{_short(key)}"


def question(company_id: CompanyId, question_id: QuestionId) -> str:
    """A question about a depot lies with the depot's keys, any other with the company's."""
    depot_id = depot_of_question(question_id)
    if depot_id is None:
        return f"cunlu:company:{company_id}:question:{question_id}"
    return f"{ScopeKeys(DepotScope(company_id, depot_id)).prefix}:question:{question_id}"


def _short(text: str) -> str:
    """Text of strangers, of any length and alphabet, as part of a key."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
