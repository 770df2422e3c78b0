"""Small pure words: ids, keys, clocks, settings."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dispatch.access import Identity, Role, digest_of, key_id_of, new_secret
from dispatch.clock import ScaledClock, SystemClock
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.ids import IdMalformed, checked_text_id, day_of_job, day_of_plan, new_job_id
from dispatch.jobs import JobState
from dispatch.plan import plan_id_of
from dispatch.settings import Settings

COMPANY = CompanyId("acme")
days = st.builds(
    DepotDay,
    st.just(COMPANY),
    st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True).map(DepotId),
    st.dates(),
)


@given(days)
def test_a_job_id_says_which_day_it_plans(day):
    assert day_of_job(COMPANY, new_job_id(day)) == day


@given(days, st.integers(1, 10**9 - 1))
def test_a_plan_id_says_its_day_and_version(day, version):
    assert day_of_plan(COMPANY, plan_id_of(day, version)) == (day, version)


@pytest.mark.parametrize(
    "job_id",
    [
        "",
        "shaji.2026-11-11.7",
        "shaji.2026-11-11.jXYZ",
        "shaji.2026-02-30.j00000000",
        "sha}ji.2026-11-11.j00000000",
        "shaji.2026-11-11.j00000000\n",
        "shaji.２０２６-11-11.j00000000",
        "-a.2026-11-11.j00000000",
    ],
)
def test_text_that_is_no_job_id_is_refused(job_id):
    with pytest.raises(IdMalformed) as refused:
        day_of_job(COMPANY, job_id)
    assert refused.value.expected == "DEPOT.YYYY-MM-DD.jXXXXXXXX"


@given(st.text(max_size=80))
def test_an_id_is_taken_exactly_if_it_can_be_printed_on_one_line(text):
    fits = 1 <= len(text) <= 64 and not any(
        ord(each) < 32 or 127 <= ord(each) < 160 or each in "\u2028\u2029" for each in text
    )
    try:
        assert checked_text_id("id", text) == text
        assert fits
    except IdMalformed:
        assert not fits


def test_secrets_differ_and_their_key_ids_do_not_show_them():
    first, second = new_secret(), new_secret()
    assert first != second
    assert len(first) >= 43 + len("cl_")
    assert key_id_of(digest_of(first)) not in first


@pytest.mark.parametrize(
    ("role", "sees"),
    [("dispatcher", True), ("courier", True), ("point", False), ("dashboard", False)],
)
def test_only_those_who_must_call_see_phones(role, sees):
    identity = Identity(key_id="k", company_id=COMPANY, role=Role(role), note="王小明")
    assert identity.sees_phones is sees
    assert identity.author == f"{role}:k"


def test_the_real_clock_is_aware():
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_fast_clock_shows_the_same_to_every_process():
    started = datetime.now(UTC) - timedelta(seconds=60)
    starts_at = datetime(2026, 11, 11, 8, tzinfo=UTC)
    first, second = (ScaledClock(starts_at, started, 60.0) for _ in range(2))
    shown = first.now() - starts_at
    assert timedelta(hours=1) <= shown < timedelta(hours=2)
    assert abs(second.now() - first.now()) < timedelta(minutes=5)


def test_settings_come_from_the_environment_and_build_the_clock(monkeypatch):
    monkeypatch.setenv("CUNLU_CLOCK_START", "2026-11-11T08:00:00+08:00")
    monkeypatch.setenv("CUNLU_CLOCK_SPEED", "60")
    monkeypatch.setenv("CUNLU_WAITAOF_REPLICAS", "1")
    settings = Settings()
    assert settings.waitaof_replicas == 1
    clock = settings.clock()
    assert isinstance(clock, ScaledClock)
    assert clock.speed == 60
    assert isinstance(Settings(clock_start=None).clock(), SystemClock)


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 70000},
        {"lease_s": 0},
        {"clock_speed": 0},
        {"waitaof_replicas": -1},
        {"clock_start": "2026-11-11T08:00:00"},
        {"nonsense": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Settings(**wrong)


def test_a_job_is_over_in_three_states():
    assert {state for state in JobState if state.is_over} == {"succeeded", "failed", "cancelled"}


def test_dates_without_a_year_of_four_digits_are_no_ids():
    day = DepotDay(COMPANY, DepotId("d"), date(1, 1, 1))
    assert day_of_plan(COMPANY, plan_id_of(day, 1))[0] == day
