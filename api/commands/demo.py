"""`cunlu demo`: a whole day on this machine, from files to a live board."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
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
from api.demo_day import Report, reports
from api.serving import listen
from dispatch import operations
from dispatch.access import Role
from dispatch.clock import ScaledClock
from dispatch.days import CompanyId, DepotId
from dispatch.demo import DemoDay, write_demo_day
from dispatch.errors import DispatchError
from dispatch.exports import Summary, summary
from dispatch.plan import Plan
from dispatch.server import running_server
from dispatch.store import Store
from routing.roads.network import RoadNetwork

app = typer.Typer()

_HOST: Final = "127.0.0.1"
_STARTS: Final = wall_time(7, 30)
"""The demo's clock shows this when the servers start: half an hour before the first shift."""
_STEP_S: Final = 0.5
_PATIENCE_S: Final = 120.0
"""The API must answer within this; the first start on a machine compiles for a while."""


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
        plan = running.prepare(day, budget_s=budget, seed=seed)
        told = summary(plan)
        if as_json:
            print_json(told)
        else:
            _print(day, told)
        if once:
            return
        _invite(running, plan)
        with contextlib.suppress(KeyboardInterrupt):
            running.play(reports(plan, seed))
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
            (
                "least slack to a truck, minutes",
                "–" if told.least_slack_min is None else told.least_slack_min,
            ),
        ],
    )


def _invite(running: _Running, plan: Plan) -> None:
    typer.echo(f"\nboard    {running.base}/#key={running.dispatcher}")
    if plan.routes:
        typer.echo(f"courier  {running.base}/c#key={running.courier(plan)}")
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

    def prepare(self, day: DemoDay, *, budget_s: float, seed: int) -> Plan:
        """Import the day's files, plan and publish, as any client would."""
        csv = {"Content-Type": "text/csv"}
        self.call("PUT", "/v1/fleet", content=day.fleet_toml.read_bytes())
        self.call("POST", "/v1/households", content=day.households_csv.read_bytes(), headers=csv)
        self.call("POST", "/v1/orders", content=day.orders_csv.read_bytes(), headers=csv)
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

    def play(self, day: list[Report]) -> None:
        """Report each event when the demo's clock reaches it; then wait for Ctrl-C."""
        position = 0
        while True:
            self.check_parts()
            now = self.clock.now()
            due = position
            while due < len(day) and day[due].at <= now:
                due += 1
            if due > position:
                events = msgspec.to_builtins(day[position:due])
                self.call(
                    "POST",
                    "/v1/events",
                    json={"events": [_without_nones(each) for each in events]},
                )
                position = due
                if position == len(day):
                    note("the day is over; the board stays until Ctrl-C")
            time.sleep(_STEP_S)

    def courier(self, plan: Plan) -> str:
        """A key for the first courier of the plan."""
        return _new_key(self.url, self.company_id, self.depot_id, plan.routes[0].courier_id)

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self.client.request(method, path, params=self.query, **more)
        if answer.is_error:
            raise DemoFailed(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer

    def check_parts(self) -> None:
        for name, (process, log) in self.parts.items():
            if process.poll() is not None:
                raise DemoFailed(f"the {name} ended ({process.returncode}):", log)


def _without_nones(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}


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
    url: str, company_id: CompanyId, depot_id: DepotId, courier_id: str | None = None
) -> str:
    async def make() -> str:
        async with Store.open(url) as store:
            return await operations.create_key(
                store,
                company_id=company_id,
                role=Role.DISPATCHER if courier_id is None else Role.COURIER,
                depot_id=depot_id,
                subject=courier_id,
                note="demo",
            )

    return asyncio.run(make())
