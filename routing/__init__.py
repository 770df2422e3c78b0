"""Places, roads, visits and vehicles: the mathematics of routes, which never heard of an order."""

from pathlib import Path

from routing.stale import forget_stale_kernels

forget_stale_kernels(Path(__file__).parent)
