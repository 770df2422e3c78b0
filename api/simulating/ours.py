"""The policy `ours`: the service itself, driven over HTTP as a dispatcher's program and couriers' phones do."""

from __future__ import annotations

import time as real_time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, assert_never

import msgspec

from api.simulating.bodies import (
    closure_body,
    fleet_body,
    household_body,
    order_body,
    point_body,
    report_body,
)
from api.simulating.services import LOOK_EVERY_S, Service, ServiceFailed, told
from dispatch.fleet import CourierId
from dispatch.households import Registry
from dispatch.plan import Plan, Route
from dispatch.simulation.handing import announced_of, handed_of
from dispatch.simulation.telling import (
    Announced,
    CourierBack,
    CourierOut,
    CourierReport,
    Fact,
    Handed,
    OrdersAsked,
    OrderTakenBack,
    RoadReported,
)
from dispatch.simulation.truth import PastDemand, Scene

_BATCH: Final = 5_000
"""Records in one request. Chosen, not measured."""

_TOGETHER_S: Final = 300
"""Of a past day nothing is needed but when orders came, to a few minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """
    How plans are made.

    budget_s
        For each next version of the running day, where the service is inside this process.
    every_s
        The service is let look at the day so long after its last look, in the day's seconds; at once where more
        than a report was heard.
    """

    budget_s: float = 1.0
    morning_budget_s: float = 10.0
    seed: int = 1
    every_s: int = 120


class _RouteBody(msgspec.Struct):
    version: int
    route: Route


class Ours:
    """Sends what it hears, and takes over every version of the plan that the service makes of it."""

    def __init__(
        self,
        service: Service,
        scene: Scene,
        registry: Registry,
        planning: Planning,
        pasts: Sequence[PastDemand] = (),
    ) -> None:
        """`pasts` are days before that the service lives through first."""
        self._service = service
        self._scene = scene
        self._registry = registry
        self._planning = planning
        self._pasts = pasts
        self._query = {"depot": scene.day.depot_id, "day": scene.day.day.isoformat()}
        self._is_news = False
        self._looked_s = 0
        self._version = 0
        self._routes: dict[CourierId, tuple[str, Handed]] = {}

    def begin(self, asked: OrdersAsked) -> Announced:
        told(
            self._service,
            "PUT",
            "/v1/fleet",
            query=self._query,
            content=msgspec.json.encode(fleet_body(self._scene.fleet)),
        )
        registry = self._registry
        self._send("households", [household_body(each) for each in registry.households.values()])
        self._send("points", [point_body(each) for each in registry.points.values()])
        for past in self._pasts:
            self._live_through(past)
        self._service.at(self._moment(asked.at_s))
        self._send("orders", [order_body(each) for each in asked.orders])
        return self._plan(asked.at_s, self._planning.morning_budget_s)

    def hear(self, fact: Fact, now_s: int) -> None:
        self._service.at(self._moment(now_s))
        match fact:
            case OrdersAsked(orders=orders):
                self._send("orders", [order_body(each) for each in orders])
                self._is_news = True
            case OrderTakenBack(order_id=order_id):
                self._cancel(order_id)
                self._is_news = True
            case CourierReport():
                self._send("events", [report_body(fact, self._moment(fact.at_s).isoformat())])
            case CourierOut(courier_id=courier_id, is_sick=is_sick):
                self._take_out(courier_id, "sick" if is_sick else "breakdown")
                self._is_news = True
            case RoadReported(closed=closed):
                body = closure_body(closed, self._moment(closed.until_s).isoformat())
                told(self._service, "POST", "/v1/closures", query=self._query, json=body)
                self._is_news = True
            case CourierBack():
                pass  # no phone says so: the last pickup does
            case _:
                assert_never(fact)

    def settle(self, now_s: int) -> Announced | None:
        if not self._is_news and now_s < self._looked_s + self._planning.every_s:
            return None
        search, self._is_news, self._looked_s = self._is_news, False, now_s
        self._service.at(self._moment(now_s))
        self._service.settle(self._scene.day, budget_s=self._planning.budget_s, search=search)
        return self._in_force(now_s)

    def route_of(self, courier_id: CourierId) -> Handed | None:
        etag, known = self._routes.get(courier_id, ("", None))
        path = f"/v1/couriers/{courier_id}/route"
        headers = {"If-None-Match": etag} if etag else {}
        answer = self._service.ask("GET", path, query=self._query, headers=headers)
        if answer.status_code == 304:
            return known
        if answer.status_code == 404:
            return None
        if answer.is_error:
            raise ServiceFailed(f"GET {path} answered {answer.status_code}: {answer.text[:500]}")
        body = msgspec.json.decode(answer.content, type=_RouteBody)
        handed = handed_of(body.route, self._scene.clock, version=body.version)
        self._routes[courier_id] = (answer.headers["etag"], handed)
        return handed

    def _plan(self, now_s: int, budget_s: float) -> Announced:
        """Ask for a plan, wait for it, publish it."""
        self._is_news, self._looked_s = False, now_s
        wish = {"budget_s": budget_s, "seed": self._planning.seed}
        job = told(self._service, "POST", "/v1/plans", query=self._query, json=wish).json()
        while job["state"] in ("queued", "running"):
            real_time.sleep(LOOK_EVERY_S)
            job = told(self._service, "GET", f"/v1/jobs/{job['job_id']}").json()
        if job["state"] != "succeeded":
            raise ServiceFailed(f"planning ended {job['state']}: {job['code']} {job['message']}")
        path = f"/v1/plans/{job['plan_id']}"
        draft = told(self._service, "GET", path)
        etag = {"If-Match": draft.headers["etag"]}
        told(self._service, "POST", f"{path}/publish", headers=etag)
        announced = self._in_force(now_s)
        assert announced is not None, "published a moment ago"
        return announced

    def _in_force(self, now_s: int) -> Announced | None:
        """The version in force, if it is another than before."""
        current = told(self._service, "GET", "/v1/plans/current", query=self._query).json()
        if current["version"] == self._version:
            return None
        self._version = current["version"]
        found = told(self._service, "GET", f"/v1/plans/{current['plan_id']}")
        plan = msgspec.json.decode(found.content, type=Plan)
        return announced_of(plan, self._scene.clock, at_s=now_s, version=plan.version)

    def _take_out(self, courier_id: CourierId, reason: str) -> None:
        """Whoever brings what is on board is the world's affair: no courier of ours is to fetch it."""
        path = f"/v1/couriers/{courier_id}/handover"
        handed = told(
            self._service, "POST", path, query=self._query, json={"reason": reason}
        ).json()
        if handed["order"] is not None:
            self._cancel(handed["order"]["order_id"])

    def _live_through(self, past: PastDemand) -> None:
        """Send a past day's orders as they came, those of a few minutes together."""
        query = {**self._query, "day": past.clock.day.isoformat()}
        for told_s, wishes in groupby(
            past.wishes, key=lambda each: -(-each.told_at_s // _TOGETHER_S) * _TOGETHER_S
        ):
            self._service.at(past.clock.moment(told_s))
            self._send("orders", [order_body(each.order) for each in wishes], query)

    def _send(
        self,
        member: str,
        records: list[dict[str, object]],
        query: Mapping[str, str] | None = None,
    ) -> None:
        """Post them in batches; whatever is not taken is an error of ours."""
        for start in range(0, len(records), _BATCH):
            batch = records[start : start + _BATCH]
            answer = told(
                self._service,
                "POST",
                f"/v1/{member}",
                query=query or self._query,
                json={member: batch},
            ).json()
            refused = [each for each in answer["results"] if each["code"]]
            if refused:
                raise ServiceFailed(f"/v1/{member} refused {len(refused)}: {refused[0]}")

    def _cancel(self, order_id: str) -> None:
        """A word from the road may not have come through yet: then the order is closed already, or soon."""
        path = f"/v1/orders/{order_id}/cancel"
        answer = self._service.ask("POST", path, query=self._query, json={})
        if answer.is_error and answer.json().get("code") != "order-closed":
            raise ServiceFailed(f"POST {path} answered {answer.status_code}: {answer.text[:500]}")

    def _moment(self, at_s: int) -> datetime:
        return self._scene.clock.moment(at_s)
