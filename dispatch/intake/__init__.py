"""Files in: registries, orders and fleets as courier companies have them; docs/files.md is their reference."""

from dispatch.intake.columns import PLATFORMS, ExportMapping, mapping_from_toml
from dispatch.intake.files import LIMIT_BYTES
from dispatch.intake.fleet import read_fleet
from dispatch.intake.fleet_changes import change_fleet
from dispatch.intake.orders import read_orders
from dispatch.intake.places import read_places
from dispatch.intake.problems import (
    BadCell,
    FileRefused,
    FleetInvalid,
    FleetProblem,
    RowCode,
    RowProblem,
)
from dispatch.intake.registry import Kind, read_registry, registry_of
from dispatch.intake.rows import Intake
from dispatch.intake.rules import (
    at_address,
    at_match,
    drop_objections,
    point_doubts,
    price_doubts,
    softness_doubts,
    time_objections,
)

__all__ = [
    "LIMIT_BYTES",
    "PLATFORMS",
    "BadCell",
    "ExportMapping",
    "FileRefused",
    "FleetInvalid",
    "FleetProblem",
    "Intake",
    "Kind",
    "RowCode",
    "RowProblem",
    "at_address",
    "at_match",
    "change_fleet",
    "drop_objections",
    "mapping_from_toml",
    "point_doubts",
    "price_doubts",
    "read_fleet",
    "read_orders",
    "read_places",
    "read_registry",
    "registry_of",
    "softness_doubts",
    "time_objections",
]
