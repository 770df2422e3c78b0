"""A day, a small registry and short ways to read text as a file."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dispatch.days import DayClock
from dispatch.households import CollectionPoint, Household, HouseholdId, PointId, Registry
from dispatch.intake import Intake, read_orders
from dispatch.orders import Order
from routing.places import Place


@pytest.fixture(scope="session")
def examples() -> Path:
    return Path(__file__).resolve().parents[3] / "examples" / "files"


@pytest.fixture(scope="session")
def day() -> DayClock:
    return DayClock(date(2026, 11, 11), ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="session")
def registry() -> Registry:
    households = (
        Household(
            household_id=HouseholdId("0412"),
            village="东风村",
            name="王小雨",
            address="3组12号",
            place=Place(118.139, 33.904),
            aliases=("小雨家具",),
        ),
        Household(
            household_id=HouseholdId("0413"),
            village="东风村",
            name="李建国",
            place=Place(118.138, 33.905),
            aliases=("建国沙发厂",),
        ),
        Household(household_id=HouseholdId("0501"), village="夏圩村", name="李建国"),
        Household(
            household_id=HouseholdId("0500"), village="夏圩村", name="孙大勇", address="2组7号"
        ),
    )
    point = CollectionPoint(
        point_id=PointId("P-DF"), village="东风村", name="东风村代收点", place=Place(118.14, 33.905)
    )
    return Registry(
        households={each.household_id: each for each in households},
        points={point.point_id: point},
    )


@pytest.fixture
def read(day: DayClock, registry: Registry) -> Callable[..., Intake[Order]]:
    """Reads text or bytes as an order file."""

    def read(content: str | bytes, **options) -> Intake[Order]:
        data = content.encode() if isinstance(content, str) else content
        return read_orders(data, name="orders", day=day, registry=registry, **options)

    return read
