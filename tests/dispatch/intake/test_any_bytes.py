"""Whatever a file holds: an intake, or an error with a name. And valid rows come back as they were."""

import csv
import io
import json
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import openpyxl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatch.days import DayClock, TimeWindow
from dispatch.errors import DispatchError
from dispatch.households import Household, HouseholdId, Registry
from dispatch.intake import Intake, read_fleet, read_orders, read_registry
from dispatch.orders import Handling, Order, OrderId
from routing.places import Place

DAY = DayClock(date(2026, 11, 11), ZoneInfo("Asia/Shanghai"))
HOUSEHOLD = Household(
    household_id=HouseholdId("0412"), village="东风村", name="王小雨", place=Place(118.1, 33.9)
)
REGISTRY = Registry(households={HOUSEHOLD.household_id: HOUSEHOLD})


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["id", "household", "pieces"])
    book.active.append(["1", "0412", 2])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


WORKBOOK = _workbook()
CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["0412", "09:30", "25:99", "1e999", "-0", "2026-13-41 09:00", "09:00-11:00;", "Z", '=""', "'"]),
    st.from_regex(r"\d{1,4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}([+-]\d{2}:\d{2})?", fullmatch=True),
    st.floats().map(str),
)  # fmt: skip
ROWS = st.lists(st.lists(CELLS, min_size=14, max_size=14), max_size=4)
ORDER_HEADER = "id,household,shop,point,pickup_address,lon,lat,crs,pieces,weight_kg,ready,windows,handling,note"
REGISTRY_HEADER = "id,village,name,phone,lon,lat,crs,address,aliases,hours,capacity_pieces,capacity_volume_l,kind,x"
FLEET_HEADER = "depot_id,depot_name,depot_lon,depot_lat,depot_departures,vehicle_model,model_profile,model_range_km,courier_id,courier_name,shift,breaks,skills,courier_phone"


def _csv(header: str, rows: list[list[str]]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return written.getvalue().encode("utf-8", "surrogatepass")


def _damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    places = st.integers(0, len(whole) - 1)
    return st.lists(st.tuples(places, st.integers(0, 255)), max_size=8).map(
        lambda changes: _with(whole, changes)
    )


def _with(whole: bytes, changes: list[tuple[int, int]]) -> bytes:
    changed = bytearray(whole)
    for place, byte in changes:
        changed[place] = byte
    return bytes(changed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "household", "pieces", "orders", "windows", ""]), inner
        )
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())

ANYTHING = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=80).map(lambda tail: b"id,household,pieces\n" + tail),
    _damaged(WORKBOOK),
    st.integers(0, len(WORKBOOK)).map(lambda length: WORKBOOK[:length]),
    JSON,
    ROWS.map(lambda rows: _csv(ORDER_HEADER, rows)),
    ROWS.map(lambda rows: _csv(REGISTRY_HEADER, rows)),
    ROWS.map(lambda rows: _csv(FLEET_HEADER, rows)),
)


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
@example(b"id,household\n\xef\xbb\xbf")
@example(b'{"id": ' + b"[" * 50_000)
@example(b'[{"id": ' + b"9" * 5000 + b', "household": "0412"}]')
@example(b"id,household\n1," + b"x" * 200_000 + b"\n2,0412\n")
@example(b"depot = [" * 5000)
def test_any_bytes_are_an_intake_or_an_error_with_a_name(data):
    readers = (
        lambda: read_orders(data, name="any", day=DAY, registry=REGISTRY),
        lambda: read_orders(
            data, name="any", day=DAY, registry=REGISTRY, mapping="1688", seller="x"
        ),
        lambda: read_registry(data, name="any"),
        lambda: read_fleet(data, name="any"),
    )
    for read in readers:
        try:
            taken = read()
        except DispatchError as refused:
            str(refused).encode()
        else:
            repr(taken).encode()
            if isinstance(taken, Intake):
                lines = [each.line for each in taken.problems]
                assert lines == sorted(lines)


MINUTES = st.integers(0, 24 * 60 - 1)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    bounds = sorted(draw(st.sets(MINUTES, max_size=6)))
    windows = [(a, b) for a, b in zip(bounds[::2], bounds[1::2], strict=False)]
    ready = draw(st.none() | st.integers(0, bounds[1] if windows else 1439))
    text = st.text(
        st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20
    )
    own_id = draw(st.from_regex(r"[A-Z0-9][A-Za-z0-9/_-]{0,20}", fullmatch=True))
    return Order(
        order_id=OrderId(own_id),
        household_id=HOUSEHOLD.household_id,
        place=draw(st.none() | st.builds(Place, st.floats(73, 135), st.floats(18, 53))),
        pieces=draw(st.integers(1, 10_000)),
        weight_g=draw(st.integers(0, 20_000_000)),
        volume_ml=draw(st.integers(0, 200_000_000)),
        ready_at=None if ready is None else DAY.moment(ready * 60),
        windows=tuple(TimeWindow(DAY.moment(a * 60), DAY.moment(b * 60)) for a, b in windows),
        cut_off_at=draw(st.none() | st.just(DAY.moment(86_400))),
        handling=draw(st.frozensets(st.sampled_from(Handling))),
        note=draw(st.just("") | text),
    )  # fmt: skip


def _cells(order: Order) -> dict[str, str]:
    stamp = "%Y-%m-%d %H:%M"
    ready, cut_off = order.ready_at, order.cut_off_at
    return {
        "id": order.order_id,
        "household": order.household_id or "",
        "lon": "" if order.place is None else repr(order.place.lon),
        "lat": "" if order.place is None else repr(order.place.lat),
        "pieces": str(order.pieces),
        "weight_kg": f"{order.weight_g // 1000}.{order.weight_g % 1000:03}",
        "volume_l": f"{order.volume_ml // 1000}.{order.volume_ml % 1000:03}",
        "ready": "" if ready is None else ready.strftime("%H:%M"),
        "windows": ";".join(f"{w.earliest_at:%H:%M}-{w.latest_at:%H:%M}" for w in order.windows),
        "cut_off": "" if cut_off is None else cut_off.strftime(stamp),
        "handling": "|".join(sorted(order.handling)),
        "note": order.note,
    }


@settings(max_examples=60, deadline=timedelta(seconds=2))
@given(st.lists(orders(), min_size=1, max_size=5, unique_by=lambda each: each.order_id))
def test_valid_orders_come_back_from_every_format_as_they_were(expected):
    rows = [_cells(each) for each in expected]
    header = ",".join(rows[0])
    files = [
        _csv(header, [list(row.values()) for row in rows]),
        json.dumps(rows).encode(),
        "\n".join(json.dumps(row) for row in rows).encode(),
    ]
    for data in files:
        taken = read_orders(data, name="round trip", day=DAY, registry=REGISTRY)
        assert taken.problems == taken.unresolved == ()
        assert taken.accepted == tuple(expected)
