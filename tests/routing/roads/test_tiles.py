"""Tiles, read back by PyPI's mapbox-vector-tile, an implementation that is not ours."""

import math
from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point, box

from routing.places import Place
from routing.roads.edges import RoadEdges
from routing.roads.network import RoadNetwork
from routing.roads.strokes import STROKE_EDGES, join_strokes
from routing.roads.tiles import BUFFER, COARSE_EXTENT, EXTENT, Label, TileOutOfRange, TilePainter

Line = list[tuple[float, float]]


def edges_of(*roads: tuple[str, str, Line]) -> RoadEdges:
    """Roads given as (class, name, points)."""
    classes = tuple(dict.fromkeys(road[0] for road in roads))
    names = tuple(dict.fromkeys(["", *(road[1] for road in roads)]))
    points = [point for road in roads for point in road[2]]
    return RoadEdges(
        offsets=np.cumsum([0, *(len(road[2]) for road in roads)]),
        lon_lat=np.array(points, float).reshape(-1, 2),
        class_codes=np.array([classes.index(road[0]) for road in roads], np.uint8),
        class_names=classes,
        name_indices=np.array([names.index(road[1]) for road in roads], np.int32),
        names=names,
    )


def tile_at(z: int, lon: float, lat: float) -> tuple[int, int, int]:
    x, y = mercator(lon, lat)
    return z, int(x * 2**z), int(y * 2**z)


def mercator(lon: float, lat: float) -> tuple[float, float]:
    """Written apart from the painter's, from the textbook's formula."""
    y = math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
    return (lon + 180) / 360, (1 - y / math.pi) / 2


def decoded(body: bytes) -> dict[str, Any]:
    return mapbox_vector_tile.decode(body, default_options={"y_coord_down": True}) if body else {}


def lines_of(body: bytes, layer: str = "roads") -> list[Line]:
    lines: list[Line] = []
    for feature in decoded(body).get(layer, {"features": []})["features"]:
        geometry = feature["geometry"]
        several = geometry["type"] == "MultiLineString"
        lines += geometry["coordinates"] if several else [geometry["coordinates"]]
    return lines


def in_tile(line: Line, z: int, x: int, y: int, extent: int) -> Line:
    return [
        ((u * 2**z - x) * extent, (v * 2**z - y) * extent)
        for u, v in (mercator(lon, lat) for lon, lat in line)
    ]


inside = st.tuples(st.floats(118.0, 118.06), st.floats(33.85, 33.9))
polylines = st.lists(st.lists(inside, min_size=2, max_size=9), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(polylines, st.sampled_from([14, 15, 17]))
def test_a_fine_tile_shows_what_a_geometry_library_would_cut_out(
    roads: list[Line], zoom: int
) -> None:
    z, x, y = tile_at(zoom, *roads[0][0])
    body = TilePainter(edges_of(*(("primary", "", road) for road in roads))).tile(z, x, y)
    frame = box(-EXTENT * BUFFER, -EXTENT * BUFFER, EXTENT * (1 + BUFFER), EXTENT * (1 + BUFFER))
    wanted = MultiLineString([in_tile(road, z, x, y, EXTENT) for road in roads]).intersection(frame)
    shown = MultiLineString(lines_of(body)) if body else LineString()
    for drawn in lines_of(body):
        assert all(frame.buffer(1).contains(Point(point)) for point in drawn)
    assert wanted.difference(shown.buffer(1.5)).length < 3  # less than a unit is not drawn
    assert shown.difference(wanted.buffer(1.5)).length < 3


@settings(max_examples=60, deadline=None)
@given(polylines, st.integers(8, 13))
def test_a_coarse_tile_is_nowhere_a_pixel_from_the_road(roads: list[Line], zoom: int) -> None:
    z, x, y = tile_at(zoom, *roads[0][0])
    body = TilePainter(edges_of(*(("motorway", "", road) for road in roads))).tile(z, x, y)
    wanted = MultiLineString([in_tile(road, z, x, y, COARSE_EXTENT) for road in roads])
    frame = box(0, 0, COARSE_EXTENT, COARSE_EXTENT)
    shown = MultiLineString(lines_of(body)) if body else LineString()
    pixel = 2
    assert shown.difference(wanted.buffer(pixel + 0.75)).is_empty
    missing = wanted.intersection(frame).difference(shown.buffer(pixel + 0.75))
    assert missing.length < 3


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["primary", "track"]),
            st.sampled_from(["", "睢梁线"]),
            st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=4),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_joining_strokes_draws_every_segment_as_often_as_before(
    roads: list[tuple[str, str, Line]],
) -> None:
    def segments(edges: RoadEdges) -> list[tuple[Any, ...]]:
        return sorted(
            (
                edges.class_names[edges.class_codes[line]],
                edges.names[edges.name_indices[line]],
                *sorted(map(tuple, edges.lon_lat[at : at + 2].tolist())),
            )
            for line in range(edges.count)
            for at in range(edges.offsets[line], edges.offsets[line + 1] - 1)
        )

    edges = edges_of(*roads)
    assert segments(join_strokes(edges)) == segments(edges)


def test_edges_of_one_road_become_one_stroke_and_those_of_another_do_not() -> None:
    def step(number: int, name: str) -> tuple[str, str, Line]:
        return "primary", name, [(118 + number / 100, 33.9), (118 + (number + 1) / 100, 33.9)]

    joined = join_strokes(edges_of(step(0, "a"), step(2, "a"), step(1, "a"), step(3, "b")))
    assert sorted(np.diff(joined.offsets).tolist()) == [2, 4]
    long = join_strokes(edges_of(*(step(number, "a") for number in range(3 * STROKE_EDGES))))
    assert long.count == 3


def test_a_tile_has_one_road_feature_for_each_class() -> None:
    place = (118.09, 33.87)
    roads = [
        (kind, "", [(place[0] + step / 1e4, place[1]), (place[0] + step / 1e4, place[1] + 1e-3)])
        for step, kind in enumerate(["primary", "residential", "primary", "residential"])
    ]
    layers = decoded(TilePainter(edges_of(*roads)).tile(*tile_at(14, *place)))
    assert set(layers) == {"roads"}
    features = layers["roads"]["features"]
    assert sorted(feature["properties"]["class"] for feature in features) == [
        "primary",
        "residential",
    ]
    assert all(feature["geometry"]["type"] == "MultiLineString" for feature in features)


def test_a_named_road_carries_its_chinese_name() -> None:
    line = [(118.09, 33.87), (118.091, 33.87)]
    painter = TilePainter(edges_of(("tertiary", "沙集大道", line), ("tertiary", "", line)))
    names = decoded(painter.tile(*tile_at(14, 118.09, 33.87)))["road_names"]["features"]
    assert [feature["properties"] for feature in names] == [
        {"class": "tertiary", "name": "沙集大道"}
    ]


@pytest.mark.parametrize(
    ("kind", "zoom", "drawn"),
    [
        ("motorway", 4, True),
        ("motorway", 3, False),
        ("primary", 7, True),
        ("primary", 6, False),
        ("residential", 13, True),
        ("residential", 12, False),
        ("path", 14, True),
        ("path", 13, False),
        ("a-class-of-tomorrow", 14, True),
        ("a-class-of-tomorrow", 13, False),
    ],
)
def test_a_class_is_drawn_from_its_zoom_on(kind: str, zoom: int, drawn: bool) -> None:
    painter = TilePainter(edges_of((kind, "", [(118.0, 33.0), (118.9, 33.9)])))
    assert bool(painter.tile(*tile_at(zoom, 118.5, 33.5))) is drawn


def test_a_village_is_named_in_one_tile_only_and_not_from_afar() -> None:
    village = Label(name="兴国村", kind="village", place=Place(118.09, 33.87))
    town = Label(name="沙集镇", kind="town", place=Place(118.09, 33.87))
    painter = TilePainter(edges_of(), [village, town])
    z, x, y = tile_at(14, 118.09, 33.87)
    shown = decoded(painter.tile(z, x, y))["places"]["features"]
    assert [feature["properties"] for feature in shown] == [
        {"kind": "village", "name": "兴国村"},
        {"kind": "town", "name": "沙集镇"},
    ]
    u, v = in_tile([(118.09, 33.87)], z, x, y, EXTENT)[0]
    for feature in shown:
        assert feature["geometry"]["coordinates"] == [math.floor(u), math.floor(v)]
    neighbours = [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]
    assert not any(painter.tile(z, *xy) for xy in neighbours)
    afar = decoded(painter.tile(*tile_at(9, 118.09, 33.87)))["places"]["features"]
    assert [feature["properties"]["kind"] for feature in afar] == ["town"]


def test_an_empty_corner_of_the_world_is_an_empty_tile() -> None:
    painter = TilePainter(edges_of(("primary", "", [(118.0, 33.0), (118.1, 33.0)])))
    assert painter.tile(14, 0, 0) == b""
    assert TilePainter(edges_of()).tile(0, 0, 0) == b""


@pytest.mark.parametrize("zxy", [(-1, 0, 0), (23, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0)])
def test_a_tile_beyond_the_world_is_refused_by_name(zxy: tuple[int, int, int]) -> None:
    with pytest.raises(TileOutOfRange, match=f"no tile {zxy[0]}/{zxy[1]}/{zxy[2]}"):
        TilePainter(edges_of()).tile(*zxy)


def test_tiles_of_a_real_district_can_be_read_and_are_small(bayreuth: RoadNetwork) -> None:
    painter = TilePainter(bayreuth.edges())
    west, south, east, north = bayreuth.bounds
    for zoom in (10, 12, 14):
        body = painter.tile(*tile_at(zoom, (west + east) / 2, (south + north) / 2))
        roads = decoded(body)["roads"]["features"]
        assert roads
        assert len(body) < 40_000
