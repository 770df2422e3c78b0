"""The travel matrix: seconds and metres from each place to every other, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError

UNREACHABLE: Final = 1 << 30
"""Marks a pair without a path, in seconds and in metres. Two of them still fit an int32."""


class MatrixRefused(RoutingError):
    """Arrays that are no travel matrix."""

    code: ClassVar[str] = "matrix-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a matrix comes from: enough to tell whether it may be reused."""

    network: str
    """The road network's version, or a name for matrices that no network made."""
    profile: str
    estimated: bool = False
    """True where the numbers were not measured on roads; such a matrix must be shown as an estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelMatrix:
    """
    Durations and distances of the fastest paths between n places.

    Both arrays are int32 of shape (n, n), row = from, column = to; `distances_m` is the length of
    the *fastest* path. A pair without a path holds UNREACHABLE in both. The diagonal is 0.

    Raises
    ------
    MatrixRefused
        Shapes differ or are not square, or a value is negative or above UNREACHABLE.
    """

    durations_s: NDArray[np.int32]
    distances_m: NDArray[np.int32]
    provenance: Provenance

    def __post_init__(self) -> None:
        shape = self.durations_s.shape
        if len(shape) != 2 or shape[0] != shape[1] or self.distances_m.shape != shape:
            raise MatrixRefused(
                f"durations {shape} and distances {self.distances_m.shape} must be one square shape"
            )
        for name, values in (("durations_s", self.durations_s), ("distances_m", self.distances_m)):
            if values.dtype != np.int32:
                raise MatrixRefused(f"{name} must be int32, not {values.dtype}")
            if values.size and (values.min() < 0 or values.max() > UNREACHABLE):
                raise MatrixRefused(f"{name} must lie in 0…{UNREACHABLE}")
            values.setflags(write=False)

    @property
    def size(self) -> int:
        return int(self.durations_s.shape[0])

    @property
    def reachable(self) -> NDArray[np.bool_]:
        """Shape (n, n): whether a path exists."""
        return self.durations_s < UNREACHABLE
