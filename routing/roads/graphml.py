"""The networkx model as GraphML, the form in which graph tools exchange it: out, and in again."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import networkx as nx
import numpy as np
import shapely

from routing.roads.graph import GraphRefused, traits_of_edge
from routing.roads.speeds import Profile
from routing.roads.turns import restrictions_as_text, restrictions_from_text

_NUMBER: Final = re.compile(r"[0-9]{1,15}")


def as_graphml(graph: nx.MultiDiGraph[Any], *, profile: Profile | None = None) -> bytes:
    """
    The model as GraphML; geometries become WKT, which every map tool reads.

    Turn restrictions become one JSON list in the graph's attribute `turn_restrictions`.

    With a profile only the edges it may use are written, each with its `duration_s`.
    """
    plain: nx.MultiDiGraph[Any] = nx.MultiDiGraph(
        synthetic=bool(graph.graph.get("synthetic", False)),
        turn_restrictions=restrictions_as_text(graph.graph.get("turn_restrictions", ())),
    )
    plain.add_nodes_from(graph.nodes(data=True))
    for u, v, key, attributes in graph.edges(keys=True, data=True):
        told = dict(attributes)
        points = told.pop("geometry", ())
        if points:
            told["geometry"] = "LINESTRING (" + ", ".join(f"{x} {y}" for x, y in points) + ")"
        if profile is not None:
            speed_kmh = profile.speed_kmh(traits_of_edge(attributes))
            if speed_kmh is None:
                continue
            told["duration_s"] = told["length_m"] * 3.6 / speed_kmh
        plain.add_edge(u, v, key=key, **told)
    written = BytesIO()
    nx.write_graphml(plain, written, named_key_ids=True)
    return written.getvalue()


def read_graphml(path: Path) -> nx.MultiDiGraph[Any]:
    """
    A model that `as_graphml` wrote, or another tool with the same attributes; for `RoadNetwork.from_graph`.

    Durations are not read: speeds are the profiles'.

    Raises
    ------
    GraphRefused
        No GraphML, no directed graph, or a line or a restriction that is none.
    """
    try:
        graph = nx.read_graphml(path, force_multigraph=True)
    except (ParseError, nx.NetworkXError, ValueError, KeyError) as refused:
        raise GraphRefused(f"{path.name} is no GraphML of a graph: {refused}") from refused
    if not isinstance(graph, nx.MultiDiGraph):
        raise GraphRefused(f"{path.name} has no directions: give a directed graph")
    numbered = {node: int(node) for node in graph if _NUMBER.fullmatch(str(node))}
    if len(numbered) == len(graph) == len(set(numbered.values())):
        graph = nx.relabel_nodes(graph, numbered)  # as turn restrictions name them
    for u, v, told in graph.edges(data=True):
        told.pop("duration_s", None)
        if "geometry" in told:
            told["geometry"] = _points_of(told["geometry"], f"edge {u} → {v} of {path.name}")
    stated = graph.graph.pop("turn_restrictions", "[]")
    try:
        graph.graph["turn_restrictions"] = list(restrictions_from_text(stated))
    except (ValueError, TypeError, KeyError, RecursionError) as refused:
        raise GraphRefused(f"turn_restrictions of {path.name}: {refused!r}") from refused
    return graph


def _points_of(text: Any, where: str) -> tuple[tuple[float, float], ...]:
    try:
        with np.errstate(invalid="ignore"):  # NaN is refused with all that lies off the earth
            line = shapely.from_wkt(text)
    except (shapely.errors.GEOSException, TypeError) as refused:
        raise GraphRefused(f"{where} has a geometry that is no WKT: {refused}") from refused
    if line.geom_type != "LineString" or len(line.coords) < 2:
        raise GraphRefused(f"{where} has a geometry that is no LINESTRING")
    return tuple((float(lon), float(lat)) for lon, lat, *_ in line.coords)
