"""Drives between stops and the places of new orders: what of the roads one new order needs to know."""

from __future__ import annotations

from collections.abc import Sequence

from routing.matrix import UNREACHABLE
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.roads.snap import PlaceOffRoad, Snap


class Drives:
    """Seconds and metres between stops and the places of new orders; positions on roads are kept."""

    def __init__(self, network: RoadNetwork, snaps: dict[tuple[str, Place], Snap | None]) -> None:
        self.network = network
        self._snaps = snaps

    def between(
        self, places: Sequence[Place], place: Place, profile: str
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """For each of `places` the drive to `place`, and the one from it."""
        missing = [each for each in (*places, place) if (profile, each) not in self._snaps]
        for each, found in zip(missing, self.network.snap(missing, profile), strict=True):
            self._snaps[profile, each] = None if isinstance(found, PlaceOffRoad) else found
        there = self._snaps[profile, place]
        to = [(UNREACHABLE, UNREACHABLE)] * len(places)
        back = list(to)
        snaps = [self._snaps[profile, each] for each in places]
        known = [number for number, snap in enumerate(snaps) if snap is not None]
        positions = [snap for snap in snaps if snap is not None]
        if there is None or not positions:
            return to, back
        for drives, tables in (
            (to, self.network.table(positions, [there], profile)),
            (back, self.network.table([there], positions, profile)),
        ):
            for number, seconds, metres in zip(
                known, *(each.ravel().tolist() for each in tables), strict=True
            ):
                drives[number] = (seconds, metres)
        return to, back
