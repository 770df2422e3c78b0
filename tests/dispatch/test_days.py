from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.days import DayClock

SHANGHAI = DayClock(date(2026, 11, 11), ZoneInfo("Asia/Shanghai"))


def test_a_day_begins_at_local_midnight():
    assert SHANGHAI.seconds(datetime(2026, 11, 10, 16, 0, tzinfo=UTC)) == 0
    assert SHANGHAI.seconds_of(time(18, 30)) == 18 * 3600 + 30 * 60


@pytest.mark.parametrize(
    ("day", "noon_s"),
    [
        (date(2026, 3, 29), 11 * 3600),  # Berlin loses an hour
        (date(2026, 10, 25), 13 * 3600),  # and gets it back
        (date(2026, 7, 1), 12 * 3600),
    ],
)
def test_seconds_count_real_time_when_clocks_change(day, noon_s):
    assert DayClock(day, ZoneInfo("Europe/Berlin")).seconds_of(time(12)) == noon_s


@given(st.integers(-86_400, 2 * 86_400), st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]))
def test_a_moment_and_its_seconds_are_inverse(seconds, zone):
    clock = DayClock(date(2026, 10, 25), ZoneInfo(zone))
    assert clock.seconds(clock.moment(seconds)) == seconds
