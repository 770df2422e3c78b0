"""`cunlu roads`: from an OpenStreetMap extract to the network file that planning and serving use."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from api.commands.console import AsJson, note, print_json, print_table, progress
from routing.roads.network import RoadNetwork

app = typer.Typer()
roads = typer.Typer(no_args_is_help=True)
app.add_typer(
    roads,
    name="roads",
    help="Make road networks of OpenStreetMap extracts.\n\n"
    "Example: `cunlu roads build county.osm.pbf --out county.network`",
)


@roads.callback()
def roads_group() -> None:
    """Make road networks of OpenStreetMap extracts."""


@roads.command()
def build(
    file: Annotated[Path, typer.Argument(help="Extract: .osm.pbf, .osm, .osm.gz or .osm.bz2.")],
    *,
    out: Annotated[Path, typer.Option(help="Network file to write.")],
    as_json: AsJson = False,
) -> None:
    """
    Build a network file from an extract.

    Prints what was read and what was dropped. The file is written whole or not at all.

    Example: `cunlu roads build county.osm.pbf --out county.network`
    """
    began_s = time.monotonic()
    with progress("roads") as tell:
        network = RoadNetwork.build(
            file, on_progress=lambda stage, share: tell(f"roads: {stage} {share:.0%}")
        )
        network.save(out)
    seconds = round(time.monotonic() - began_s, 1)
    report = network.report
    facts = {
        "network": str(out),
        "version": network.version,
        "profiles": network.profiles,
        "synthetic": network.synthetic,
        "seconds": seconds,
    }
    if as_json:
        print_json(facts | {"report": report})
        return
    if report is not None:
        dropped = [
            (f"ways dropped: {why}", count) for why, count in sorted(report.ways_dropped.items())
        ]
        print_table(
            file.name,
            ("read", "count"),
            [
                ("ways", report.ways_read),
                *dropped,
                ("junctions", report.junctions),
                ("roads", report.roads),
                ("one-way roads", report.oneway_roads),
                ("kilometres", report.length_m // 1000),
                ("barriers", report.barriers),
                ("turn restrictions honoured", report.turn_restrictions_honoured),
                *(
                    (f"turn restrictions dropped: {why}", count)
                    for why, count in report.turn_restrictions_dropped.items()
                ),
            ],
        )
    typer.echo(f"{out}: for {', '.join(network.profiles)}, in {seconds} s")
    note(network.attribution)
