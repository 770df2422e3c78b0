"""`table`: durations and distances of all pairs, written while they are computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from api.errors import OsrmRefused
from api.osrm.asking import Asked
from api.osrm.drawing import drawing_of
from api.osrm.snapping import snap_all
from routing.matrix import UNREACHABLE
from routing.places import Place, great_circle_m
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap

MEMORY_MAX_BYTES: Final = 2 << 30
"""What a table may hold while it is written. 10,000 × 10,000 durations and distances need 0.4 GB."""

_BLOCK_CELLS: Final = 4_000_000
"""Cells computed at once: 32 MB, and no more than a second of silence. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Estimates:
    """How pairs without a path are estimated: metres per second along the great circle."""

    speed: float
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A table that is understood and may be written."""

    network: RoadNetwork
    profile: str
    origins: Sequence[Snap]
    destinations: Sequence[Snap]
    rows: Sequence[int]
    columns: Sequence[int]
    wanted: frozenset[str]
    scale: float | None
    estimates: _Estimates | None

    def written(self, head: bytes) -> Iterator[bytes]:
        """The answer after `head`, whose last brace is still open, in parts."""
        yield head
        both = len(self.wanted) == 2
        shape = len(self.rows), len(self.columns)
        kept_m = np.empty(shape if both else (0, 0), np.int32)
        estimated: list[tuple[int, int]] = []
        name = "durations" if "duration" in self.wanted else "distances"
        yield b',"%s":[' % name.encode()
        for row, durations_s, distances_m in self._blocks():
            values = durations_s if "duration" in self.wanted else distances_m
            if both:
                kept_m[row : row + len(distances_m)] = distances_m
            estimated += self._pairs_without_path(row, durations_s)
            yield from self._rows(row, values, is_duration=name == "durations")
        yield b"]"
        if both:
            yield b',"distances":['
            for row in range(0, len(kept_m), self._block_rows):
                block = kept_m[row : row + self._block_rows]
                yield from self._rows(row, block, is_duration=False)
            yield b"]"
        if self.estimates is not None:
            yield b',"fallback_speed_cells":' + msgspec.json.encode(estimated)
        yield b"}"

    @property
    def _block_rows(self) -> int:
        return max(1, _BLOCK_CELLS // max(1, len(self.columns)))

    def _blocks(self) -> Iterator[tuple[int, NDArray[np.int32], NDArray[np.int32]]]:
        for row in range(0, len(self.rows), self._block_rows):
            origins = self.origins[row : row + self._block_rows]
            yield row, *self.network.table(origins, self.destinations, self.profile)

    def _pairs_without_path(
        self, first_row: int, values: NDArray[np.int32]
    ) -> list[tuple[int, int]]:
        if self.estimates is None:
            return []
        rows, columns = np.nonzero(values >= UNREACHABLE)
        return list(zip((rows + first_row).tolist(), columns.tolist(), strict=True))

    def _rows(
        self, first_row: int, block: NDArray[np.int32], *, is_duration: bool
    ) -> Iterator[bytes]:
        scale = self.scale if is_duration else None
        separator = b"," if first_row else b""
        for number, row in enumerate(block, start=first_row):
            values: list[float | None] = row.tolist()
            if scale is not None:
                values = (row * scale).round(1).tolist()
            for column in np.flatnonzero(row >= UNREACHABLE).tolist():
                values[column] = self._estimate(number, column, scale, is_duration=is_duration)
            yield separator + msgspec.json.encode(values)
            separator = b","

    def _estimate(
        self, row: int, column: int, scale: float | None, *, is_duration: bool
    ) -> float | None:
        if self.estimates is None:
            return None
        places = self.estimates.places
        straight_m = great_circle_m(places[self.rows[row]], places[self.columns[column]])
        if not is_duration:
            return round(straight_m, 1)
        return round(straight_m / self.estimates.speed * (scale or 1.0), 1)


def table(network: RoadNetwork, profile: str, asked: Asked) -> Iterator[bytes]:
    """
    OSRM's answer to `table` in parts, computed as they are asked for; refused before the first.

    Raises
    ------
    OsrmRefused
        TooBig among others: it says what the table would need.
    """
    wanted = asked.several("annotations", {"duration", "distance"}) or frozenset({"duration"})
    rows, columns = asked.indices("sources"), asked.indices("destinations")
    everywhere = tuple(range(len(asked.places)))
    rows = everywhere if rows is None else rows
    columns = everywhere if columns is None else columns
    scale = asked.number("scale_factor")
    speed = asked.number("fallback_speed")
    at_input = asked.choice("fallback_coordinate", {"input": True, "snapped": False}, default=True)
    needed = 4 * len(rows) * len(columns) if len(wanted) == 2 else 0
    if needed > MEMORY_MAX_BYTES:
        raise OsrmRefused(
            "TooBig",
            f"{len(rows):,} × {len(columns):,} durations and distances need {needed / 1e9:.1f} GB"
            f" at once, of {MEMORY_MAX_BYTES / 1e9:.1f}: ask for one annotation at a time, or for"
            " fewer sources",
        )
    with_waypoints = not asked.flag("skip_waypoints", default=False)
    snaps = snap_all(network, profile, asked)
    head: dict[str, object] = {"code": "Ok"}
    if with_waypoints:
        drawing = drawing_of(network, profile, asked)
        head["sources"] = [drawing.waypoint(snaps[i]) for i in rows]
        head["destinations"] = [drawing.waypoint(snaps[i]) for i in columns]
    estimates = None
    if speed is not None:
        places = asked.places if at_input else tuple(snap.place for snap in snaps)
        estimates = _Estimates(speed=speed, places=places)
    understood = _Table(
        network=network,
        profile=profile,
        origins=[snaps[i] for i in rows],
        destinations=[snaps[i] for i in columns],
        rows=rows,
        columns=columns,
        wanted=wanted,
        scale=scale,
        estimates=estimates,
    )
    return understood.written(msgspec.json.encode(head)[:-1])
