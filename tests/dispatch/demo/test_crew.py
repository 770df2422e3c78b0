"""The couriers of a demo day."""

import csv
import tomllib


def test_the_first_courier_can_carry_anything(demo):
    first = tomllib.loads(demo.fleet_toml.read_text("utf-8"))["couriers"][0]
    assert first["vehicle_model"] == "van"
    assert {"bulky", "two-person", "fragile"} <= set(first["skills"])


def test_three_wheelers_and_vans_are_mixed_and_no_three_wheeler_lifts_for_two(demo):
    couriers = tomllib.loads(demo.fleet_toml.read_text("utf-8"))["couriers"]
    vans = [courier for courier in couriers if courier["vehicle_model"] == "van"]
    assert len(vans) == 8
    assert len(couriers) == 20
    trikes = [courier for courier in couriers if courier["vehicle_model"] == "trike"]
    assert not any("two-person" in courier["skills"] for courier in trikes)
    with_lunch = [courier for courier in couriers if courier["breaks"]]
    assert len(with_lunch) > len(couriers) / 2


def test_vehicles_could_carry_the_day_several_times_over(demo):
    fleet = tomllib.loads(demo.fleet_toml.read_text("utf-8"))
    models = {model["id"]: model for model in fleet["vehicle_models"]}
    with demo.orders_csv.open(encoding="utf-8-sig", newline="") as lines:
        orders = list(csv.DictReader(lines))
    for demand, capacity in (("重量(kg)", "capacity_weight_kg"), ("体积(L)", "capacity_volume_l")):
        carried = sum(
            models[courier["vehicle_model"]][capacity]
            * models[courier["vehicle_model"]]["trips_max"]
            for courier in fleet["couriers"]
        )
        assert sum(float(order[demand]) for order in orders) < carried / 2
    heaviest = max(float(order["重量(kg)"]) for order in orders)
    assert heaviest < models["trike"]["capacity_weight_kg"]
