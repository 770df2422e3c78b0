"""`cunlu plan`: from a day's files to routes, sheets and fates, without a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

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
from api.commands.plan_folder import (
    PLAN_FILE,
    PROBLEMS_FILE,
    check_free,
    file_name,
    write_folder,
)
from dispatch.clock import SystemClock
from dispatch.days import CompanyId, DayClock, DepotDay
from dispatch.departures import departure_doubts
from dispatch.exports import (
    contacts_of,
    csv_of,
    fates_csv,
    plan_geojson,
    route_gpx,
    route_sheet,
    summary,
)
from dispatch.gazetteer import AddressQuestion, Locator
from dispatch.households import CollectionPoint, Household, Registry
from dispatch.inputs import DayInputs
from dispatch.intake import Intake, Kind, read_fleet, read_orders, read_registry, registry_of
from dispatch.offers import useless_points
from dispatch.plan import Plan
from dispatch.planning import SearchStep, plan_day
from dispatch.rehearsal import rehearse
from dispatch.settings import Settings
from dispatch.territory import unknown_villages
from routing.roads.doubts import doubt_of
from routing.roads.network import RoadNetwork

app = typer.Typer()

_COMPANY: Final = CompanyId("local")
"""Files of one machine belong to no company of a server."""

_EXTRACTS: Final = (".pbf", ".osm", ".osm.gz", ".osm.bz2", ".graphml")


@dataclass(slots=True)
class _Refused:
    """What did not go in, of all files."""

    rows: list[tuple[object, ...]] = field(default_factory=list)

    def take(self, file: Path, intake: Intake[Any]) -> None:
        self.rows += [
            (file.name, each.line, each.column, each.code, each.detail, each.advice, each.value)
            for each in (*intake.problems, *intake.doubts)
        ]
        self.rows += [
            (file.name, each.line, "", each.reason, each.detail, _candidates(each), each.text)
            for each in intake.unresolved
        ]

    def csv(self) -> bytes:
        return csv_of(("file", "line", "column", "code", "detail", "advice", "value"), self.rows)


def _candidates(question: AddressQuestion) -> str:
    titles = " | ".join(each.title for each in question.candidates)
    return f"say which one is meant: {titles}" if titles else "give coordinates or another name"


@app.command("plan")
def plan_files(
    *,
    roads: Annotated[Path, typer.Option(help="Network file, or an extract (built anew: slower).")],
    orders: Annotated[Path, typer.Option(help="Orders: CSV, XLSX or JSON.")],
    households: Annotated[Path, typer.Option(help="Registry: CSV, XLSX or JSON.")],
    fleet: Annotated[Path, typer.Option(help="Fleet: TOML, JSON or CSV.")],
    out: Annotated[Path, typer.Option(help="New folder, or one with an earlier plan.")],
    points: Annotated[
        Path | None, typer.Option(help="Collection points, if the registry has them apart.")
    ] = None,
    day: DayText = None,
    budget: Annotated[float, typer.Option(min=0, max=86_400, help="Seconds of search.")] = 10,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1)] = 1,
    as_json: AsJson = False,
) -> None:
    """
    Plan a day from files, without a server.

    Writes plan.json, routes.geojson, a GPX and a printable sheet for each courier, orders.csv with
    every order's fate, and problems.csv if rows were refused (then the exit code is 1). Ctrl-C ends
    the search, and the best so far is written.

    Example: `cunlu plan --roads demo/roads.osm.pbf --orders demo/orders.csv --households
    demo/households.csv --fleet demo/fleet.toml --budget 10 --seed 1 --out plan`
    """
    check_free(out)
    refused = _Refused()
    with progress("files") as tell:
        crew = read_fleet(fleet, name=fleet.name, profiles=None)
        locator = Settings().locator(crew.depot.place)
        registry = _registry(households, points, refused, locator)
        zone = crew.depot.zone
        now = SystemClock().now()
        date = date_of(day) or now.astimezone(zone).date()
        asked = read_orders(
            orders,
            name=orders.name,
            day=DayClock(date, zone),
            registry=registry,
            locator=locator,
        )
        refused.take(orders, asked)
        tell("roads")
        network = _network(roads, tuple(each.profile for each in crew.models.values()))
        homes = [each.place for each in registry.households.values() if each.place is not None]
        doubt = doubt_of(network, homes, network.profiles[0])

        def show(step: SearchStep) -> None:
            tell(
                f"plan: {step.seconds:.0f} of {budget:g} s, {step.cost_fen / 100:,.2f} yuan, "
                f"{step.unserved} stops unserved"
            )

        tell("plan: getting ready")
        rehearse()
        tell("plan")
        with interrupts() as interrupted:
            plan = plan_day(
                DayInputs(
                    day=DepotDay(_COMPANY, crew.depot.depot_id, date),
                    registry=registry,
                    fleet=crew,
                    orders=asked.accepted,
                ),
                network,
                budget_s=budget,
                seed=seed,
                made_at=now,
                on_progress=show,
                cancelled=interrupted,
            )
        files = {
            PLAN_FILE: msgspec.json.encode(plan),
            "routes.geojson": plan_geojson(plan),
            "orders.csv": fates_csv(plan),
        }
        for route in plan.routes:
            sheet = route_sheet(
                plan, route, crew.couriers[route.courier_id], contacts_of(route, registry)
            )
            files[file_name(route.courier_id, ".gpx")] = route_gpx(plan, route)
            files[file_name(route.courier_id, ".html")] = sheet.encode()
        if refused.rows:
            files[PROBLEMS_FILE] = refused.csv()
        write_folder(out, files)
    if as_json:
        print_json(_facts(plan, refused, out))
    else:
        _show(plan, out)
    if doubt is not None:
        note(f"{households.name}: {doubt}")
    if plan.cold_factor != 1:
        note(
            f"{fleet.name}: cold_factor {plan.cold_factor:g}, so each charge is good for that part of range_km"
        )
    if crew.depot.look_back_days:
        note(
            f"{fleet.name}: look_back_days looks back on days that a server keeps: this plan expects no orders"
        )
    for clash in plan.clashes:
        note(clash.detail)
    for sentence in unknown_villages(crew, registry):
        note(f"{fleet.name}: {sentence}")
    for sentence in departure_doubts(crew):
        note(f"{fleet.name}: {sentence}")
    for sentence in useless_points(crew, registry):
        note(f"{(points or households).name}: {sentence}")
    if refused.rows:
        note(
            f"{len(refused.rows):,} rows were refused or need an answer: see {out / PROBLEMS_FILE}"
        )
    if interrupted():
        raise typer.Exit(ExitCode.INTERRUPTED)
    if refused.rows:
        raise typer.Exit(ExitCode.REFUSED_SOME)


def _registry(
    households: Path, points: Path | None, refused: _Refused, locator: Locator | None
) -> Registry:
    apart: tuple[Household | CollectionPoint, ...] = ()
    if points is not None:
        told = read_registry(points, name=points.name, kind=Kind.POINT)
        refused.take(points, told)
        apart = told.accepted
    known = read_registry(
        households,
        name=households.name,
        locator=locator,
        points=tuple(registry_of(apart).points),
    )
    refused.take(households, known)
    return registry_of((*known.accepted, *apart))


def _network(roads: Path, profiles: Sequence[str]) -> RoadNetwork:
    if roads.name.lower().endswith(_EXTRACTS):
        return RoadNetwork.build(roads, profiles=tuple(dict.fromkeys(profiles)))
    return RoadNetwork.load(roads)


def _facts(plan: Plan, refused: _Refused, out: Path) -> dict[str, object]:
    return {
        "out": str(out),
        "plan_id": plan.plan_id,
        "summary": summary(plan),
        "clashes": plan.clashes,
        "refused": len(refused.rows),
        "synthetic": plan.synthetic,
    }


def _show(plan: Plan, out: Path) -> None:
    print_table(
        f"{plan.depot_name} {plan.day.day}",
        ("courier", "trips", "stops", "orders", "km", "leaves", "back", "yuan"),
        list(_rows(plan)),
    )
    if len(plan.departures) > 1 or plan.figures.late:
        print_table(
            "departures",
            ("leaves", "trips", "orders", "pieces", "slack min", "courier", "late", "yuan"),
            list(_departures(plan)),
        )
    told = summary(plan)
    typer.echo(
        f"{told.served:,} of {told.orders:,} orders served at {told.stops:,} stops: "
        f"{told.km:,.1f} km, {told.hours:,.1f} h, {told.cost_yuan:,.2f} yuan"
    )
    if told.couriers > 1:
        typer.echo(
            f"of the ground where couriers stop, {told.overlap_percent} % is shared by several"
        )
    if told.brought:
        typer.echo(f"{told.brought:,} of them are brought to a point: orders.csv says by whom")
    if told.dropped:
        typer.echo(
            f"{told.dropped:,} of them are dropped on the way: orders.csv says when and where"
        )
    if told.late:
        typer.echo(
            f"{told.late:,} of them leave later than they asked for, {told.late_cost_yuan:,.2f} yuan: "
            "orders.csv says with which truck"
        )
    if told.missed:
        typer.echo(
            f"{told.missed:,} of them are picked up outside their windows, {told.missed_cost_yuan:,.2f} yuan: "
            "orders.csv says by how much"
        )
    if told.joints:
        typer.echo(
            f"{told.joints:,} joint orders, {told.joints_incomplete:,} of them incomplete: "
            "orders.csv says which order is of which"
        )
    for reason, count in told.unserved.items():
        typer.echo(f"{count:,} unserved: {reason}")
    for code, count in told.remedies.items():
        typer.echo(f"{count:,} of them: {code} would do, see orders.csv")
    typer.echo(f"written to {out}")
    note(plan.attribution)


def _departures(plan: Plan) -> Iterator[tuple[object, ...]]:
    for each in plan.departures:
        yield (
            f"{each.leaves_at:%H:%M}",
            each.trips,
            each.orders,
            each.pieces,
            "" if each.slack_s is None else each.slack_s // 60,
            each.courier_id or "",
            each.late or "",
            f"{each.late_cost_fen / 100:,.2f}" if each.late else "",
        )


def _rows(plan: Plan) -> Iterator[tuple[object, ...]]:
    for route in plan.routes:
        yield (
            route.courier_id,
            len(route.trips),
            len(route.stops),
            sum(len(stop.order_ids) for stop in route.stops),
            f"{route.distance_m / 1000:.1f}",
            f"{route.trips[0].leave_at:%H:%M}",
            f"{route.trips[-1].back_at:%H:%M}",
            f"{route.cost_fen / 100:,.2f}",
        )
