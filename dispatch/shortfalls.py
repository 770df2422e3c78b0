"""What a plan falls short of: orders that it leaves out, with what would help, and facts of the day that clash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatch.fleet import CourierId, VehicleModelId
from dispatch.households import PointId
from dispatch.orders import JointId, OrderId
from routing.places import Place


class RemedyCode(StrEnum):
    SHIFT_BEGINS_EARLIER = "shift-begins-earlier"
    SHIFT_ENDS_LATER = "shift-ends-later"
    WINDOW_OPENS_EARLIER = "window-opens-earlier"
    WINDOW_CLOSES_LATER = "window-closes-later"
    LATER_TRUCK = "later-truck"
    MORE_RANGE = "more-range"
    OTHER_VEHICLE = "other-vehicle"
    ONE_MORE_COURIER = "one-more-courier"
    SKILLS_ADDED = "skills-added"
    COLLECTION_POINT = "collection-point"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """
    A change that would have an order picked up, `detail` a sentence for people.

    Only the facts that belong to the code are there.

    cost_fen
        What the day's routes then cost more.
    courier_id
        Who comes then. One more courier has no id yet.
    like_courier_id
        Whose vehicle, shift and skills one more courier would have.
    at
        When the shift, the window or the wait for the truck then begins or ends.
    minutes
        By how many that is earlier or later.
    """

    code: RemedyCode
    detail: str
    cost_fen: int
    courier_id: CourierId | None = None
    like_courier_id: CourierId | None = None
    at: datetime | None = None
    minutes: int | None = None
    distance_m: int | None = None
    model_id: VehicleModelId | None = None
    skills: tuple[str, ...] = ()
    point_id: PointId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unserved:
    """
    An order in no route: `reason` is a lasting code, `detail` a sentence for people.

    Each of `remedies` would do by itself, the cheapest first; orders of one halt share theirs.
    """

    order_id: OrderId
    reason: str
    detail: str
    place: Place | None = None
    remedies: tuple[Remedy, ...] = ()


class ClashCode(StrEnum):
    JOINT_MEMBER_IMPOSSIBLE = "joint-member-impossible"
    POINT_NEVER_OPEN = "point-never-open"
    BREAK_LONGER_THAN_SHIFT = "break-longer-than-shift"
    RANGE_BELOW_NEAREST_STOP = "range-below-nearest-stop"
    SWAP_OFF_ROAD = "swap-off-road"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Facts of a day that cannot all hold, the fewest that show it; `detail` is a sentence for people and says what to do."""

    code: ClashCode
    detail: str
    order_ids: tuple[OrderId, ...] = ()
    courier_ids: tuple[CourierId, ...] = ()
    point_id: PointId | None = None
    joint_id: JointId | None = None
