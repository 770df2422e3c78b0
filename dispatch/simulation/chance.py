"""Chance by name: the same seed and the same name draw the same, whatever else was drawn before."""

from __future__ import annotations

import math
import random


def chance(seed: int, *name: object) -> random.Random:
    """
    A generator for one thing of the world.

    So two policies meet the same world, although they come to its parts in another order: common
    random numbers.
    """
    return random.Random(" ".join(map(str, (seed, *name))))


def factor(draw: random.Random, spread: float) -> float:
    """A log-normal factor of mean 1; `spread` is the standard deviation of its logarithm."""
    return math.exp(draw.gauss(-spread * spread / 2, spread))


def waiting_s(draw: random.Random, mean_s: float) -> int:
    """Exponential, whole seconds; 0 if the mean is."""
    return round(draw.expovariate(1 / mean_s)) if mean_s > 0 else 0
