"""Files in: registries, orders and fleets as courier companies have them; docs/files.md is their reference."""

from dispatch.intake.columns import PLATFORMS, ExportMapping, mapping_from_toml
from dispatch.intake.files import LIMIT_BYTES
from dispatch.intake.fleet import read_fleet
from dispatch.intake.orders import read_orders
from dispatch.intake.problems import (
    FileRefused,
    FleetInvalid,
    FleetProblem,
    RowCode,
    RowProblem,
)
from dispatch.intake.registry import Kind, read_registry, registry_of
from dispatch.intake.rows import Intake

__all__ = [
    "LIMIT_BYTES",
    "PLATFORMS",
    "ExportMapping",
    "FileRefused",
    "FleetInvalid",
    "FleetProblem",
    "Intake",
    "Kind",
    "RowCode",
    "RowProblem",
    "mapping_from_toml",
    "read_fleet",
    "read_orders",
    "read_registry",
    "registry_of",
]
