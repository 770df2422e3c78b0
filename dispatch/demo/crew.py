"""The fleet of a demo day as the TOML that a user would write."""

from __future__ import annotations

import numpy as np

from dispatch.demo.landscape import Landscape
from dispatch.demo.people import person, phone

# Wages, rents and energy in yuan are plausible for a county town and chosen, not measured.
_MODELS = """
[[vehicle_models]]
id = "trike"
profile = "trike"
name = "电动三轮车"
capacity_weight_kg = 180
capacity_volume_l = 1200
range_km = 60
trips_max = 4
fixed_cost_yuan = 25
cost_per_km_yuan = 0.15
cost_per_hour_yuan = 22

[[vehicle_models]]
id = "van"
profile = "van"
name = "面包车"
capacity_weight_kg = 1000
capacity_volume_l = 6000
trips_max = 3
fixed_cost_yuan = 80
cost_per_km_yuan = 0.7
cost_per_hour_yuan = 30
"""
_SHIFTS = ("08:00-18:30", "08:00-18:30", "07:30-18:30", "09:00-18:30")
_LUNCHES = ('{ earliest = "11:00", latest = "13:30", minutes = 30 }', "")
_LUNCH_SHARE = 0.8
# Of five couriers in turn two drive vans, and one of these has a mate: furniture is a third of what
# Shaji sends and a van carries several times what a three-wheeler does.
_CREW = (
    ("van", ("bulky", "two-person")),
    ("trike", ()),
    ("trike", ("bulky",)),
    ("van", ("bulky",)),
    ("trike", ()),
)
_EVERYBODY = ("fragile", "keep-dry")


def fleet_toml(
    rng: np.random.Generator, landscape: Landscape, couriers: int, *, depot_id: str, time_zone: str
) -> str:
    """The depot, two kinds of vehicle and `couriers` couriers; the first can carry anything."""
    depot = landscape.depot
    parts = [
        f"""# A demo depot. Couriers are invented; capacities, costs and shifts are plausible, not measured.
[depot]
id = "{depot_id}"
name = "{_escaped(landscape.depot_name)}"
lon = {depot.lon:.6f}
lat = {depot.lat:.6f}
time_zone = "{time_zone}"
departures = ["12:30", "18:30"]
service_per_stop_s = 90
service_per_piece_s = 15
turnaround_s = 600
unserved_cost_yuan = 500
{_MODELS}"""
    ]
    for number in range(1, couriers + 1):
        model, skills = _CREW[(number - 1) % len(_CREW)]
        lunch = _LUNCHES[int(rng.random() >= _LUNCH_SHARE)]
        words = ", ".join(f'"{skill}"' for skill in (*skills, *_EVERYBODY))
        parts.append(f"""
[[couriers]]
id = "c{number:02d}"
name = "{person(rng)}"
phone = "{phone(rng)}"
vehicle_model = "{model}"
shift = "{rng.choice(_SHIFTS)}"
breaks = [{lunch}]
skills = [{words}]
""")
    return "".join(parts)


def _escaped(text: str) -> str:
    """`text` inside a TOML string: names of real places may hold quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
