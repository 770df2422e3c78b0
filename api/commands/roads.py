"""`cunlu roads`: from an OpenStreetMap extract to the network file that planning and serving use."""

from __future__ import annotations

import time
from io import BytesIO
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import typer

from api.commands.console import AsJson, note, print_json, print_table, progress
from dispatch.errors import DispatchError
from dispatch.intake import read_places
from routing.roads.doubts import doubt_of
from routing.roads.graphml import as_graphml
from routing.roads.lanes import read_lanes, with_lanes
from routing.roads.network import DEFAULT_PROFILES, RoadNetwork
from routing.roads.network_file import write_whole
from routing.roads.profiles_file import ProfileUnreadable, read_profile
from routing.roads.snap import PlaceOffRoad, Snap
from routing.roads.speeds import Profile

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
    file: Annotated[
        Path, typer.Argument(help="Extract: .osm.pbf, .osm, .osm.gz or .osm.bz2; or .graphml.")
    ],
    *,
    out: Annotated[Path, typer.Option(help="Network file to write.")],
    profile: Annotated[
        list[str] | None,
        typer.Option(help="How one travels; may be repeated. All four if left out."),
    ] = None,
    profile_file: Annotated[
        list[Path] | None, typer.Option(help="TOML of a profile of your own; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Build a network file from an extract.

    Prints what was read and what was dropped. The file is written whole or not at all. It keeps
    its profiles: whoever reads it needs no TOML.

    Example: `cunlu roads build county.osm.pbf --out county.network`
    """
    began_s = time.monotonic()
    own = [_own_profile(path) for path in profile_file or ()]
    with progress("roads") as tell:
        network = RoadNetwork.build(
            file,
            profiles=[*(profile or DEFAULT_PROFILES), *own],
            on_progress=lambda stage, share: tell(f"roads: {stage} {share:.0%}"),
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
                *(
                    (f"limits without a known number: {key}", count)
                    for key, count in report.limits_unread.items()
                ),
            ],
        )
    typer.echo(f"{out}: for {', '.join(network.profiles)}, in {seconds} s")
    note(network.attribution)


Network = Annotated[Path, typer.Argument(help="Network file, made by `cunlu roads build`.")]
ProfileName = Annotated[
    str, typer.Option(help="How one travels: trike, van, truck, foot or your own.")
]


@roads.command()
def export(
    network: Network,
    *,
    graphml_file: Annotated[Path, typer.Option("--graphml", help="GraphML file to write.")],
    profile: ProfileName,
) -> None:
    """
    Export a network's roads, as one profile may use them, for networkx and other graph tools.

    Nodes have lon and lat, edges length_m and duration_s; docs/roads.md lists all attributes.

    Example: `cunlu roads export county.network --profile van --graphml county.graphml`
    """
    with progress("roads"):
        loaded = RoadNetwork.load(network)
        known = loaded.profile(profile)
        write_whole(graphml_file, as_graphml(loaded.graph, profile=known))
    typer.echo(f"{graphml_file}: {profile}")
    note(loaded.attribution)


@roads.command()
def matrix(
    network: Network,
    places: Annotated[Path, typer.Argument(help="Places: CSV, XLSX or JSON with lon and lat.")],
    *,
    profile: ProfileName,
    out: Annotated[Path, typer.Option(help="NumPy file (.npz) to write.")],
    limit_m: Annotated[int, typer.Option(min=0, help="How far a road may be from a place.")] = 500,
    as_json: AsJson = False,
) -> None:
    """
    Durations and distances of the fastest paths between all places of a file.

    Writes int32 arrays `durations_s` and `distances_m` (2^30: no way), and `ids`. A place that
    cannot be read, or lies too far from every road, ends it: nothing is written.

    Example: `cunlu roads matrix county.network places.csv --profile van --out county.npz`
    """
    with progress("roads") as tell:
        asked = read_places(places, name=places.name)
        if asked.problems:
            first = asked.problems[0]
            raise PlacesRefused(
                f"{len(asked.problems)} rows of {places.name} hold no place; line {first.line}: "
                f"{first.detail}: {first.advice}"
            )
        loaded = RoadNetwork.load(network)
        began_s = time.monotonic()
        snaps: list[Snap] = []
        stated = [place for _, place in asked.accepted]
        doubt = doubt_of(loaded, stated, profile)
        answers = loaded.snap(stated, profile, limit_m=limit_m)
        for (own_id, _), answer in zip(asked.accepted, answers, strict=True):
            if isinstance(answer, PlaceOffRoad):
                why = "" if doubt is None else f"; {doubt}"
                raise PlacesRefused(f"place {own_id}: {answer}{why}")
            snaps.append(answer)
        tell(f"roads: {len(snaps):,} × {len(snaps):,}")
        found = loaded.matrix(snaps, profile)
        seconds = round(time.monotonic() - began_s, 3)
        written = BytesIO()
        np.savez(
            written,
            durations_s=found.durations_s,
            distances_m=found.distances_m,
            ids=np.array([own_id for own_id, _ in asked.accepted], dtype=np.str_),
        )
        write_whole(out, written.getvalue())
    facts = {"out": str(out), "places": len(snaps), "profile": profile, "seconds": seconds}
    if doubt is not None:
        note(f"{places.name}: {doubt}")
    if as_json:
        print_json(facts)
        return
    typer.echo(f"{out}: {len(snaps):,} × {len(snaps):,} for {profile}, in {seconds} s")
    note(loaded.attribution)


@roads.command("add-lanes")
def add_lanes(
    network: Network,
    lanes: Annotated[Path, typer.Argument(help="GeoJSON: LineStrings with tags as properties.")],
    *,
    out: Annotated[Path, typer.Option(help="Network file to write; may be the same.")],
    as_json: AsJson = False,
) -> None:
    """
    Add lanes that the map lacks to a network, drawn by hand.

    Each end of a lane meets the nearest road within 20 m. Keep the file: a network that is built
    anew needs it again.

    Example: `cunlu roads add-lanes county.network lanes.geojson --out county.network`
    """
    drawn = read_lanes(lanes.read_bytes())
    with progress("roads") as tell:
        tell(f"roads: {len(drawn):,} lanes")
        widened = with_lanes(RoadNetwork.load(network), drawn)
        widened.save(out)
    if as_json:
        print_json({"network": str(out), "version": widened.version, "lanes": len(drawn)})
        return
    typer.echo(f"{out}: {len(drawn):,} lanes added")
    note(widened.attribution)


class PlacesRefused(DispatchError):
    """Places of which one at least cannot be reached, or is none."""

    code: ClassVar[str] = "places-refused"


def _own_profile(path: Path) -> Profile:
    """A profile from its file. Raises ProfileUnreadable, UnknownProfile."""
    try:
        return read_profile(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as foreign:
        raise ProfileUnreadable(f"{path.name}: it is no UTF-8 text") from foreign
    except ProfileUnreadable as unreadable:
        raise ProfileUnreadable(f"{path.name}: {unreadable}") from unreadable
