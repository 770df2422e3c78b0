"""
Writes Mapbox Vector Tiles 2.1 with numpy (https://github.com/mapbox/vector-tile-spec).

A tile is the concatenation of its layers; `layer` and `feature` give bytes, `line_geometries` and
`point_geometry` the commands that a feature draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

POINT: Final = 1
LINE_STRING: Final = 2

_MOVE_TO: Final = 1
_LINE_TO: Final = 2


def point_geometry(xy: NDArray[np.float64]) -> bytes:
    """The commands for one point of whole tile units."""
    commands = np.concatenate(([_MOVE_TO | 1 << 3], _zigzag(xy)))
    return _varints(commands)[0].tobytes()


def line_geometries(
    xy: NDArray[np.float64], offsets: NDArray[np.int64], feature_offsets: NDArray[np.int64]
) -> list[bytes]:
    """
    The commands of each feature, for lines of at least two points in whole tile units.

    Line i is xy[offsets[i]:offsets[i + 1]]; feature f holds lines
    feature_offsets[f]:feature_offsets[f + 1], which must cover all lines.

    A line of n points takes 2n + 2 integers: MoveTo, its point, LineTo, the other points; every
    point is told by its difference from the one before, across the lines of a feature too.
    """
    heads, lengths = offsets[:-1], np.diff(offsets)
    steps = np.diff(xy, axis=0, prepend=np.zeros((1, 2)))
    first_points = heads[feature_offsets[:-1]]
    steps[first_points] = xy[first_points]
    at = np.concatenate(([0], np.cumsum(2 * lengths + 2)))
    commands = np.zeros(at[-1], np.int64)
    commands[at[:-1]] = _MOVE_TO | 1 << 3
    commands[at[:-1] + 3] = _LINE_TO | (lengths - 1) << 3
    slot = np.arange(len(steps)) * 2 + np.repeat(at[:-1] - 2 * heads, lengths) + 2
    slot[heads] -= 1
    commands[slot], commands[slot + 1] = _zigzag(steps[:, 0]), _zigzag(steps[:, 1])
    encoded, starts = _varints(commands)
    cuts = starts[at[feature_offsets]].tolist()
    return [encoded[start:end].tobytes() for start, end in pairwise(cuts)]


def _zigzag(values: NDArray[np.float64]) -> NDArray[np.int64]:
    whole = values.astype(np.int64)
    return (whole << 1) ^ (whole >> 63)


def _varints(values: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Protocol Buffers' integers, seven bits a byte, and where each begins, with the end behind."""
    sizes = np.ones(len(values), np.int64)
    for bits in (7, 14, 21, 28):
        sizes += values >= 1 << bits
    starts = np.concatenate(([0], np.cumsum(sizes)))
    encoded = np.empty(starts[-1], np.uint8)
    for place in range(int(sizes.max(initial=0))):
        has = sizes > place
        more = np.where(sizes[has] > place + 1, 0x80, 0)
        encoded[starts[:-1][has] + place] = (values[has] >> 7 * place) & 0x7F | more
    return encoded, starts


@cache
def _number(value: int) -> bytes:
    """One such integer: a tile has thousands of small ones around its geometries, mostly the same."""
    low, rest = value & 0x7F, value >> 7
    return bytes((low | 0x80,)) + _number(rest) if rest else bytes((low,))


def _field(number: int, body: bytes) -> bytes:
    """A length-delimited field."""
    return _number(number << 3 | 2) + _number(len(body)) + body


def feature(kind: int, tags: tuple[int, ...], geometry: bytes) -> bytes:
    """`tags` alternates indices into the layer's keys and values."""
    packed = b"".join(_number(tag) for tag in tags)
    return _field(2, packed) + _number(3 << 3) + _number(kind) + _field(4, geometry)


def layer(
    name: str, features: Sequence[bytes], keys: Sequence[str], values: Sequence[str], extent: int
) -> bytes:
    body = b"".join(
        (
            _number(15 << 3) + _number(2),
            _field(1, name.encode()),
            *(_field(2, feature) for feature in features),
            *(_field(3, key.encode()) for key in keys),
            *(_field(4, _field(1, value.encode())) for value in values),
            _number(5 << 3) + _number(extent),
        )
    )
    return _field(3, body)
