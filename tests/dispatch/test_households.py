import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.households import masked_name, masked_phone


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812345678", "138******78"),
        ("051688881234", "051*******34"),
        ("88881234", "********"),
        ("888812345", "8*******5"),
        ("", ""),
    ],
)
def test_a_masked_phone_keeps_only_its_ends(phone, masked):
    assert masked_phone(phone) == masked


@given(st.text("0123456789", min_size=9, max_size=20))
def test_at_least_six_digits_of_a_phone_are_hidden(phone):
    assert masked_phone(phone).count("*") >= 6
    assert len(masked_phone(phone)) == len(phone)


@pytest.mark.parametrize(("name", "masked"), [("王小明", "王**"), ("王", "*"), ("", "")])
def test_a_masked_name_hides_at_least_one_character(name, masked):
    assert masked_name(name) == masked
