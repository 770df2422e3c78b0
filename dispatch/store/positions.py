"""Where couriers are: two keys of a day that expire with it, and no event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from dispatch.days import DepotDay
from dispatch.store.keys import DayKeys
from dispatch.store.rows import micros
from dispatch.store.scripts import Argument, Scripts, chunks
from routing.places import Place

_FAR_M: Final = 20_100_000
"""Half way round the earth: nobody is farther."""


class Positions:
    """The last position of each courier of a day."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    async def keep(
        self,
        day: DepotDay,
        entries: Sequence[tuple[str, datetime, Place, bytes]],
        *,
        kept_s: int,
    ) -> list[bool]:
        """Return for each whether it is the last one known now; all of the day's are gone in `kept_s`."""
        where = DayKeys(day)
        answers: list[bool] = []
        for chunk in chunks(entries):
            arguments: list[Argument] = [kept_s]
            for courier_id, at, place, body in chunk:
                arguments += (courier_id, micros(at), repr(place.lon), repr(place.lat), body)
            found: list[int] = await self._scripts.change(
                "keep_positions", [where.places, where.positions], arguments
            )
            answers += map(bool, found)
        return answers

    async def all(self, day: DepotDay) -> list[bytes]:
        found: list[bytes] = await self._scripts.fetch(("HVALS", DayKeys(day).positions))
        return [_body(each) for each in found]

    async def near(self, day: DepotDay, place: Place) -> list[tuple[bytes, float]]:
        """Each with its metres from `place` in a straight line, the nearest first."""
        where = DayKeys(day)
        found: list[tuple[bytes, bytes]] = await self._scripts.fetch(
            (
                *("GEOSEARCH", where.places, "FROMLONLAT", repr(place.lon), repr(place.lat)),
                *("BYRADIUS", _FAR_M, "m", "ASC", "WITHDIST"),
            )
        )
        if not found:
            return []
        names = [name for name, _ in found]
        bodies: list[bytes | None] = await self._scripts.fetch(("HMGET", where.positions, *names))
        return [
            (_body(body), float(distance_m))
            for body, (_, distance_m) in zip(bodies, found, strict=True)
            if body is not None
        ]


def _body(told: bytes) -> bytes:
    return told.partition(b" ")[2]
