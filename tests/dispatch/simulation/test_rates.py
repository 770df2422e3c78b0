"""The file of rates: every figure with its source, and nothing else."""

import tomllib
from importlib import resources

import pytest

from dispatch.simulation.rates import RatesInvalid, read_rates

TEXT = resources.files("dispatch.simulation").joinpath("rates.toml").read_text("utf-8")


def test_our_own_file_says_where_every_rate_comes_from():
    rates = read_rates()
    assert rates.known_at_start_share == (0.2, 0.8)
    assert all(each["source"].strip() for each in tomllib.loads(TEXT).values())


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("[cancelled_share]", "[canceled_share]", "canceled_share is no rate"),
        ("[cancelled_share]", "[canceled_share]", "cancelled_share must have a value"),
        ("value = 0.03\n", "value = 3\n", "cancelled_share is a share"),
        ("value = [0.2, 0.8]", "value = 0.5", "known_at_start_share must be 2 figures"),
        ("value = 25200", "value = -1", "morning_s must be a number"),
        ("[rescue_s]", "[rescue_s", "it is no TOML"),
        (
            'source = "assumption: an hour before the first shift of the demo\'s fleet"',
            'source = " "',
            "morning_s does not say where it comes from",
        ),
    ],
)
def test_a_file_that_says_too_little_is_refused(tmp_path, before, after, told):
    assert before in TEXT
    file = tmp_path / "mine.toml"
    file.write_text(TEXT.replace(before, after, 1))
    with pytest.raises(RatesInvalid, match=r"mine\.toml") as refused:
        read_rates(file)
    assert told in str(refused.value)
