"""The road network as pages need it: tiles, attribution, version; loaded once, off the event loop."""

from __future__ import annotations

import asyncio
import gzip
from functools import lru_cache
from pathlib import Path

from routing.errors import RoutingError
from routing.roads.network import RoadNetwork
from routing.roads.tiles import TilePainter


class Roads:
    """One network file; None where no roads are configured."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._network: RoadNetwork | None = None
        self._painter: TilePainter | None = None
        self.trouble = "" if path else "no roads are configured: set CUNLU_ROADS"
        self._tile = lru_cache(maxsize=2048)(self._paint)

    async def load(self) -> None:
        """Read the file; what is wrong with it is kept in `trouble` and told by /readyz."""
        if self._path is None:
            return
        try:
            self._network = await asyncio.to_thread(RoadNetwork.load, self._path)
            self._painter = await asyncio.to_thread(lambda: TilePainter(self.network.edges()))
        except (RoutingError, OSError) as error:
            self.trouble = str(error)

    @property
    def network(self) -> RoadNetwork:
        assert self._network is not None, "asked for roads that are not loaded"
        return self._network

    @property
    def is_loaded(self) -> bool:
        return self._painter is not None

    async def tile(self, z: int, x: int, y: int) -> bytes:
        """A vector tile, gzipped; painted in a thread and kept."""
        return await asyncio.to_thread(self._tile, z, x, y)

    def _paint(self, z: int, x: int, y: int) -> bytes:
        assert self._painter is not None
        return gzip.compress(self._painter.tile(z, x, y), compresslevel=6, mtime=0)
