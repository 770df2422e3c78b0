"""What a simulated day sends: our own records in the words that the service reads from strangers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dispatch.days import TimeWindow
from dispatch.fleet import Courier, Depot, Fleet, SwapPlace, VehicleModel
from dispatch.households import CollectionPoint, Household
from dispatch.orders import Order
from dispatch.simulation.mishaps import RoadClosed
from dispatch.simulation.telling import CourierReport
from routing.places import Place


def fleet_body(fleet: Fleet) -> dict[str, Any]:
    """The fleet as a file of the same words would state it."""
    return {
        "depot": _depot(fleet.depot),
        "vehicle_models": [_model(each) for each in fleet.models.values()],
        "couriers": [_courier(each) for each in fleet.couriers.values()],
        "swaps": [_swap(each) for each in fleet.swaps],
    }


def household_body(household: Household) -> dict[str, Any]:
    return {
        "household_id": household.household_id,
        "village": household.village,
        "name": household.name,
        "place": None if household.place is None else _place(household.place),
    }


def point_body(point: CollectionPoint) -> dict[str, Any]:
    return {
        "point_id": point.point_id,
        "village": point.village,
        "name": point.name,
        "place": _place(point.place),
        "hours": [
            {"opens": f"{each.opens:%H:%M}", "closes": f"{each.closes:%H:%M}"}
            for each in point.hours
        ],
    }


def order_body(order: Order) -> dict[str, Any]:
    told: dict[str, Any] = {
        "order_id": order.order_id,
        "pieces": order.pieces,
        "weight_g": order.weight_g,
        "volume_ml": order.volume_ml,
        "household_id": order.household_id,
        "windows": [_window(each) for each in order.windows],
        "handling": sorted(order.handling),
    }
    if order.point_id is not None:
        told["point_id"] = order.point_id
    for name, at in (("ready_at", order.ready_at), ("cut_off_at", order.cut_off_at)):
        if at is not None:
            told[name] = at.isoformat()
    return told


def report_body(report: CourierReport, at: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": report.kind,
        "event_id": report.report_id,
        "courier_id": report.courier_id,
        "order_ids": list(report.order_ids),
        "at": at,
    }
    return told if report.reason is None else told | {"reason": report.reason.value}


def closure_body(closed: RoadClosed, until: str) -> dict[str, Any]:
    return {
        "polygon": [_place(each) for each in closed.closure.polygon],
        "until_at": until,
        "reason": "simulated",
    }


def _place(place: Place) -> Mapping[str, float]:
    return {"lon": place.lon, "lat": place.lat}


def _window(window: TimeWindow) -> Mapping[str, str]:
    return {
        "earliest_at": window.earliest_at.isoformat(),
        "latest_at": window.latest_at.isoformat(),
    }


def _depot(depot: Depot) -> dict[str, Any]:
    return {
        "id": depot.depot_id,
        "name": depot.name,
        **_place(depot.place),
        "time_zone": depot.time_zone,
        "departures": [f"{each:%H:%M}" for each in depot.departures],
        "service_per_stop_s": depot.service_per_stop_s,
        "service_per_piece_s": depot.service_per_piece_s,
        "turnaround_s": depot.turnaround_s,
        "unload_per_piece_s": depot.unload_per_piece_s,
        "sorting_s": depot.sorting_s,
        "walk_max_m": depot.walk_max_m,
        "look_back_days": depot.look_back_days,
        "cold_factor": depot.cold_factor,
        **_yuan(depot),
        **_minutes(depot),
        **({} if depot.docks is None else {"docks": depot.docks}),
    }


def _yuan(depot: Depot) -> dict[str, float]:
    told = {
        "missed_cut_off_cost_yuan": depot.missed_cut_off_cost_fen,
        "unserved_cost_yuan": depot.unserved_cost_fen,
        "strange_village_cost_yuan": depot.strange_village_cost_fen,
        "reassign_cost_yuan": depot.reassign_cost_fen,
        "late_cost_per_hour_yuan": depot.late_cost_per_hour_fen,
        "window_early_cost_per_minute_yuan": depot.window_early_fen_per_minute,
        "window_late_cost_per_minute_yuan": depot.window_late_fen_per_minute,
        "walk_cost_per_km_yuan": depot.walk_cost_per_km_fen,
        "overtime_cost_per_hour_yuan": depot.overtime_cost_per_hour_fen,
    }
    return {name: fen / 100 for name, fen in told.items() if fen is not None}


def _minutes(depot: Depot) -> dict[str, float]:
    told = {
        "promise_early_minutes": depot.promise_early_s,
        "promise_late_minutes": depot.promise_late_s,
        "announce_ahead_minutes": depot.announce_ahead_s,
        "lock_ahead_minutes": depot.lock_ahead_s,
        "slack_minutes": depot.slack_s,
        "window_missed_max_minutes": depot.window_missed_max_s,
    }
    minutes = {name: seconds / 60 for name, seconds in told.items() if seconds is not None}
    if depot.overtime_after_s is not None:
        minutes["overtime_after_hours"] = depot.overtime_after_s / 3600
    return minutes


def _model(model: VehicleModel) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": model.model_id,
        "profile": model.profile,
        "name": model.name,
        "trips_max": model.trips_max,
        "fixed_cost_yuan": model.fixed_cost_fen / 100,
        "cost_per_km_yuan": model.cost_per_km_fen / 100,
        "cost_per_hour_yuan": model.cost_per_hour_fen / 100,
    }
    for name, value, per in (
        ("capacity_weight_kg", model.capacity_weight_g, 1000),
        ("capacity_volume_l", model.capacity_volume_ml, 1000),
        ("range_km", model.range_m, 1000),
    ):
        if value is not None:
            told[name] = value / per
    if model.capacity_pieces is not None:
        told["capacity_pieces"] = model.capacity_pieces
    return told


def _swap(swap: SwapPlace) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": swap.swap_id,
        "name": swap.name,
        **_place(swap.place),
        "minutes": swap.takes_s / 60,
        "vehicle_models": list(swap.model_ids),
    }
    if swap.charged_m_per_minute is not None:
        told["charges_km_per_minute"] = swap.charged_m_per_minute / 1000
    return told


def _courier(courier: Courier) -> dict[str, Any]:
    return {
        "id": courier.courier_id,
        "name": courier.name or courier.courier_id,
        "vehicle_model": courier.model_id,
        "shift": f"{courier.shift_starts:%H:%M}-{courier.shift_ends:%H:%M}",
        "breaks": [
            {
                "earliest": f"{each.earliest:%H:%M}",
                "latest": f"{each.latest:%H:%M}",
                "minutes": each.duration_s // 60,
            }
            for each in courier.breaks
        ],
        "skills": sorted(courier.skills),
        "villages": sorted(courier.villages),
        "hours_ahead": courier.ahead_s / 3600,
    }
