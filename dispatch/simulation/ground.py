"""The ground of a simulated day: its places, and the drives between them as the road network has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dispatch.fleet import Fleet
from dispatch.offers import WALKING_M_PER_S
from routing.matrix import UNREACHABLE, TravelMatrix
from routing.places import Place
from routing.roads.closures import Closure
from routing.roads.network import RoadNetwork
from routing.roads.snap import PlaceOffRoad, Snap


@dataclass(frozen=True, slots=True)
class Drive:
    duration_s: int
    distance_m: int


STAYS = Drive(0, 0)


@dataclass(frozen=True, slots=True)
class Ground:
    """
    Drives between the day's places for every profile of the fleet.

    `rows` are those of the matrices, for places that every profile reaches from the depot and leaves for
    it, the depot itself among them; nobody asks for others. `gaps_m` are from the road to each place, for the
    profile that must stop farthest away.
    """

    network: RoadNetwork
    depot: Place
    rows: Mapping[Place, int]
    gaps_m: Mapping[Place, float]
    matrices: Mapping[str, TravelMatrix]

    @classmethod
    def of(cls, network: RoadNetwork, fleet: Fleet, places: Iterable[Place]) -> Ground:
        depot = fleet.depot.place
        profiles = {fleet.models[each.model_id].profile for each in fleet.couriers.values()}
        wanted = tuple(dict.fromkeys((depot, *places)))
        found = {profile: network.snap(wanted, profile) for profile in sorted(profiles)}
        matrices = {profile: _matrix(network, profile, each) for profile, each in found.items()}
        rows = {
            place: row
            for row, place in enumerate(wanted)
            if all(
                max(each.durations_s[0, row], each.durations_s[row, 0]) < UNREACHABLE
                for each in matrices.values()
            )
        }
        gaps_m = {
            place: max(snap.gap_m for each in found.values() if isinstance(snap := each[row], Snap))
            for place, row in rows.items()
        }
        return cls(network, depot, rows, gaps_m, matrices)

    def drive(self, profile: str, origin: Place, target: Place) -> Drive | None:
        """As planned; None: no way leads there."""
        if origin == target:
            return STAYS
        matrix = self.matrices[profile]
        ends = self.rows[origin], self.rows[target]
        duration_s = int(matrix.durations_s[ends])
        if duration_s >= UNREACHABLE:
            return None
        return Drive(duration_s, int(matrix.distances_m[ends]))

    def walk_s(self, place: Place) -> int:
        """From the vehicle to the door and back."""
        return round(2 * self.gaps_m[place] / WALKING_M_PER_S)

    def closed(self, closures: Iterable[Closure]) -> Ground:
        """The same places with roads closed: one that lies at a closed road is reached from another."""
        network = self.network.with_closures(list(closures))
        places = tuple(self.rows)
        matrices = {
            profile: _matrix(network, profile, network.snap(places, profile))
            for profile in self.matrices
        }
        rows = {place: row for row, place in enumerate(places)}
        return Ground(network, self.depot, rows, self.gaps_m, matrices)


def _matrix(
    network: RoadNetwork, profile: str, snaps: Sequence[Snap | PlaceOffRoad]
) -> TravelMatrix:
    """Between all places; those without a road near are out of reach, also of themselves."""
    known = [row for row, snap in enumerate(snaps) if isinstance(snap, Snap)]
    inner = network.matrix([snap for snap in snaps if isinstance(snap, Snap)], profile)
    shape = (len(snaps), len(snaps))
    durations_s = np.full(shape, UNREACHABLE, dtype=np.int32)
    distances_m = np.full(shape, UNREACHABLE, dtype=np.int32)
    for whole, part in ((durations_s, inner.durations_s), (distances_m, inner.distances_m)):
        whole[np.ix_(known, known)] = part
    return TravelMatrix(
        durations_s=durations_s, distances_m=distances_m, provenance=inner.provenance
    )
