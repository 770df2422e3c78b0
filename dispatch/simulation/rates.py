"""The rates of the simulated world: one file, and every figure says where it comes from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from dispatch.errors import DispatchError


class RatesInvalid(DispatchError):
    """A file of rates that does not say all it must; every problem is listed."""

    code: ClassVar[str] = "rates-invalid"

    def __init__(self, file: str, problems: tuple[str, ...]) -> None:
        self.file, self.problems = file, problems
        super().__init__(
            f"{file}: {'; '.join(problems)}: begin from dispatch/simulation/rates.toml"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What rates.toml holds, which says of each what it means."""

    morning_s: float
    household_tail: float
    known_at_start_share: tuple[float, ...]
    order_peaks_s: tuple[float, ...]
    order_spread_s: float
    last_order_s: float
    packing_s: float
    windowed_share: float
    early_truck_share: float
    at_point_share: float
    bulky_household_share: float
    bulky_weight_g: float
    small_weight_g: float
    weight_spread: float
    volume_ml_per_g: float
    cancelled_share: float
    not_ready_share: float
    not_ready_delay_s: float
    no_show_share: float
    patience_s: float
    volume_surprise_share: float
    volume_surprise_spread: float
    day_spread: float
    hour_factors: tuple[float, ...]
    cell_m: float
    cell_day_spread: float
    cell_hour_spread: float
    leg_spread: float
    pace_spread: float
    service_spread: float
    couriers_per_dock: float
    unload_spread: float
    truck_late_s: float
    sick_share: float
    sick_told_s: float
    breakdown_share: float
    rescue_s: float
    closures_mean: float
    closure_s: float
    closure_told_s: float
    signal_lost_share: float
    signal_delay_s: float
    overtime_max_s: float


_LENGTHS = {"known_at_start_share": 2, "order_peaks_s": 2, "hour_factors": 24}


def read_rates(path: Path | None = None) -> Rates:
    """
    The rates of a TOML file; None: our own.

    Raises
    ------
    RatesInvalid
        A rate is missing, unknown, without its source, or no such figure.
    """
    name = "rates.toml" if path is None else path.name
    raw = (
        resources.files("dispatch.simulation").joinpath("rates.toml").read_bytes()
        if path is None
        else path.read_bytes()
    )
    try:
        told = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RatesInvalid(name, (f"it is no TOML ({error})",)) from error
    names = [each.name for each in fields(Rates)]
    problems = [f"{each} is no rate" for each in told if each not in names]
    problems += [
        problem for each in names if (problem := _problem(each, told.get(each))) is not None
    ]
    if problems:
        raise RatesInvalid(name, tuple(problems))
    return msgspec.convert({each: told[each]["value"] for each in names}, Rates)


def _problem(name: str, entry: Any) -> str | None:
    if not isinstance(entry, Mapping) or entry.keys() != {"value", "source"}:
        return f"{name} must have a value and a source, and nothing else"
    if not isinstance(entry["source"], str) or not entry["source"].strip():
        return f"{name} does not say where it comes from"
    value = entry["value"]
    figures = value if isinstance(value, list) else [value]
    if isinstance(value, list) != (name in _LENGTHS) or len(figures) != _LENGTHS.get(name, 1):
        return f"{name} must be {_LENGTHS.get(name, 1)} figures"
    for figure in figures:
        if isinstance(figure, bool) or not isinstance(figure, int | float) or not figure >= 0:
            return f"{name} must be a number, not negative"
        if name.endswith("_share") and figure > 1:
            return f"{name} is a share: at most 1"
    return None
