"""`cunlu solve` of a body in VROOM's JSON: what `POST /vroom/` answers, without a server."""

from __future__ import annotations

import json
import time
from pathlib import Path

import msgspec
import typer

from api.commands.console import interrupts, progress
from api.commands.exit_codes import ExitCode
from api.commands.whole_file import write_whole
from dispatch.vroom import NetworkRoads
from routing.roads.network import RoadNetwork
from routing.vrp.solve import Progress
from routing.vrp.vroom.reading import read
from routing.vrp.vroom.solving import answer


def solve_body(
    file: Path,
    *,
    budget_s: float | None,
    seed: int,
    roads: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """
    Print the answer as the last line; without `budget_s` the body says how long the search takes.

    Raises
    ------
    BodyRefused
    """
    began_s = time.monotonic()
    body = read(file.read_bytes())
    network = None if roads is None else NetworkRoads(lambda: RoadNetwork.load(roads))
    with progress(file.name) as tell, interrupts() as interrupted:
        if not as_json:
            typer.echo(f"{file.name}: {len(body.tasks):,} tasks, {len(body.vehicles):,} vehicles")

        def show(step: Progress) -> None:
            tell(f"{file.name}: {step.unserved:,} tasks left out after {step.seconds:.1f} s")

        within_s = None if budget_s is None else max(0.0, began_s + budget_s - time.monotonic())
        told = answer(
            body, network, seed=seed, within_s=within_s, on_progress=show, cancelled=interrupted
        )
    line = msgspec.json.encode(told).decode()
    if out is not None:
        write_whole(out, json.dumps(json.loads(line), ensure_ascii=False, indent=2) + "\n")
    typer.echo(line)
    if interrupted():
        raise typer.Exit(ExitCode.INTERRUPTED)
