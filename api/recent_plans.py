"""Plans read lately, so that a route dragged about on a map does not read a whole plan for every move."""

from __future__ import annotations

from typing import Final

from cachetools import LRUCache

from dispatch import operations
from dispatch.days import CompanyId
from dispatch.plan import Plan, PlanId
from dispatch.store import Store

_KEPT: Final = 4
"""As many as are edited at one moment (chosen). A plan of 3,000 orders is some 50,000 objects, which the garbage
collector walks now and then."""


class RecentPlans:
    """The last few plans of one process. A plan never changes once it has an id, so none is ever stale."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._plans: LRUCache[tuple[CompanyId, PlanId], Plan] = LRUCache(_KEPT)

    async def read(self, company_id: CompanyId, plan_id: PlanId) -> Plan:
        """The plan. Raises IdMalformed and PlanUnknown."""
        key = (company_id, plan_id)
        found = self._plans.get(key)
        if found is None:
            found = (await operations.read_plan(self._store, company_id, plan_id)).plan
            self._plans[key] = found
        return found
