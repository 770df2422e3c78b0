"""A lane gives every caller its own answer, whatever becomes of the others."""

import asyncio
import secrets

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from dispatch import operations
from dispatch.clock import SystemClock
from dispatch.orders import Order, OrderId
from dispatch.store.lane import Lane


@pytest.fixture
async def client(server):
    client = Redis.from_url(server.url, protocol=2)
    yield client
    await client.aclose()


@pytest.fixture
def key():
    return secrets.token_hex(8)


async def test_commands_run_in_the_order_they_were_sent(client, key):
    lane = Lane(client, [])
    answers = await asyncio.gather(*(lane.send(("INCR", key)) for _ in range(1000)))
    assert answers == list(range(1, 1001))


async def test_an_error_reaches_only_the_caller_whose_command_it_is(client, key):
    lane = Lane(client, [])
    answers = await asyncio.gather(
        lane.send(("SET", key, "text")),
        lane.send(("INCR", key)),
        lane.send(("GET", key)),
        return_exceptions=True,
    )
    assert isinstance(answers[1], ResponseError)
    assert answers[2] == b"text"


async def test_scripts_that_the_server_forgot_are_sent_again(client, store, day):
    for number in range(3):
        await client.script_flush()
        (outcome,) = await operations.create_orders(
            store, day, [Order(order_id=OrderId(f"o{number}"))], by="t", at=SystemClock().now()
        )
        assert outcome.outcome == "created"


async def test_a_caller_who_leaves_disturbs_nobody(client, key):
    lane = Lane(client, [])
    leaving = asyncio.create_task(lane.send(("INCR", key)))
    staying = asyncio.create_task(lane.send(("INCR", key)))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 2
    await lane.close()


async def test_a_server_that_cannot_be_reached_is_an_error_for_all_and_the_lane_goes_on(
    client, key, tmp_path
):
    nowhere = Redis(unix_socket_path=str(tmp_path / "none.sock"), retry=None)
    lane = Lane(nowhere, [])
    for _ in range(2):
        answers = await asyncio.gather(
            *(lane.send(("INCR", key)) for _ in range(3)), return_exceptions=True
        )
        assert all(isinstance(each, RedisError) for each in answers)
    await nowhere.aclose()
