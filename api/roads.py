"""The road network as questions and pages need it: read off the event loop, and anew when its file is."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from api.errors import ApiError
from dispatch.closures import TimedClosure, closed
from routing.errors import RoutingError
from routing.roads.network import RoadNetwork
from routing.roads.tiles import TilePainter

LOOK_EVERY_S: Final = 2.0
"""How often the file is looked at. Chosen: a new network takes longer to build than to be noticed."""

_logger = logging.getLogger(__name__)


class _Reading:
    """The file as it was read once, and the tiles painted of it."""

    def __init__(self, path: Path) -> None:
        self.network = RoadNetwork.load(path)
        self._painter = TilePainter(self.network.edges())
        self.tile = lru_cache(maxsize=2048)(self._paint)

    def _paint(self, z: int, x: int, y: int) -> bytes:
        return gzip.compress(self._painter.tile(z, x, y), compresslevel=6, mtime=0)


class Roads:
    """
    The network of one file; none where no roads are configured.

    trouble
        Why there is no network yet.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._reading: _Reading | None = None
        self.trouble = "the roads are still being loaded: ask again"
        if path is None:
            self.trouble = "no roads are configured: set CUNLU_ROADS"

    async def follow(self) -> None:
        """
        Read the file, and again whenever it is replaced, until cancelled.

        A file that cannot be read changes nothing: the network before stays, if there is one.
        """
        if self._path is None:
            return
        seen = None
        while True:
            stamp = await asyncio.to_thread(_stamp, self._path)
            if stamp != seen:
                seen = stamp
                try:
                    self._reading = await asyncio.to_thread(_Reading, self._path)
                except (RoutingError, OSError) as error:
                    self.trouble = str(error)
                    _logger.warning("the roads cannot be read", extra={"error": self.trouble})
            await asyncio.sleep(LOOK_EVERY_S)

    @property
    def is_loaded(self) -> bool:
        return self._reading is not None

    @property
    def network(self) -> RoadNetwork:
        """
        The network without closures.

        Raises
        ------
        ApiError
            503: there is none, or not yet.
        """
        return self._read().network

    async def closed(self, closures: Iterable[TimedClosure]) -> RoadNetwork:
        """The network under `closures`, worked out in a thread. Raises as `network` does."""
        return await asyncio.to_thread(closed, self.network, tuple(closures))

    async def tile(self, z: int, x: int, y: int) -> bytes:
        """A vector tile, gzipped; painted in a thread and kept. Raises as `network` does."""
        return await asyncio.to_thread(self._read().tile, z, x, y)

    def _read(self) -> _Reading:
        if self._reading is None:
            raise ApiError(503, "roads-unavailable", self.trouble, Retry_After="2")
        return self._reading


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What tells a file from the one that replaces it; None: there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
