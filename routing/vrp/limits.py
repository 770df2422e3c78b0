"""Limits of the numbers in a problem's statement, so that sums of them fit into int64."""

from typing import Final

MOMENT_MAX_S: Final = 1 << 30
"""Moments and durations stay below this, so that a sum of a thousand of them is far from 2⁶³."""

TOTAL_MAX: Final = 1 << 60
"""No load total and no thinkable cost may reach this: searches add and compare in int64."""

PRICE_MAX: Final = 1 << 30
"""Prices of a metre and of a second stay below this: searches price ways that do not exist before
they look whether they do, and such a way is 2³⁰ long."""
