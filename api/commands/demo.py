"""`cunlu demo`: a whole day on this machine, from files to a live board."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import hashlib
import io
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as wall_time
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

import httpx
import msgspec
import typer

from api.commands.console import AsJson, note, print_json, print_table, progress
from api.serving import listen
from dispatch import operations
from dispatch.access import Role
from dispatch.clock import ScaledClock
from dispatch.days import CompanyId, DepotId
from dispatch.demo import Crew, DemoDay, write_demo_day
from dispatch.errors import DispatchError
from dispatch.events import CourierEvent
from dispatch.exports import Summary, summary
from dispatch.plan import Plan, Route
from dispatch.server import running_server
from dispatch.store import Store
from routing.roads.network import RoadNetwork

app = typer.Typer()

_HOST: Final = "127.0.0.1"
_STARTS: Final = wall_time(7, 30)
"""The demo's clock shows this when the servers start: half an hour before the first shift."""
_STEP_S: Final = 0.5
_CSV: Final = {"Content-Type": "text/csv"}
_PATIENCE_S: Final = 120.0
"""The API must answer within this; the first start on a machine compiles for a while."""
_LATER_SHARE: Final = 0.2
_LATER_FROM: Final = wall_time(10)
_LATER_BEFORE: Final = timedelta(minutes=45)
"""Of the orders that are ready from then on, so many come while the day runs, so long before they are ready. Chosen."""
_BREAKS_DOWN_AT: Final = wall_time(11, 20)
"""The vehicle with most left to do."""


class DemoFailed(DispatchError):
    """A part of the demo did not do what it should."""

    code: ClassVar[str] = "demo-failed"

    def __init__(self, what: str, log: Path | None = None) -> None:
        told = ""
        if log is not None and log.exists():
            told = "\n" + "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:])
        super().__init__(f"{what}{told}")


@app.callback()
def group() -> None:
    """The demo."""


@app.command("demo")
def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Print the day's figures and end.")] = False,
    households: Annotated[int, typer.Option(help="Sellers in the registry.")] = 600,
    orders: Annotated[int, typer.Option(help="Orders of the day.")] = 300,
    couriers: Annotated[int, typer.Option(help="Couriers of the fleet.")] = 10,
    seed: Annotated[int, typer.Option(help="Same seed, same day.")] = 1,
    osm: Annotated[
        Path | None, typer.Option(help="Extract whose real roads to use; else a synthetic county.")
    ] = None,
    budget: Annotated[float, typer.Option(min=0.5, max=600, help="Seconds of search.")] = 10,
    speed: Annotated[float, typer.Option(min=1, max=600, help="How fast the day plays.")] = 60,
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    data_dir: Annotated[Path, typer.Option(help="Everything is kept here.")] = Path(".cunlu"),
    as_json: AsJson = False,
) -> None:
    """
    Play a day on this machine.

    Writes a demo day, builds its roads, starts store, API and a worker, imports, plans and publishes
    through the API, prints the board's address, then plays the day until Ctrl-C, which stops all.

    Example: `cunlu demo --orders 300 --couriers 10 --speed 60`
    """
    # Asked to end in whatever way, all that was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stage = data_dir.resolve() / "demo"
    stage.mkdir(parents=True, exist_ok=True)
    with progress("demo day") as tell:
        day = write_demo_day(
            stage / "day",
            households=households,
            orders=orders,
            couriers=couriers,
            seed=seed,
            day=datetime.now(ZoneInfo("Asia/Shanghai")).date(),
            osm=osm,
        )
        tell("roads")
        network = _network(day, stage)
    with ExitStack() as stack:
        tell = stack.enter_context(progress("servers"))
        running = stack.enter_context(_servers(day, network, data_dir, stage, port, speed))
        tell("orders")
        known, later = (day.orders_csv.read_bytes(), []) if once else _split(day, seed)
        plan = running.prepare(day, known, budget_s=budget, seed=seed)
        told = summary(plan)
        if as_json:
            print_json(told)
        else:
            _print(day, told)
        if once:
            return
        _invite(running, plan)
        with contextlib.suppress(KeyboardInterrupt):
            running.play(Crew(seed), later)
        note("stopping …")


def _network(day: DemoDay, stage: Path) -> Path:
    """The network of the day's roads, built once for each extract."""
    digest = hashlib.sha256(day.roads.read_bytes()).hexdigest()[:16]
    path = stage / f"{digest}.network"
    if not path.exists():
        RoadNetwork.build(day.roads, profiles=("trike", "van")).save(path)
    return path


def _print(day: DemoDay, told: Summary) -> None:
    print_table(
        f"{day.depot_id} {day.day}",
        ("", "figure"),
        [
            ("orders", told.orders),
            ("served", told.served),
            *((f"unserved: {reason}", count) for reason, count in told.unserved.items()),
            ("couriers on the road", told.couriers),
            ("stops", told.stops),
            ("kilometres", told.km),
            ("hours", told.hours),
            ("cost, yuan", told.cost_yuan),
            ("ground shared by couriers, %", told.overlap_percent),
            (
                "least slack to a truck, minutes",
                "–" if told.least_slack_min is None else told.least_slack_min,
            ),
        ],
    )


def _invite(running: _Running, plan: Plan) -> None:
    typer.echo(f"\nboard    {running.base}/#key={running.dispatcher}")
    if plan.routes:
        key = running.key(Role.COURIER, plan.routes[0].courier_id)
        typer.echo(f"courier  {running.base}/c#key={key}")
    points = (stop.point_id for route in plan.routes for stop in route.stops if stop.point_id)
    if point_id := next(points, None):
        typer.echo(f"point    {running.base}/p#key={running.key(Role.POINT, point_id)}")
    typer.echo("Ctrl-C ends it.")


@dataclass(slots=True)
class _Running:
    """The API as the demo's dispatcher sees it."""

    base: str
    url: str
    company_id: CompanyId
    depot_id: DepotId
    dispatcher: str
    clock: ScaledClock
    client: httpx.Client
    parts: dict[str, tuple[subprocess.Popen[bytes], Path]]
    query: dict[str, str]

    def prepare(self, day: DemoDay, orders_csv: bytes, *, budget_s: float, seed: int) -> Plan:
        """Import the day's files, plan and publish, as any client would."""
        self.call("PUT", "/v1/fleet", content=day.fleet_toml.read_bytes())
        self.call("POST", "/v1/households", content=day.households_csv.read_bytes(), headers=_CSV)
        self.call("POST", "/v1/orders", content=orders_csv, headers=_CSV)
        job = self.call("POST", "/v1/plans", json={"budget_s": budget_s, "seed": seed}).json()
        while job["state"] in ("queued", "running"):
            self.check_parts()
            time.sleep(_STEP_S)
            job = self.call("GET", f"/v1/jobs/{job['job_id']}").json()
        if job["state"] != "succeeded":
            raise DemoFailed(f"planning ended {job['state']}: {job['code']} {job['message']}")
        path = f"/v1/plans/{job['plan_id']}"
        draft = self.call("GET", path)
        self.call("POST", f"{path}/publish", headers={"If-Match": draft.headers["etag"]})
        return msgspec.json.decode(draft.content, type=Plan)

    def play(self, crew: Crew, later: list[_Later]) -> None:
        """
        Drive whatever version of the plan is in force, report, send orders that come later; until Ctrl-C.

        One vehicle breaks down, and the day must do without it.
        """
        waiting = sorted(later, key=lambda each: each.at)
        broken = False
        is_over = False
        while True:
            self.check_parts()
            now = self.clock.now()
            plan = msgspec.json.decode(self.call("GET", "/v1/plans/current").content, type=_Current)
            found = self.call("GET", f"/v1/plans/{plan.plan_id}")
            in_force = msgspec.json.decode(found.content, type=Plan)
            self.report(crew.drive(in_force, now))
            while waiting and waiting[0].at <= now:
                self.call("POST", "/v1/orders", content=waiting.pop(0).body, headers=_CSV)
            zone = self.clock.starts_at.tzinfo
            if not broken and now.astimezone(zone).time() >= _BREAKS_DOWN_AT:
                broken = True
                self.break_down(in_force, now)
            last_back_at = max((route.trips[-1].back_at for route in in_force.routes), default=now)
            if not is_over and not waiting and now > last_back_at + timedelta(hours=1):
                is_over = True
                note("the day is over; the board stays until Ctrl-C")
            time.sleep(_STEP_S)

    def report(self, events: list[CourierEvent]) -> None:
        told = []
        for event in events:
            record = msgspec.to_builtins(event)
            del record["by"]
            told.append({name: value for name, value in record.items() if value != ""})
        if told:
            self.call("POST", "/v1/events", json={"events": told})

    def break_down(self, plan: Plan, now: datetime) -> None:
        def ahead(route: Route) -> int:
            return sum(stop.begin_at > now for stop in route.stops)

        unlucky = max(plan.routes, key=ahead, default=None)
        if unlucky is not None:
            path = f"/v1/couriers/{unlucky.courier_id}/handover"
            self.call("POST", path, json={"reason": "breakdown"})
            note(f"courier {unlucky.courier_id} breaks down; others take over")

    def key(self, role: Role, subject: str) -> str:
        """A key for one courier, or for the keeper of one point."""
        return _new_key(self.url, self.company_id, self.depot_id, role, subject)

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self.client.request(method, path, params=self.query, **more)
        if answer.is_error:
            raise DemoFailed(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer

    def check_parts(self) -> None:
        for name, (process, log) in self.parts.items():
            if process.poll() is not None:
                raise DemoFailed(f"the {name} ended ({process.returncode}):", log)


class _Current(msgspec.Struct):
    plan_id: str


@dataclass(frozen=True, slots=True)
class _Later:
    """An order that comes while the day runs: a file of one row."""

    at: datetime
    body: bytes


def _split(day: DemoDay, seed: int) -> tuple[bytes, list[_Later]]:
    """The orders that are known in the morning, and those that are not."""
    chance = random.Random(seed)
    text = day.orders_csv.read_text("utf-8-sig")
    header, *rows = list(csv.reader(text.splitlines()))
    ready = header.index("可取时间")
    known, later = [header], []
    for row in rows:
        at = wall_time.fromisoformat(row[ready]) if row[ready] else wall_time()
        if at >= _LATER_FROM and chance.random() < _LATER_SHARE:
            moment = datetime.combine(day.day, at, ZoneInfo(day.time_zone)) - _LATER_BEFORE
            later.append(_Later(moment, _as_csv([header, row])))
        else:
            known.append(row)
    return _as_csv(known), later


def _as_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


@contextmanager
def _servers(
    day: DemoDay, network: Path, data_dir: Path, stage: Path, port: int, speed: float
) -> Iterator[_Running]:
    """Store, API and worker, stopped when the block ends however it ends."""
    port = _free_port(port)
    zone = ZoneInfo(day.time_zone)
    clock = ScaledClock(
        datetime.combine(day.day, _STARTS, zone), datetime.now(UTC) + timedelta(seconds=2), speed
    )
    company_id = CompanyId(f"demo-{secrets.token_hex(4)}")
    depot_id = DepotId(day.depot_id)
    with ExitStack() as stack:
        url = stack.enter_context(running_server(None, data_dir))
        environment = {
            **os.environ,
            "CUNLU_REDIS_URL": url,
            "CUNLU_DATA_DIR": str(data_dir.resolve()),
            "CUNLU_ROADS": str(network),
            "CUNLU_CLOCK_START": clock.starts_at.isoformat(),
            "CUNLU_CLOCK_STARTED": clock.started_real.isoformat(),
            "CUNLU_CLOCK_SPEED": str(speed),
        }
        parts = {
            name: stack.enter_context(_part(name, arguments, environment, stage))
            for name, arguments in {
                "api": ["serve", "--host", _HOST, "--port", str(port)],
                "worker": ["worker"],
            }.items()
        }
        base = f"http://{_HOST}:{port}"
        dispatcher = _new_key(url, company_id, depot_id)
        client = stack.enter_context(
            httpx.Client(
                base_url=base, timeout=60, headers={"Authorization": f"Bearer {dispatcher}"}
            )
        )
        running = _Running(
            base=base,
            url=url,
            company_id=company_id,
            depot_id=depot_id,
            dispatcher=dispatcher,
            clock=clock,
            client=client,
            parts=parts,
            query={"depot": depot_id, "day": day.day.isoformat()},
        )
        _wait_ready(running)
        yield running


def _wait_ready(running: _Running) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline_s:
        running.check_parts()
        with contextlib.suppress(httpx.TransportError):
            if running.client.get("/readyz").status_code == 200:
                return
        time.sleep(0.1)
    raise DemoFailed(f"the API was not ready within {_PATIENCE_S:.0f} s", running.parts["api"][1])


def _free_port(wanted: int) -> int:
    """`wanted`, or the next free port after it, which is said."""
    for port in (*range(wanted, wanted + 20), 0):
        try:
            with listen(_HOST, port) as found:
                free: int = found.getsockname()[1]
        except OSError:
            continue
        if wanted not in (0, free):
            note(f"port {wanted} is taken: using {free}")
        return free
    raise DemoFailed(f"no free port from {wanted} on")


@contextmanager
def _part(
    name: str, arguments: list[str], environment: dict[str, str], stage: Path
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A process of ours in a group of its own, so that Ctrl-C reaches us alone and we stop it."""
    log = stage / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 (arguments of ours, no shell)
            [sys.executable, "-m", "api", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process, log
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _new_key(
    url: str,
    company_id: CompanyId,
    depot_id: DepotId,
    role: Role = Role.DISPATCHER,
    subject: str | None = None,
) -> str:
    async def make() -> str:
        async with Store.open(url) as store:
            return await operations.create_key(
                store,
                company_id=company_id,
                role=role,
                depot_id=depot_id,
                subject=subject,
                note="demo",
            )

    return asyncio.run(make())
