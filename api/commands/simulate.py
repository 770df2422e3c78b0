"""`cunlu simulate`: days that never were, to see what a fleet, a rule or Double 11 would do."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar, Final

import msgspec
import typer

from api.commands.console import (
    AsJson,
    DayText,
    date_of,
    interrupts,
    note,
    print_json,
    print_table,
    progress,
)
from api.commands.exit_codes import ExitCode
from api.simulating.days import (
    Draw,
    PolicyName,
    Village,
    demo_village,
    draw_day,
    looking_back,
    own_village,
    simulate,
)
from api.simulating.ours import Planning
from api.simulating.services import SocketService
from dispatch.errors import DispatchError
from dispatch.simulation.hindsight import hindsight_of
from dispatch.simulation.kpis import Fate
from dispatch.simulation.outcome import Outcome
from dispatch.simulation.rates import read_rates
from dispatch.simulation.running import SimulationStopped

app = typer.Typer()

_DAY: Final = date(2026, 11, 11)


class ServerInUse(DispatchError):
    """A simulation would replace a fleet that is there."""

    code: ClassVar[str] = "simulation-server-in-use"


@app.callback()
def group() -> None:
    """Simulated days."""


@app.command("simulate")
def simulate_days(
    *,
    households: Annotated[int, typer.Option(min=1, help="Sellers of the drawn village.")] = 600,
    orders: Annotated[int, typer.Option(min=1, help="Orders of a plain day.")] = 300,
    couriers: Annotated[int, typer.Option(min=1, help="Couriers of the drawn village.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same day.")] = 1,
    days: Annotated[int, typer.Option(min=1, help="So many days: seeds from --seed on.")] = 1,
    factor: Annotated[
        float, typer.Option(min=0.01, max=100, help="So many times the orders: a promotion day.")
    ] = 1,
    known: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of orders known in the morning; else drawn."),
    ] = None,
    look_back: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=28,
            help="Days before that plans of `ours` learn from; else as the fleet says.",
        ),
    ] = None,
    policies: Annotated[
        str, typer.Option(help="Ways to run the day, with commas: ours, insertion, nearest.")
    ] = "ours,insertion,nearest",
    budget: Annotated[float, typer.Option(min=0.1, max=600, help="Seconds of each search.")] = 2,
    morning_budget: Annotated[
        float, typer.Option(min=0.1, max=3600, help="Seconds of the morning's search.")
    ] = 10,
    hindsight: Annotated[
        float,
        typer.Option(min=0, max=3600, help="Seconds for the plan of hindsight; 0: none is made."),
    ] = 0,
    every: Annotated[int, typer.Option(min=0, help="Minutes between two plans of a day.")] = 10,
    fleet: Annotated[
        Path | None, typer.Option(help="Your fleet, with --registry, --roads.")
    ] = None,
    registry: Annotated[Path | None, typer.Option(help="Your households and points.")] = None,
    roads: Annotated[Path | None, typer.Option(help="Your network file.")] = None,
    osm: Annotated[Path | None, typer.Option(help="Extract for the drawn village.")] = None,
    rates: Annotated[Path | None, typer.Option(help="Rates of your own, see docs.")] = None,
    url: Annotated[
        str | None, typer.Option(help="Run `ours` on this server, with a key of an empty company.")
    ] = None,
    key: Annotated[str, typer.Option(envvar="CUNLU_KEY", help="API key for --url.")] = "",
    day: DayText = None,
    out: Annotated[Path | None, typer.Option(help="Write all figures as JSON.")] = None,
    as_json: AsJson = False,
) -> None:
    """
    Play days that never were, and compare ways to run them.

    Draws what households ask for, how long roads take and what goes wrong; every policy meets the same
    day. Ctrl-C ends it, and the days that are done are told; the exit code is 130.

    Example: `cunlu simulate --households 600 --orders 300 --couriers 10 --seed 1 --factor 30`
    """
    names = _policies(policies)
    planning = Planning(
        budget_s=budget, morning_budget_s=morning_budget, seed=seed, every_s=60 * every
    )
    known_rates = read_rates(rates)
    if out is not None and not out.absolute().parent.is_dir():
        raise typer.BadParameter("its folder is not there", param_hint="--out")
    done: list[Outcome] = []
    with ExitStack() as stack:
        tell = stack.enter_context(progress("village"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cunlu-")))
        stopped = stack.enter_context(interrupts())
        village = _village(folder, fleet, registry, roads, osm, (households, couriers, seed))
        if look_back is not None:
            village = looking_back(village, look_back)
        service = None if url is None else stack.enter_context(_server(url, key, village))
        _check_one_day(service, names, days)
        on_day = date_of(day) or (_DAY if service is None else _date_of(service, village))
        try:
            for number in range(seed, seed + days):
                draw = Draw(
                    day=on_day, orders=orders, seed=number, factor=factor, known_share=known
                )
                truth = draw_day(village, draw, known_rates)
                tell(f"day {number}: hindsight")
                known_all = hindsight_of(truth, budget_s=hindsight) if hindsight else None
                for name in names:
                    outcome, _ = simulate(
                        village,
                        truth,
                        name,
                        planning=planning,
                        hindsight=known_all,
                        service=service,
                        on_progress=_shown(tell, number, name, len(truth.wishes)),
                        stopped=stopped,
                    )
                    done.append(outcome)
        except SimulationStopped:
            note(f"stopped: {len(done)} of {days * len(names)} days are done")
        interrupted = stopped()
    told = {"orders": orders, "factor": factor, "days": days, "outcomes": done}
    if out is not None:
        _write(out, msgspec.json.format(msgspec.json.encode(told), indent=1))
    if as_json:
        print_json(told)
    else:
        _show(names, done)
    if interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)


def _policies(told: str) -> tuple[PolicyName, ...]:
    words = dict.fromkeys(word.strip() for word in told.split(",") if word.strip())
    known = [each.value for each in PolicyName]
    for word in words:
        if word not in known:
            raise typer.BadParameter(
                f"there is no policy {word!r}; there are {', '.join(known)}",
                param_hint="--policies",
            )
    if not words:
        raise typer.BadParameter("name at least one", param_hint="--policies")
    return tuple(PolicyName(word) for word in words)


def _village(
    folder: Path,
    fleet: Path | None,
    registry: Path | None,
    roads: Path | None,
    osm: Path | None,
    drawn: tuple[int, int, int],
) -> Village:
    if fleet is None and registry is None and roads is None:
        households, couriers, seed = drawn
        return demo_village(folder, households=households, couriers=couriers, seed=seed, osm=osm)
    if fleet is None or registry is None or roads is None:
        raise typer.BadParameter(
            "a village of your own is all three of them", param_hint="--fleet, --registry, --roads"
        )
    return own_village(roads=roads, fleet=fleet, registry=registry)


@contextmanager
def _server(url: str, key: str, village: Village) -> Iterator[SocketService]:
    """
    A running server whose company has no such depot yet.

    Raises
    ------
    ServerInUse
    """
    service = SocketService(url, key)
    try:
        depot_id = village.fleet.depot.depot_id
        if service.ask("GET", "/v1/fleet", query={"depot": depot_id}).status_code != 404:
            raise ServerInUse(
                f"{url} has a depot {depot_id} for this key: simulate with a key of another company"
            )
        yield service
    finally:
        service.close()


def _check_one_day(service: SocketService | None, names: Sequence[PolicyName], days: int) -> None:
    if service is not None and (days > 1 or names != (PolicyName.OURS,)):
        raise typer.BadParameter(
            "a server has one clock: simulate one day there, with --policies ours",
            param_hint="--url",
        )


def _date_of(service: SocketService, village: Village) -> date:
    return service.started_at.astimezone(village.fleet.depot.zone).date()


def _shown(
    tell: Callable[[str], None], number: int, name: str, orders: int
) -> Callable[[int, int], None]:
    def show(now_s: int, over: int) -> None:
        clock = f"{now_s // 3600:02}:{now_s // 60 % 60:02}"
        tell(f"day {number}, {name}, {clock}: {over:,} of {orders:,} orders are over")

    return show


_ROWS: Final[Sequence[tuple[str, Callable[[Outcome], float | None], int]]] = (
    ("on time, %", lambda each: each.kpis.on_time_pct, 1),
    ("promises kept, %", lambda each: each.kpis.promises_kept_pct, 1),
    ("promises broken, not forced", lambda each: each.kpis.broken_unforced, 0),
    ("left behind", lambda each: each.kpis.fates[Fate.LEFT_BEHIND], 0),
    ("trucks missed", lambda each: each.kpis.cut_offs_missed, 0),
    ("parcels", lambda each: each.kpis.parcels, 0),
    ("yuan a parcel", lambda each: _per(each.kpis.cost_fen_per_parcel, 100), 2),
    ("km a parcel", lambda each: _per(each.kpis.m_per_parcel, 1000), 2),
    ("overtime, hours", lambda each: each.kpis.overtime_s / 3600, 1),
    ("changes of courier, %", lambda each: each.kpis.courier_changes_pct, 1),
    ("changes of courier, not forced, %", lambda each: each.kpis.courier_changes_unforced_pct, 1),
    ("changes of sequence, %", lambda each: each.kpis.order_changes_pct, 1),
    ("changes of time, %", lambda each: each.kpis.time_changes_pct, 1),
    ("event to plan, s, p50", lambda each: each.kpis.event_to_plan_p50_s, 1),
    ("event to plan, s, p99", lambda each: each.kpis.event_to_plan_p99_s, 1),
    ("unevenness of hours", lambda each: each.kpis.fairness_gini, 2),
    ("above hindsight, %", lambda each: each.hindsight_gap_pct, 1),
)


def _per(value: float | None, unit: int) -> float | None:
    return None if value is None else value / unit


def _show(names: Sequence[PolicyName], done: Sequence[Outcome]) -> None:
    """Means over the days that are done."""

    def mean(name: PolicyName, figure: Callable[[Outcome], float | None], digits: int) -> str:
        found = [
            value for each in done if each.policy == name and (value := figure(each)) is not None
        ]
        return f"{sum(found) / len(found):,.{digits}f}" if found else "–"

    rows = [
        (title, *(mean(name, figure, digits) for name in names)) for title, figure, digits in _ROWS
    ]
    counted = {name: sum(each.policy == name for each in done) for name in names}
    columns = [f"{name} ({counted[name]})" for name in names]
    print_table("simulated days", ("mean of days", *columns), rows)


def _write(path: Path, body: bytes) -> None:
    """All or nothing."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(body + b"\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
