"""Signing, trying again, and addresses that may be called: by published vectors and tables."""

import ipaddress
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.events import Collected, SearchProgressed, encode
from dispatch.posting import AddressRefused, checked_url, is_public
from dispatch.webhooks import (
    BACK_OFF_S,
    DEAD_AFTER,
    KINDS,
    Message,
    days_to_tell,
    failed,
    message_of,
    new_signing_secret,
    signed,
)

AT = datetime(2026, 11, 11, 8, tzinfo=UTC)
DAY = DepotDay(CompanyId("acme"), DepotId("shaji"), date(2026, 11, 11))


def test_a_message_is_signed_as_the_specification_s_own_vector():
    message = Message(message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", body=b'{"test": 2432232314}')
    at = datetime.fromtimestamp(1614265330, UTC)
    assert signed(message, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", at=at) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_secrets_are_long_and_never_the_same():
    secrets = {new_signing_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(each.startswith("whsec_") and len(each) == 50 for each in secrets)


def test_a_message_tells_the_event_whole_and_where_it_stands_in_the_log():
    event = Collected(at=AT, by="courier:k", event_id="e1", courier_id="c1", order_ids=("o1", "o2"))
    message = message_of(DAY, "17-3", encode(event))
    assert message == message_of(DAY, "17-3", encode(event))
    assert message.message_id == "shaji.2026-11-11.17-3"
    assert json.loads(message.body) == {
        "type": "collected",
        "timestamp": "2026-11-11T08:00:00Z",
        "depot_id": "shaji",
        "day": "2026-11-11",
        "cursor": "17-3",
        "data": json.loads(encode(event)),
    }


def test_every_kind_is_told_but_the_progress_of_a_search():
    assert {"orders-created", "collected", "arrived", "plan-published", "courier-out"} <= KINDS
    assert SearchProgressed.__struct_config__.tag not in KINDS


def test_a_message_is_tried_after_longer_and_longer_pauses_for_a_day_and_then_put_aside():
    trying, at, pauses = None, AT, []
    while (after := failed(trying, "ConnectError", at=at)) is not None:
        pauses.append((after.next_at - at).total_seconds())
        assert after.tries == len(pauses)
        assert after.first_at == AT
        trying, at = after, after.next_at
    assert pauses[: len(BACK_OFF_S)] == list(BACK_OFF_S)
    assert set(pauses[len(BACK_OFF_S) :]) == {3600}
    assert AT + DEAD_AFTER <= at < AT + DEAD_AFTER + timedelta(hours=1)


def test_days_are_told_from_a_week_ago_to_a_month_ahead():
    days = list(days_to_tell(date(2026, 11, 11)))
    assert (days[0], days[-1], len(days)) == (date(2026, 11, 4), date(2026, 12, 12), 39)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("64:ff9b::5db8:d70e", True),
        ("::ffff:93.184.215.14", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
    ],
)
def test_only_addresses_of_the_internet_are_called(address, public):
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.org/hook",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://user:word@shop.example.org/",
        "ftp://shop.example.org/",
        "file:///etc/passwd",
        "shop.example.org",
        "https://",
        "https://shop.example.org:port/",
    ],
)
def test_an_address_that_may_not_be_called_is_refused_by_name(url):
    with pytest.raises(AddressRefused) as refused:
        checked_url(url, private=False)
    assert "CUNLU_WEBHOOK_PRIVATE" in str(refused.value)


def test_an_operator_may_allow_private_addresses_and_no_more_than_that():
    assert checked_url("http://127.0.0.1:8080/hook", private=True).port == 8080
    assert checked_url("https://shop.example.org/hook", private=False).host == "shop.example.org"
    for url in ("file:///etc/passwd", "http://user:word@10.0.0.1/"):
        with pytest.raises(AddressRefused):
            checked_url(url, private=True)
