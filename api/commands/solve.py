"""`cunlu solve`: public instances, to compare the search with the literature."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.commands.console import note, print_json, progress
from api.commands.exit_codes import ExitCode
from routing.vrp import vrplib
from routing.vrp.check import check
from routing.vrp.solve import Progress, RequiredUnserved, solve

app = typer.Typer()


class Engine(StrEnum):
    AUTO = "auto"
    ORTOOLS = "ortools"


@app.command("solve")
def solve_instance(
    file: Annotated[Path, typer.Argument(help="CVRP or VRPTW instance in VRPLIB format.")],
    *,
    budget: Annotated[float, typer.Option(min=0, max=86_400, help="Seconds of search.")] = 30,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1)] = 1,
    engine: Annotated[
        Engine, typer.Option(help="`auto` takes the best there is; today that is OR-Tools.")
    ] = Engine.AUTO,
    out: Annotated[Path | None, typer.Option(help="Write the solution as a .sol file.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON only: leave out the lines for people.")
    ] = False,
) -> None:
    """
    Solve a public CVRP or VRPTW instance.

    The last line on stdout is JSON: instance, cost, feasible, unserved, seconds. Cost is in the
    instance's own unit, in tenths if it has time windows. An answer that is not feasible ends
    with exit code 1.

    Example: `cunlu solve X-n101-k25.vrp --budget 30 --seed 1 --out X-n101-k25.sol`
    """
    del engine  # one engine so far: both choices mean it
    instance = vrplib.read(file)
    if not as_json:
        typer.echo(f"{instance.name}: {len(instance.clients):,} clients")
    began_s = time.monotonic()
    with progress(instance.name) as tell:

        def show(step: Progress) -> None:
            tell(f"{instance.name}: cost {step.cost:,} after {step.seconds:.1f} s")

        try:
            solution = solve(instance.problem, budget_s=budget, seed=seed, on_progress=show)
        except RequiredUnserved as failure:
            note(f"{failure.code}: {failure}")
            solution = None
    answer: dict[str, object] = {"instance": instance.name, "cost": None, "feasible": False}
    answer["unserved"] = None
    if solution is not None:
        broken = check(instance.problem, solution)
        for each in broken:
            note(each.message)
        answer["cost"] = solution.cost
        answer["feasible"] = not broken and not solution.unserved
        answer["unserved"] = len(solution.unserved)
        if out is not None:
            out.write_text(vrplib.to_sol(instance, solution), encoding="utf-8")
    print_json(answer | {"seconds": round(time.monotonic() - began_s, 2)})
    if not answer["feasible"]:
        raise typer.Exit(ExitCode.REFUSED_SOME)
