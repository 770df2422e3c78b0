"""`cunlu solve`: public instances, to compare the search with the literature, and bodies in VROOM's JSON."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from api.commands.console import interrupts, note, print_json, progress
from api.commands.exit_codes import ExitCode
from api.commands.solve_body import solve_body
from api.commands.whole_file import write_whole
from routing.vrp import vrplib
from routing.vrp.check import check
from routing.vrp.problem import Problem
from routing.vrp.solution import Solution
from routing.vrp.solve import Engine, Progress, RequiredUnserved, solve

app = typer.Typer()

_BUDGET_S: Final = 30.0


@app.command("solve")
def solve_instance(
    file: Annotated[
        Path, typer.Argument(help="Instance in VRPLIB format, or a body in VROOM's JSON (`.json`).")
    ],
    *,
    budget: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=86_400,
            help="Seconds, reading the file included; 30 for an instance, what a body says for a body.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1)] = 1,
    engine: Annotated[
        Engine, typer.Option(help="`auto` chooses by the problem what improves the first answer.")
    ] = Engine.AUTO,
    roads: Annotated[
        Path | None, typer.Option(help="Network file for a body without matrices.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the solution as a .sol file, or the answer as JSON.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON only: leave out the lines for people.")
    ] = False,
) -> None:
    """
    Solve a public instance of vehicle routing, as PyVRP reads it.

    CVRP, time windows, several depots or trips, mixed fleets, compatibility, prizes, alternatives.
    The last line on stdout is JSON: instance, cost, feasible, unserved, seconds. Cost is in the
    instance's own unit, in tenths if it has time windows; what is left out is paid for by its prize.
    An answer that is not feasible ends with exit code 1. Ctrl-C ends the search: the best found so
    far is written and told, the exit code is 130.

    A file that ends in `.json` is a body in VROOM's JSON; the last line is then what VROOM would answer, and `reasons`.

    Example: `cunlu solve X-n101-k25.vrp --budget 30 --seed 1 --out X-n101-k25.sol`
    """
    began_s = time.monotonic()
    if out is not None and not out.parent.is_dir():  # known now, not when the work is done
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(out.parent))
    if file.suffix.lower() == ".json":
        if engine is not Engine.AUTO:
            raise typer.BadParameter(
                "a body in VROOM's JSON is not searched by an engine of choice"
            )
        solve_body(file, budget_s=budget, seed=seed, roads=roads, out=out, as_json=as_json)
        return
    budget = _BUDGET_S if budget is None else budget
    instance = vrplib.read(file)
    with progress(instance.name) as tell, interrupts() as interrupted:
        if not as_json:
            typer.echo(f"{instance.name}: {len(instance.clients):,} clients")

        def show(step: Progress) -> None:
            tell(f"{instance.name}: cost {step.cost:,} after {step.seconds:.1f} s")

        try:
            solution = solve(
                instance.problem,
                budget_s=max(0.0, began_s + budget - time.monotonic()),
                seed=seed,
                engine=engine,
                on_progress=show,
                cancelled=interrupted,
            )
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
        answer["feasible"] = not broken
        answer["unserved"] = _orders_unserved(instance.problem, solution)
        if out is not None:
            write_whole(out, vrplib.to_sol(instance, solution))
    print_json(answer | {"seconds": round(time.monotonic() - began_s, 2)})
    if interrupted():
        raise typer.Exit(ExitCode.INTERRUPTED)
    if not answer["feasible"]:
        raise typer.Exit(ExitCode.REFUSED_SOME)


def _orders_unserved(problem: Problem, solution: Solution) -> int:
    """Alternatives that are all left out are one order."""
    groups = [problem.visits[number].group for number in solution.unserved]
    return sum(group is None for group in groups) + len(set(groups) - {None})
